import { leaf } from '../command-line/declaration.ts'
import { declared } from '../command-line/declared-command.ts'
import { serveWorker, WORKER_EXIT, workerExitStatus } from './connect-worker.ts'

export const connectDistributedNode = leaf({
  name: 'connect-distributed',
  summary: 'Runs a worker of a Connect cluster, as Kafka Connect’s connect-distributed does',
  operands: [{ name: 'WORKER_FILE', completes: 'file', documentation: 'Kafka Connect’s own properties of a worker' }],
  options: {},
  details:
    'Connectors are made over REST (listeners, by default port 8083). Runs until it is interrupted; then its tasks stop in order and the\n' +
    'others of the cluster take over. Ends as Kafka Connect’s does: 0 when it was stopped, 1 when it was called wrong or cannot go on, 2 when\n' +
    'it could not start.',
  examples: ['connect-distributed worker.properties'],
  isServer: true,
  exitStatus: workerExitStatus,
  async run({ operands: [file], ...given }) {
    const { DistributedWorker } = await import('@sluice/worker')
    return serveWorker(file!, given, {
      start: (options) => DistributedWorker.start(options),
      exitStatus: () => WORKER_EXIT.notStarted,
    })
  },
})

export const connectDistributed = declared(connectDistributedNode)
