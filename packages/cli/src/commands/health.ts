import { SluiceError } from '@sluice/sdk'
import type { ConnectClient, ExpandedConnectors } from '@sluice/worker/client'
import { leaf } from '../command-line/declaration.ts'
import { declared } from '../command-line/declared-command.ts'
import { EXIT } from '../command-line/exit-status.ts'
import { connectOptions, openClient } from '../connect/connect-options.ts'
import { type Column, outputOptions, print } from '../connect/output.ts'

interface Row {
  readonly what: string
  readonly value: string
}

const columns: readonly Column<Row>[] = [
  { heading: 'WHAT', of: ({ what }) => what },
  { heading: 'VALUE', of: ({ value }) => value },
]

export const healthNode = leaf({
  name: 'health',
  summary: 'Whether a worker serves, which it is, and how its cluster’s connectors are',
  options: { ...outputOptions, ...connectOptions },
  details:
    'Exit status 0 when it serves (whatever its connectors do), 1 when it says that it does not, 3 when it does not answer.',
  async run({ values, signal, terminal }) {
    const client = await openClient(values, terminal)
    const health = await healthOf(client, signal)
    const isHealthy = health.status === 'healthy' || health.status === 'serving'
    const document = { server: client.server, ...health, ...(isHealthy && (await clusterOf(client, signal))) }
    const rows = Object.entries(document).map(([what, value]) => ({
      what,
      value: typeof value === 'string' ? value : counted(value),
    }))
    await print({ rows, columns, name: ({ what }) => what, document }, values, terminal)
    return isHealthy ? EXIT.ok : EXIT.failed
  },
})

async function healthOf(
  client: ConnectClient,
  signal: AbortSignal,
): Promise<{ readonly status: string; readonly message: string }> {
  try {
    const health = await client.call('health', {}, signal)
    if (typeof health.status === 'string') return health
    throw new SluiceError('WORKER_REFUSED', `The worker answers 500: ${health.message}`, {
      remedy: 'Look into the log of the worker.',
    })
  } catch (error) {
    // Workers before Kafka 3.9 have no such endpoint; that they answer is all there is to know.
    if (!(error instanceof SluiceError) || error.code !== 'CONNECT_UNKNOWN') throw error
    await client.call('serverInfo', {}, signal)
    return { status: 'serving', message: 'It answers; it is too old to say more.' }
  }
}

async function clusterOf(client: ConnectClient, signal: AbortSignal) {
  const { version, kafka_cluster_id: kafkaCluster } = await client.call('serverInfo', {}, signal)
  const found = await client.expanded(['status'], signal)
  return { version, kafkaCluster, connectors: states(found, false), tasks: states(found, true) }
}

/** How many are in which state. */
function states(found: ExpandedConnectors, ofTasks: boolean): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const { status } of Object.values(found)) {
    const works = status === undefined ? [] : ofTasks ? status.tasks : [status.connector]
    for (const { state } of works) counts[state] = (counts[state] ?? 0) + 1
  }
  return counts
}

function counted(counts: Readonly<Record<string, number>>): string {
  const parts = Object.entries(counts).map(([state, count]) => `${count} ${state}`)
  return parts.length === 0 ? 'none' : parts.join(', ')
}

export const health = declared(healthNode)
