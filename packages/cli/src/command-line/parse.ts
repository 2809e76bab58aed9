/** Arguments as a shell gives them, read by a command's declaration. */
import { nearestName, SluiceError } from '@sluice/sdk'
import { type AnyLeaf, type CommandNode, isGroup, type OptionDeclaration } from './declaration.ts'
import { type ConfigFile, contextNamed } from './contexts.ts'
import { durationMs } from './duration.ts'

type Env = Readonly<Record<string, string | undefined>>

export interface Found {
  /** Names from the command down to what was found. */
  readonly path: readonly string[]
  readonly node: CommandNode
  readonly rest: readonly string[]
}

/** Goes down as far as the first words name commands. */
export function find(root: CommandNode, args: readonly string[]): Found {
  let node = root
  const path = [root.name]
  let i = 0
  for (; isGroup(node) && i < args.length; i++) {
    const next: CommandNode | undefined = node.commands.find(({ name }) => name === args[i])
    if (next === undefined) break
    node = next
    path.push(next.name)
  }
  return { path, node, rest: args.slice(i) }
}

export interface Parsed {
  readonly values: Readonly<Record<string, unknown>>
  readonly operands: readonly string[]
}

/** Whether help is asked for: before `--`, and not as the value of an option. */
export function wantsHelp(args: readonly string[]): boolean {
  const end = args.indexOf('--')
  const heard = end === -1 ? args : args.slice(0, end)
  return heard.includes('--help') || heard.includes('-h')
}

/** @throws SluiceError USAGE_INVALID */
export function parse(
  path: readonly string[],
  { options, operands: wanted = [] }: AnyLeaf,
  args: readonly string[],
  env: Env,
  config?: ConfigFile,
): Parsed {
  const texts = new Map<string, string[]>()
  const operands: string[] = []
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!
    if (arg === '--') {
      operands.push(...args.slice(i + 1))
      break
    }
    if (!arg.startsWith('-') || arg === '-') {
      operands.push(arg)
      continue
    }
    const [name, attached] = split(arg, options, path)
    const option = options[name]!
    let value = attached
    if (option.type === 'flag') {
      if (value !== undefined) throw usage(path, `--${name} takes no value`)
      value = ''
    } else if (value === undefined && option.isValueOptional) value = ''
    else if (value === undefined) {
      value = args[++i]
      if (value === undefined) throw usage(path, `--${name} needs a value (${option.value ?? 'VALUE'})`)
    }
    if (texts.has(name) && option.isRepeated !== true && option.type !== 'flag')
      throw usage(path, `--${name} was given twice`)
    texts.set(name, [...(texts.get(name) ?? []), value])
  }
  checkOperands(path, wanted, operands)
  const values: Record<string, unknown> = {}
  const elsewhere = Object.hasOwn(options, 'context')
    ? elsewhereOf(texts.get('context')?.[0], env, config)
    : (option: OptionDeclaration) => fromEnv(option, env)
  for (const [name, option] of Object.entries(options))
    values[name] = valueOf(path, name, option, texts.get(name), elsewhere(option, name))
  return { values, operands }
}

function fromEnv({ env: name }: OptionDeclaration, env: Env): string | undefined {
  return name === undefined ? undefined : env[name] || undefined
}

/**
 * What options are that are not given: a context that is asked for on the command line goes before the environment, the current one behind it.
 * @throws SluiceError USAGE_INVALID for a context that is not there
 */
function elsewhereOf(
  asked: string | undefined,
  env: Env,
  config: ConfigFile | undefined,
): (option: OptionDeclaration, name: string) => string | undefined {
  const context: Readonly<Record<string, string>> = contextNamed(config, asked ?? (env['SLUICE_CONTEXT'] || undefined))
  return (option, name) => {
    const there = option.isInContext ? context[name] : undefined
    const around = fromEnv(option, env)
    return asked === undefined ? (around ?? there) : (there ?? around)
  }
}

function split(
  arg: string,
  options: Readonly<Record<string, OptionDeclaration>>,
  path: readonly string[],
): [name: string, attached: string | undefined] {
  if (arg.startsWith('--')) {
    const at = arg.indexOf('=')
    const name = arg.slice(2, at === -1 ? undefined : at)
    if (Object.hasOwn(options, name)) return [name, at === -1 ? undefined : arg.slice(at + 1)]
    const near = nearestName(name, Object.keys(options))
    throw usage(path, `There is no option --${name}${near === undefined ? '' : `; did you mean --${near}?`}`)
  }
  const found = Object.entries(options).find(([, { short }]) => short === arg[1])
  if (found === undefined) throw usage(path, `There is no option -${arg.slice(1, 2)}`)
  const attached = arg.slice(2).replace(/^=/, '')
  return [found[0], attached === '' ? undefined : attached]
}

function valueOf(
  path: readonly string[],
  name: string,
  option: OptionDeclaration,
  given: readonly string[] | undefined,
  elsewhere: string | undefined,
): unknown {
  if (option.type === 'flag') return given !== undefined
  for (const text of given ?? []) {
    const isNone = text === '' && option.isValueOptional === true
    const isOther = option.otherwise !== undefined && text.startsWith(option.otherwise)
    if (option.choices !== undefined && !isNone && !isOther && !option.choices.includes(text))
      throw usage(path, `--${name} is '${text}', which is none of ${option.choices.join(', ')}`)
  }
  if (option.isRepeated) return given ?? []
  const text = given?.[0] ?? elsewhere ?? option.default
  if (text === undefined || option.type === 'text') return text
  const value = option.type === 'duration' ? durationMs(text) : Number(text)
  if (value === undefined || !Number.isSafeInteger(value) || value < 0 || text.trim() === '')
    throw usage(
      path,
      `--${name} is '${text}', which is no ${option.type === 'duration' ? 'time as 500ms, 30s or 2m' : 'whole number'}`,
    )
  if (option.max !== undefined && value > option.max)
    throw usage(path, `--${name} is '${text}', which is more than ${option.max}`)
  return value
}

function checkOperands(path: readonly string[], wanted: AnyLeaf['operands'] & object, given: readonly string[]): void {
  const missing = wanted.find(({ isOptional }, i) => isOptional !== true && given[i] === undefined)
  if (missing !== undefined) throw usage(path, `${missing.name} is missing: ${missing.documentation}`)
  if (given.length > wanted.length && wanted.at(-1)?.isRepeated !== true)
    throw usage(path, `'${given[wanted.length]}' is one argument too many`)
  wanted.forEach(({ name, choices }, i) => {
    if (choices !== undefined && given[i] !== undefined && !choices.includes(given[i]))
      throw usage(path, `${name} is '${given[i]}', which is none of ${choices.join(', ')}`)
  })
}

export function usage(path: readonly string[], what: string): SluiceError {
  return new SluiceError('USAGE_INVALID', what, { remedy: `sluice ${path.join(' ')} --help says how it is called.` })
}
