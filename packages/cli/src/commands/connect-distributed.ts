import { MemoryMetrics, SluiceError } from '@sluice/sdk'
import { COMMIT, CONNECT_VERSION } from '../version.ts'
import type { Command } from './command.ts'
import { interrupted, unlessInterrupted } from './interrupted.ts'

export const connectDistributed: Command = {
  name: 'connect-distributed',
  summary: 'Runs a worker of a Connect cluster, as Kafka Connect’s connect-distributed does',
  usage: 'connect-distributed worker.properties',
  details:
    'Takes Kafka Connect’s own properties file. Connectors are made over REST (listeners, by default port 8083).\nRuns until it is interrupted; then its tasks stop in order and the others of the cluster take over.',
  isServer: true,
  async run(args, signal) {
    const [file, ...more] = args
    if (file === undefined || more.length > 0) {
      throw new SluiceError('SETTINGS_INVALID', 'connect-distributed needs one worker file', {
        remedy: 'sluice connect-distributed worker.properties',
      })
    }
    const { DistributedWorker, LogLevels, openLogger, readProperties } = await import('@sluice/worker')
    const { bundledModules, foundPlugins } = await import('../bundled.ts')
    const settings = await readProperties(file)
    const logLevels = new LogLevels()
    const logger = openLogger({ levels: logLevels })
    const { promise: failed, reject } = Promise.withResolvers<never>()
    failed.catch(() => undefined)
    try {
      const starting = DistributedWorker.start({
        settings,
        plugins: await foundPlugins(settings, logger),
        modules: bundledModules(settings),
        logger,
        logLevels,
        metrics: new MemoryMetrics(),
        version: CONNECT_VERSION,
        commit: COMMIT,
        onFatal: reject,
      })
      const worker = await unlessInterrupted(starting, signal)
      logger.info(`The worker serves at ${worker.url}; Ctrl-C stops it`)
      try {
        await Promise.race([failed, interrupted(signal)])
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
