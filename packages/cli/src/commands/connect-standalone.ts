import { SluiceError, MemoryMetrics } from '@sluice/sdk'
import { openLogger, readProperties, StandaloneWorker } from '@sluice/worker'
import { bundledPlugins } from '../bundled.ts'
import type { Command } from './command.ts'

export const connectStandalone: Command = {
  name: 'connect-standalone',
  summary: 'Runs connectors in this process, as Kafka Connect’s connect-standalone does',
  usage: 'connect-standalone worker.properties connector.properties…',
  details: 'Runs until every task has ended or it is interrupted; then tasks flush and store their positions.',
  async run(args, signal) {
    const [workerFile, ...connectorFiles] = args
    if (workerFile === undefined || connectorFiles.length === 0) {
      throw new SluiceError(
        'SETTINGS_INVALID',
        'connect-standalone needs a worker file and at least one connector file',
        {
          remedy: 'sluice connect-standalone worker.properties connector.properties…',
        },
      )
    }
    const worker = await readProperties(workerFile)
    const connectors = await Promise.all(connectorFiles.map(readProperties))
    const logger = openLogger()
    try {
      const running = await StandaloneWorker.start({
        worker,
        connectors,
        plugins: await bundledPlugins(worker, logger),
        logger,
        metrics: new MemoryMetrics(),
      })
      logger.info('Worker started; Ctrl-C stops it', { connectors: connectors.length })
      const interrupted = new Promise<void>((resolve) =>
        signal.aborted ? resolve() : signal.addEventListener('abort', () => resolve(), { once: true }),
      )
      try {
        await Promise.race([running.ended(), interrupted])
      } finally {
        await running.stop()
      }
      logger.info('Worker stopped')
      return 0
    } finally {
      await logger.close()
    }
  },
}
