/**
 * What a table needs now and then, beside its commits and never in their way: a checkpoint, so that opening stays short, and
 * a log without versions that nobody may ask for any more. When it fails, the table is as good as before; the next commit that
 * it falls to tries again.
 */
import type { Clock, Logger } from '@sluice/sdk'
import { writeClassicCheckpoint, writeV2Checkpoint } from './checkpoint-files.ts'
import { checkpointStateOf } from './checkpoint-write.ts'
import type { CheckpointState } from './checkpoint-write.ts'
import { writeLastCheckpoint } from './last-checkpoint.ts'
import type { DeltaLog } from './log.ts'
import { cleanUpLog } from './log-cleanup.ts'
import { checkpointInterval, deletedFileRetentionMs, logRetentionMs } from './properties.ts'
import type { Snapshot } from './snapshot.ts'

/** A store that takes longer than this is not waited for. */
const RUN_MAX_MS = 300_000

export interface UpkeepPorts {
  readonly clock: Clock
  readonly logger?: Logger
}

export class TableUpkeep {
  readonly #log: DeltaLog
  readonly #ports: UpkeepPorts
  readonly #stop = new AbortController()
  #running: Promise<void> | undefined

  constructor(log: DeltaLog, ports: UpkeepPorts) {
    this.#log = log
    this.#ports = ports
  }

  /**
   * Begins what is due, if anything, and does not wait for it. Of several writers the one whose commit has a number that the
   * interval divides does it; when those have left it undone, the next one does.
   * @param version of the caller's own commit
   */
  afterCommit(snapshot: Snapshot, version: number): void {
    const interval = checkpointInterval(snapshot.metadata.configuration)
    const isDue = version % interval === 0 || version - Math.max(0, this.#log.newestCheckpoint) >= 2 * interval
    if (!isDue || version === 0 || this.#running !== undefined || this.#stop.signal.aborted) return
    const nowMs = this.#ports.clock.now()
    const state = checkpointStateOf(snapshot, nowMs)
    snapshot.expireTombstones(nowMs - deletedFileRetentionMs(snapshot.metadata.configuration))
    this.#running = this.#run(state, nowMs).finally(() => (this.#running = undefined))
  }

  /** Waits for what is under way. */
  async settled(): Promise<void> {
    await this.#running
  }

  /** Ends what is under way, and begins nothing more. */
  async close(): Promise<void> {
    this.#stop.abort()
    await this.#running
  }

  async #run(state: CheckpointState, nowMs: number): Promise<void> {
    const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(RUN_MAX_MS)])
    try {
      const made = await this.#checkpoint(state, signal)
      this.#log.newestCheckpoint = Math.max(this.#log.newestCheckpoint, state.version)
      // Only behind a checkpoint of its own making does it delete: one that others made may be damaged.
      if (made !== undefined) await this.#cleanUp(state, made, nowMs, signal)
    } catch (error) {
      if (this.#stop.signal.aborted) return
      this.#ports.logger?.warn('A checkpoint or the clean-up of the log did not succeed; a later commit tries again', {
        log: this.#log.folder,
        version: state.version,
        reason: error instanceof Error ? error.message : String(error),
      })
    }
  }

  /** A clock that runs ahead of the store's must not make young versions old: the store says when the checkpoint was written. */
  async #cleanUp(state: CheckpointState, checkpoint: string, nowMs: number, signal: AbortSignal): Promise<void> {
    const retention = logRetentionMs(state.metadata.configuration)
    if (retention === Infinity) return
    const written = await this.#log.store.head(checkpoint, { signal })
    if (written !== undefined) await cleanUpLog(this.#log, Math.min(nowMs, written.modifiedMs) - retention, signal)
  }

  /** @returns where it is; undefined when somebody else has made it */
  async #checkpoint(state: CheckpointState, signal: AbortSignal): Promise<string | undefined> {
    const isV2 = state.metadata.configuration['delta.checkpointPolicy'] === 'v2'
    const facts = isV2
      ? await writeV2Checkpoint(this.#log, state, Math.trunc(this.#ports.clock.now()), signal)
      : await writeClassicCheckpoint(this.#log, state, signal)
    if (facts === undefined) return undefined
    await writeLastCheckpoint(this.#log.store, this.#log.folder, facts, signal)
    return facts.path
  }
}
