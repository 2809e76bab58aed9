import { MemoryMetrics, SluiceError } from '@sluice/sdk'
import { COMMIT, CONNECT_VERSION } from '../version.ts'
import type { Command } from './command.ts'
import { interrupted, unlessInterrupted } from './interrupted.ts'

export const connectStandalone: Command = {
  name: 'connect-standalone',
  summary: 'Runs connectors in this process, as Kafka Connect’s connect-standalone does',
  usage: 'connect-standalone worker.properties [connector.properties…]',
  details:
    'Takes Kafka Connect’s own files: properties, or JSON as REST takes it. More connectors can be made over REST (listeners, by default\nport 8083). Runs until it is interrupted; then tasks flush and store their positions.',
  isServer: true,
  async run(args, signal) {
    const [workerFile, ...connectorFiles] = args
    if (workerFile === undefined) {
      throw new SluiceError('SETTINGS_INVALID', 'connect-standalone needs a worker file', {
        remedy: 'sluice connect-standalone worker.properties [connector.properties…]',
      })
    }
    const { LogLevels, openLogger, readProperties, StandaloneWorker } = await import('@sluice/worker')
    const { bundledModules, foundPlugins } = await import('../bundled.ts')
    const settings = await readProperties(workerFile)
    const logLevels = new LogLevels()
    const logger = openLogger({ levels: logLevels })
    try {
      const starting = StandaloneWorker.start({
        settings,
        connectorFiles,
        plugins: await foundPlugins(settings, logger),
        modules: bundledModules(settings),
        logger,
        logLevels,
        metrics: new MemoryMetrics(),
        version: CONNECT_VERSION,
        commit: COMMIT,
      })
      const worker = await unlessInterrupted(starting, signal)
      logger.info(`The worker serves at ${worker.url}; Ctrl-C stops it`, { connectors: connectorFiles.length })
      try {
        await interrupted(signal)
      } finally {
        await worker.stop()
      }
      logger.info('Worker stopped')
      return 0
    } finally {
      await logger.close()
    }
  },
}
