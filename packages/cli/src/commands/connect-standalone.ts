import { leaf } from '../command-line/declaration.ts'
import { declared } from '../command-line/declared-command.ts'
import { serveWorker, WORKER_EXIT, workerExitStatus } from './connect-worker.ts'

export const connectStandaloneNode = leaf({
  name: 'connect-standalone',
  summary: 'Runs connectors in this process, as Kafka Connect’s connect-standalone does',
  operands: [
    { name: 'WORKER_FILE', completes: 'file', documentation: 'Kafka Connect’s own properties of a worker' },
    {
      name: 'CONNECTOR_FILE',
      isOptional: true,
      isRepeated: true,
      completes: 'file',
      documentation: 'Connectors that it makes when it starts: properties, or JSON as REST takes it',
    },
  ],
  options: {},
  details:
    'More connectors can be made over REST (listeners, by default port 8083). Runs until it is interrupted; then tasks flush and store their\n' +
    'positions. Ends as Kafka Connect’s does: 0 when it was stopped, 1 when it was called wrong, 2 when the worker could not start, 3 when one\n' +
    'of the connectors was refused.',
  examples: ['connect-standalone worker.properties orders-source.properties archive.json'],
  isServer: true,
  exitStatus: workerExitStatus,
  async run({ operands: [file, ...connectorFiles], ...given }) {
    const { ConnectorsRefused, StandaloneWorker } = await import('@sluice/worker')
    return serveWorker(file!, given, {
      start: (options) => StandaloneWorker.start({ ...options, connectorFiles }),
      exitStatus: (error) =>
        error instanceof ConnectorsRefused ? WORKER_EXIT.connectorsRefused : WORKER_EXIT.notStarted,
    })
  },
})

export const connectStandalone = declared(connectStandaloneNode)
