/** The distributed worker of the quickstart and of its tour: with everything that is bundled, on the embedded broker. */
import type { Logger, MemoryMetrics, RawSettings } from '@sluice/sdk'
import { DistributedWorker, type LogLevels } from '@sluice/worker'
import { bundledModules, bundledProcessors, foundPlugins } from '../bundled.ts'
import { COMMIT, CONNECT_VERSION } from '../version.ts'

export interface WorkerParts {
  /** Of the worker's file, without the broker. */
  readonly settings: RawSettings
  readonly broker: string
  readonly logger: Logger
  /** Levels of that logger, which the worker lets be changed. */
  readonly logLevels: LogLevels
  readonly metrics: MemoryMetrics
  /** Told when it cannot go on. */
  readonly onFatal: (error: unknown) => void
}

/** @throws SluiceError as DistributedWorker.start */
export async function startWorker({ settings, broker, ...parts }: WorkerParts): Promise<DistributedWorker> {
  const all: RawSettings = { ...settings, 'bootstrap.servers': broker }
  return DistributedWorker.start({
    settings: all,
    plugins: await foundPlugins(all, parts.logger),
    modules: bundledModules(all),
    processors: bundledProcessors(all),
    version: CONNECT_VERSION,
    commit: COMMIT,
    ...parts,
  })
}
