/** The configuration file: several clusters by name, so that their addresses and logins need not be given each time. */
import fs from 'node:fs/promises'
import path from 'node:path'
import { nearestName, SluiceError } from '@sluice/sdk'

/** What a context may say: options of commands by their names. Files are sought from the folder of the configuration file. */
export const CONTEXT_SETTINGS = {
  server: 'text',
  user: 'text',
  password: 'text',
  cacert: 'file',
  bootstrap: 'text',
  'command-config': 'file',
  'schema-registry': 'text',
  'converter-config': 'file',
} as const

export type ContextSetting = keyof typeof CONTEXT_SETTINGS
export type Context = Readonly<Partial<Record<ContextSetting, string>>>

export interface ConfigFile {
  readonly file: string
  /** The name of the context that is used when none is asked for. */
  readonly current: string | undefined
  readonly contexts: ReadonlyMap<string, Context>
  /** Whether somebody else on this machine may read a password in it. */
  readonly isExposed: boolean
}

type Env = Readonly<Record<string, string | undefined>>

/** `SLUICE_CONFIG`, or `sluice/config.yaml` where the user's configuration is; undefined where nobody says where that is. */
export function configPath(env: Env): string | undefined {
  if (env['SLUICE_CONFIG']) return env['SLUICE_CONFIG']
  const folder = env['XDG_CONFIG_HOME'] || (env['HOME'] && path.join(env['HOME'], '.config'))
  return folder ? path.join(folder, 'sluice', 'config.yaml') : undefined
}

/** One that is not there holds nothing. @throws SluiceError USAGE_INVALID for one that cannot be read or understood */
export async function readConfigFile(env: Env): Promise<ConfigFile | undefined> {
  const file = configPath(env)
  if (file === undefined) return undefined
  let text: string
  let mode: number
  try {
    text = await fs.readFile(file, 'utf8')
    mode = (await fs.stat(file)).mode
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw wrong(file, 'cannot be read', cause)
    return { file, current: undefined, contexts: new Map(), isExposed: false }
  }
  const { current, contexts } = await parsed(text, file)
  const hasPassword = [...contexts.values()].some(({ password }) => password !== undefined)
  return { file, current, contexts, isExposed: hasPassword && (mode & 0o077) !== 0 }
}

/**
 * The context of this name. Without a name the current one, which may be none.
 * @throws SluiceError USAGE_INVALID when there is none of this name
 */
export function contextNamed(config: ConfigFile | undefined, name: string | undefined): Context {
  const wanted = name ?? config?.current
  if (wanted === undefined) return {}
  const found = config?.contexts.get(wanted)
  if (found !== undefined) return found
  const names = [...(config?.contexts.keys() ?? [])]
  const near = nearestName(wanted, names)
  throw new SluiceError(
    'USAGE_INVALID',
    `There is no context ${wanted} in ${config?.file ?? 'a configuration file'}${near === undefined ? '' : `; did you mean ${near}?`}`,
    { remedy: 'sluice config get-contexts lists them, and sluice config set-context NAME makes one.' },
  )
}

async function parsed(text: string, file: string): Promise<Pick<ConfigFile, 'current' | 'contexts'>> {
  const { parse } = await import('yaml')
  let document: unknown
  try {
    document = parse(text)
  } catch (cause) {
    throw wrong(file, 'is no YAML', cause)
  }
  const { current, contexts = {}, ...others } = objectOf(document ?? {}, file, 'the file')
  const [unknown] = Object.keys(others)
  if (unknown !== undefined) throw wrong(file, `has '${unknown}', beside current and contexts`)
  if (current !== undefined && typeof current !== 'string') throw wrong(file, 'has a current that is no name')
  const found = Object.entries(objectOf(contexts ?? {}, file, 'contexts')).map(
    ([name, settings]) => [name, contextOf(objectOf(settings ?? {}, file, `context ${name}`), file, name)] as const,
  )
  return { current, contexts: new Map(found) }
}

function contextOf(settings: Readonly<Record<string, unknown>>, file: string, context: string): Context {
  const found: Partial<Record<ContextSetting, string>> = {}
  for (const [name, value] of Object.entries(settings)) {
    if (!Object.hasOwn(CONTEXT_SETTINGS, name)) {
      const near = nearestName(name, Object.keys(CONTEXT_SETTINGS))
      throw wrong(file, `has '${name}' in context ${context}${near === undefined ? '' : `; did you mean ${near}?`}`)
    }
    if (typeof value !== 'string' && typeof value !== 'number')
      throw wrong(file, `has a ${name} in context ${context} that is no text`)
    const setting = name as ContextSetting
    const text = String(value)
    found[setting] = CONTEXT_SETTINGS[setting] === 'file' ? path.resolve(path.dirname(file), text) : text
  }
  return found
}

function objectOf(value: unknown, file: string, what: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  throw wrong(file, `is not as it must be: ${what} is no object`)
}

function wrong(file: string, how: string, cause?: unknown): SluiceError {
  return new SluiceError('USAGE_INVALID', `The configuration file ${file} ${how}`, {
    ...(cause !== undefined && { cause }),
    remedy: `A context may have ${Object.keys(CONTEXT_SETTINGS).join(', ')}; sluice config set-context writes one.`,
  })
}
