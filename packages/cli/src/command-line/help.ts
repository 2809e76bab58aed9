/** Help of a declared command, as text for a terminal. */
import { type AnyLeaf, type CommandNode, isGroup, type Operand, type OptionDeclaration } from './declaration.ts'

const WIDTH_MAX = 120

/** `get connector NAME [options]` */
export function usageOf(path: readonly string[], node: CommandNode): string {
  if (isGroup(node)) return [...path, node.commands.map(({ name }) => name).join('|'), '…'].join(' ')
  return [
    ...path,
    ...(node.operands ?? []).map(operandText),
    ...(Object.keys(node.options).length > 0 ? ['[options]'] : []),
  ].join(' ')
}

export function helpOf(path: readonly string[], node: CommandNode): string {
  if (isGroup(node)) {
    const rows = node.commands.map((child): [string, string] => [usageOf([...path, child.name], child), child.summary])
    return `${node.summary}\n\n${twoColumns(rows)}\n  sluice ${path.join(' ')} ${node.commands[0]!.name} --help says more.\n`
  }
  return leafHelp(path, node)
}

function leafHelp(path: readonly string[], leaf: AnyLeaf): string {
  const operands = (leaf.operands ?? []).map((operand): [string, string] => [
    operandText(operand),
    operand.documentation,
  ])
  const options = Object.entries(leaf.options).map(([name, option]): [string, string] => [
    optionText(name, option),
    optionDocumentation(option),
  ])
  const parts = [`${leaf.summary}\n`, `  sluice ${usageOf(path, leaf)}\n`]
  if (operands.length > 0) parts.push(twoColumns(operands))
  if (options.length > 0) parts.push(twoColumns(options))
  if (leaf.details !== undefined) parts.push(`${leaf.details}\n`)
  if (leaf.examples !== undefined)
    parts.push(`Examples:\n${leaf.examples.map((line) => `  sluice ${line}\n`).join('')}`)
  return parts.join('\n')
}

export function operandText({ name, isOptional, isRepeated }: Operand): string {
  const text = `${name}${isRepeated ? '…' : ''}`
  return isOptional ? `[${text}]` : text
}

export function optionText(name: string, { type, short, value, isValueOptional }: OptionDeclaration): string {
  const long =
    type === 'flag'
      ? `--${name}`
      : isValueOptional
        ? `--${name}[=${value ?? 'VALUE'}]`
        : `--${name} ${value ?? 'VALUE'}`
  return short === undefined ? long : `-${short}, ${long}`
}

/** With its choices, where else it comes from, and its default. */
export function optionDocumentation({
  documentation,
  choices,
  otherwise,
  env,
  isInContext,
  default: byDefault,
}: OptionDeclaration): string {
  const facts = [
    ...(choices === undefined ? [] : [[...choices, ...(otherwise === undefined ? [] : [`${otherwise}…`])].join(', ')]),
    ...(env === undefined && !isInContext
      ? []
      : [`else ${[env, isInContext && 'the context'].filter(Boolean).join(' or ')}`]),
    ...(byDefault === undefined ? [] : [`default ${byDefault}`]),
  ]
  return facts.length === 0 ? documentation : `${documentation} (${facts.join('; ')})`
}

export function twoColumns(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([left]) => left.length))
  return rows
    .map(([left, right]) => `  ${left.padEnd(width)}  ${wrapped(right, WIDTH_MAX - width - 4, width + 4)}\n`)
    .join('')
}

function wrapped(text: string, width: number, indent: number): string {
  const lines = ['']
  for (const word of text.split(' ')) {
    const line = lines.at(-1)!
    if (line === '') lines[lines.length - 1] = word
    else if (line.length + 1 + word.length <= Math.max(width, 30)) lines[lines.length - 1] = `${line} ${word}`
    else lines.push(word)
  }
  return lines.join(`\n${' '.repeat(indent)}`)
}
