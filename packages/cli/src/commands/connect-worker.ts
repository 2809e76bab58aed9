/** What `connect-standalone` and `connect-distributed` have in common: a worker from a file, which serves until it is interrupted. */
import { setFlagsFromString } from 'node:v8'
import { describeError, MemoryMetrics, type RawSettings } from '@sluice/sdk'
import type { WorkerOptions } from '@sluice/worker'
import type { Terminal } from '../command-line/declaration.ts'
import { COMMIT, CONNECT_VERSION } from '../version.ts'
import { interrupted, unlessInterrupted } from './interrupted.ts'

/** As Kafka Connect's scripts end. */
export const WORKER_EXIT = { stopped: 0, failed: 1, notStarted: 2, connectorsRefused: 3 } as const

/**
 * What V8 keeps of new objects stays as large as it is at first, 16 MiB for each half. Left alone it grows with the memory of the
 * machine, and a task fills it with records that are gone after a batch: a lake task peaked at 250 to 266 MiB instead of 312 to 334.
 * Cells have limits of their own.
 */
const YOUNG_GENERATION = '--semi-space-growth-factor=1'

/** Of what is thrown: a wrong call, or what a worker ended with that had begun to serve. */
export function workerExitStatus(): number {
  return WORKER_EXIT.failed
}

interface Serving {
  /** With what it calls `onFatal` with, the command fails. */
  readonly start: (options: WorkerOptions & { readonly onFatal: (error: unknown) => void }) => Promise<{
    readonly url: string
    stop(): Promise<void>
  }>
  /** Of what `start` rejects with. */
  readonly exitStatus: (error: unknown) => number
}

/** Resolves to the exit status: when the worker was stopped, or could not start. @throws what a serving worker ended with */
export async function serveWorker(
  file: string,
  { signal, terminal }: { readonly signal: AbortSignal; readonly terminal: Terminal },
  { start, exitStatus }: Serving,
): Promise<number> {
  setFlagsFromString(YOUNG_GENERATION)
  const { LogLevels, openLogger, readProperties } = await import('@sluice/worker')
  const { bundledModules, bundledProcessors, foundPlugins } = await import('../bundled.ts')
  const logLevels = new LogLevels()
  const logger = openLogger({ levels: logLevels })
  const { promise: failed, reject: onFatal } = Promise.withResolvers<never>()
  failed.catch(() => undefined)
  try {
    const open = async () => {
      const settings: RawSettings = await readProperties(file)
      return start({
        settings,
        plugins: await foundPlugins(settings, logger),
        modules: bundledModules(settings),
        processors: bundledProcessors(settings),
        logger,
        logLevels,
        metrics: new MemoryMetrics(),
        version: CONNECT_VERSION,
        commit: COMMIT,
        onFatal,
      })
    }
    let worker: Awaited<ReturnType<typeof open>>
    try {
      worker = await unlessInterrupted(open(), signal)
    } catch (error) {
      if (signal.aborted) throw error
      terminal.err(`sluice: ${describeError(error)}\n`)
      return exitStatus(error)
    }
    logger.info(`The worker serves at ${worker.url}; Ctrl-C stops it`)
    try {
      await Promise.race([failed, interrupted(signal)])
    } finally {
      await worker.stop()
    }
    logger.info('Worker stopped')
    return WORKER_EXIT.stopped
  } finally {
    await logger.close()
  }
}
