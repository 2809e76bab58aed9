/** docs/reference/cli.md: every command from its declaration, as its --help is. */
import {
  commandSections,
  type CommandNode,
  EXIT,
  EXIT_MEANINGS,
  operandText,
  type OptionDeclaration,
  optionDocumentation,
  optionText,
  usageOf,
} from '@sluice/cli'

type Leaf = Exclude<CommandNode, { readonly commands: unknown }>
type Option = readonly [name: string, option: OptionDeclaration]

export function cliPage(): string {
  const sections = commandSections.map(({ title, commands }) => {
    const rows = commands.map(({ name, summary }) => `| [\`${name}\`](#${name}) | ${cell(summary)} |`)
    return `## ${title}\n\n| command | what it does |\n|---|---|\n${rows.join('\n')}`
  })
  return `# Command line

\`sluice <command>\`; each says how it is called with \`--help\`. How to use it, with what it prints: [Use the command line](../how-to/use-the-cli.md).

${sections.join('\n\n')}

## Exit statuses

Of all commands but [connect-standalone](#connect-standalone) and [connect-distributed](#connect-distributed), which end as Kafka Connect’s do.

| status | name | meaning |
|---|---|---|
${exitRows()}

## Options of commands that ask a worker

They speak Kafka Connect’s REST API, so any worker of a cluster will do, of this house or of Apache Kafka.

${optionsTable(optionsInAll('get', 'connectors').filter(([name]) => SHARED_CONNECT.has(name)))}

## Options of commands that ask Kafka

${optionsTable(optionsInAll('topics', 'list').filter(([name]) => SHARED_KAFKA.has(name)))}

${commandSections.flatMap(({ commands }) => commands.map(({ name, node }) => nodeText([name], node, 2))).join('\n\n')}
`
}

const SHARED_CONNECT: ReadonlySet<string> = new Set([
  'context',
  'server',
  'user',
  'password',
  'cacert',
  'timeout',
  'quiet',
])
const SHARED_KAFKA: ReadonlySet<string> = new Set(['context', 'bootstrap', 'command-config', 'timeout', 'quiet'])

function exitRows(): string {
  const names = Object.keys(EXIT) as (keyof typeof EXIT)[]
  return names.map((name) => `| ${EXIT[name]} | ${name} | ${cell(EXIT_MEANINGS[name])} |`).join('\n')
}

/** Those of one command stand for those that all of its kind have. */
function optionsInAll(command: string, child: string): readonly Option[] {
  const node = commandSections.flatMap(({ commands }) => commands).find(({ name }) => name === command)!.node
  const leaf = 'commands' in node ? node.commands.find(({ name }) => name === child)! : node
  return Object.entries((leaf as Leaf).options)
}

function nodeText(path: readonly string[], node: CommandNode, level: number): string {
  const heading = `${'#'.repeat(level)} ${path.join(' ')}\n\n${node.summary}.`
  if ('commands' in node)
    return [
      heading,
      ...node.commands.map((child) => nodeText([...path, child.name], child, Math.min(level + 1, 4))),
    ].join('\n\n')
  return [heading, ...leafParts(path, node)].join('\n\n')
}

function leafParts(path: readonly string[], leaf: Leaf): readonly string[] {
  const examples = (leaf.examples ?? []).map((line) => `sluice ${line}\n`)
  const isKafka = 'bootstrap' in leaf.options && 'context' in leaf.options
  const shared = isKafka
    ? SHARED_KAFKA
    : 'server' in leaf.options && 'context' in leaf.options
      ? SHARED_CONNECT
      : new Set<string>()
  const own = Object.entries(leaf.options).filter(([name]) => !shared.has(name))
  const beside = isKafka
    ? 'And the [options of commands that ask Kafka](#options-of-commands-that-ask-kafka).'
    : 'And the [options of commands that ask a worker](#options-of-commands-that-ask-a-worker).'
  return [
    `\`\`\`sh\nsluice ${usageOf(path, leaf)}\n\`\`\``,
    ...(leaf.details === undefined ? [] : [leaf.details]),
    ...(leaf.operands === undefined
      ? []
      : [leaf.operands.map((operand) => `- \`${operandText(operand)}\`: ${operand.documentation}`).join('\n')]),
    ...(own.length === 0 ? [] : [optionsTable(own)]),
    ...(shared.size === 0 ? [] : [beside]),
    ...(examples.length === 0 ? [] : [`\`\`\`sh\n${examples.join('')}\`\`\``]),
  ]
}

function optionsTable(options: readonly Option[]): string {
  const rows = options.map(
    ([name, option]) => `| \`${optionText(name, option)}\` | ${cell(optionDocumentation(option))} |`,
  )
  return `| option | |\n|---|---|\n${rows.join('\n')}`
}

function cell(text: string): string {
  return text.replaceAll('|', String.raw`\|`)
}
