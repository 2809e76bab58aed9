import type { ConnectClient } from '@sluice/worker/client'
import { type Group, leaf } from '../command-line/declaration.ts'
import { declared } from '../command-line/declared-command.ts'
import { connectOptions, openClient } from '../connect/connect-options.ts'
import { orNull } from '../connect/or-null.ts'
import { documentText, plain } from '../connect/output.ts'
import { secretsOptions, withoutSecrets } from '../connect/secrets.ts'

const connector = leaf({
  name: 'connector',
  summary: 'Everything about a connector: state, traces of failures, settings, topics, positions',
  operands: [{ name: 'NAME', completes: 'connector', documentation: 'A connector' }],
  options: {
    output: {
      type: 'text',
      short: 'o',
      value: 'FORMAT',
      choices: ['text', 'json', 'yaml'],
      default: 'text',
      documentation: 'How it is shown',
    },
    ...secretsOptions,
    ...connectOptions,
  },
  examples: ['describe connector orders'],
  async run({ values, operands: [name], signal, terminal }) {
    const client = await openClient(values, terminal)
    const known = await everythingOf(client, name!, { showSecrets: values['show-secrets'], signal })
    const { output } = values
    terminal.out(output === 'json' || output === 'yaml' ? await documentText(known, output) : textOf(known))
    return 0
  },
})

type Known = Awaited<ReturnType<typeof everythingOf>>

async function everythingOf(
  client: ConnectClient,
  connector: string,
  { showSecrets, signal }: { readonly showSecrets: boolean; readonly signal: AbortSignal },
) {
  const path = { connector }
  const info = await client.call('connectorInfo', { path }, signal)
  // Older workers, and some states, do not know one or the other.
  const [status, topics, offsets] = await Promise.all([
    orNull(client.call('connectorStatus', { path }, signal)),
    orNull(client.call('activeTopics', { path }, signal)),
    orNull(client.call('connectorOffsets', { path }, signal)),
  ])
  return {
    name: info.name,
    type: info.type,
    status,
    config: await withoutSecrets(client, info.config, { showSecrets, signal }),
    topics: topics?.[info.name]?.topics ?? null,
    offsets: offsets?.offsets ?? null,
  }
}

function textOf({ name, type, status, config, topics, offsets }: Known): string {
  const lines = [`Name:      ${plain(name)}`, `Type:      ${type}`]
  if (status === null) lines.push('State:     not known yet')
  else {
    const { connector, tasks } = status
    lines.push(`State:     ${connector.state}`, `Worker:    ${connector.worker_id}`)
    if (connector.version !== undefined && connector.version !== null)
      lines.push(`Version:   ${plain(connector.version)}`)
    lines.push(...traceLines(connector.trace, '  '))
    lines.push(tasks.length === 0 ? 'Tasks:     none' : 'Tasks:')
    for (const { id, state, worker_id: worker, trace } of tasks)
      lines.push(`  ${id}  ${state}  ${worker}`, ...traceLines(trace, '     '))
  }
  lines.push('Settings:')
  for (const [setting, value] of Object.entries(config).toSorted(([a], [b]) => (a < b ? -1 : 1)))
    lines.push(`  ${plain(setting)} = ${plain(value)}`)
  if (topics !== null)
    lines.push(`Topics:    ${topics.length === 0 ? 'none' : topics.toSorted().map(plain).join(', ')}`)
  if (offsets !== null) {
    lines.push(offsets.length === 0 ? 'Offsets:   none' : 'Offsets:')
    for (const { partition, offset } of offsets)
      lines.push(`  ${plain(JSON.stringify(partition))}  ${plain(JSON.stringify(offset))}`)
  }
  return `${lines.join('\n')}\n`
}

function traceLines(trace: string | undefined, indent: string): readonly string[] {
  return (trace ?? '')
    .split('\n')
    .map(
      (line) =>
        `${indent}${line
          .replaceAll('\t', '  ')
          .split(/\p{Cc}/u)
          .join('')}`,
    )
    .filter((line) => line.trim() !== '')
}

export const describeNode: Group = {
  name: 'describe',
  summary: 'Tells everything about a connector',
  commands: [connector],
}

export const describe = declared(describeNode)
