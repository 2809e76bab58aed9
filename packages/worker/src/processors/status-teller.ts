import { describeError, type Clock, type Logger } from '@sluice/sdk'
import type { Catalogue } from '../catalogue/catalogue.ts'
import type { InstanceStatus, StatusRecord } from '../catalogue/catalogue-records.ts'
import { untilShared } from '../shared-moments.ts'

export interface StatusTellerParts {
  readonly catalogue: Catalogue
  /** `host:port`, as statuses name this worker, and where its REST is. */
  readonly worker: string
  readonly url: string
  readonly processors: readonly string[]
  readonly clock: Clock
  readonly logger: Logger
}

/** A worker that is not heard of for so long is not counted with. */
export const SILENT_MS = 35_000
const BEAT_MS = 10_000
/** … and for so long: what it left behind is cleaned away. */
const GONE_MS = 600_000
const RETRY_MS = 1_000
const STOP_MS = 5_000
const TRACE_CHARS_MAX = 8_000

/**
 * Writes what this worker has to say of itself into the catalogue: that it is there, as long as there are processors; and how those are
 * that it runs. Of several statuses that wait for a slow broker only the last is written.
 */
export class StatusTeller {
  readonly worker: string
  readonly #parts: StatusTellerParts
  readonly #ending = new AbortController()
  readonly #waiting = new Map<string, StatusRecord | null>()
  /** What others should see of each, whether it is written yet or not. */
  readonly #told = new Map<string, StatusRecord>()
  #writing: Promise<void> | null = null
  #beating: Promise<void> = Promise.resolve()

  constructor(parts: StatusTellerParts) {
    this.#parts = parts
    this.worker = parts.worker
  }

  start(): void {
    this.#beating = this.#beat()
  }

  /** Null: nothing of it is here. */
  tell(processor: string, status: StatusRecord | null): void {
    if (status === null) {
      // What is just being written is not in the catalogue yet.
      const isKnown = this.#told.delete(processor) || this.#parts.catalogue.statuses(processor).has(this.worker)
      if (isKnown) this.#waiting.set(processor, null)
    } else {
      const whole = { ...status, instances: status.instances.map(bounded) }
      this.#told.set(processor, whole)
      this.#waiting.set(processor, whole)
    }
    if (this.#waiting.size > 0) this.#writing ??= this.#write()
  }

  /** Takes back what it has said, if that can be done in a few seconds. */
  async stop(): Promise<void> {
    const over = new AbortController()
    this.#ending.abort()
    await Promise.race([this.#end(), this.#parts.clock.sleep(STOP_MS, over.signal)])
    over.abort()
  }

  async #end(): Promise<void> {
    const { catalogue, logger } = this.#parts
    await Promise.all([this.#beating, this.#writing])
    const statuses = catalogue.statusesOf(this.worker)
    const isSeen = catalogue.workers.some(({ worker }) => worker === this.worker)
    if (statuses.length === 0 && !isSeen) return
    try {
      await this.#takeBack(this.worker)
    } catch (error) {
      logger.warn('That this worker stops could not be told; others will notice', { error: describeError(error) })
    }
  }

  async #write(): Promise<void> {
    const { catalogue, clock, logger } = this.#parts
    const { signal } = this.#ending
    while (this.#waiting.size > 0 && !signal.aborted) {
      const batch = [...this.#waiting]
      this.#waiting.clear()
      try {
        await catalogue.write(
          batch.map(([name, value]) => ({ key: { kind: 'status', name, worker: this.worker }, value })),
        )
      } catch (error) {
        for (const [name, value] of batch) if (!this.#waiting.has(name)) this.#waiting.set(name, value)
        logger.warn('How processors are could not be written, and is tried again', { error: describeError(error) })
        await clock.sleep(RETRY_MS, signal)
      }
    }
    this.#writing = null
  }

  async #beat(): Promise<void> {
    const { catalogue, worker: name, url, processors, clock, logger } = this.#parts
    const { signal } = this.#ending
    let beatAt = -Infinity
    /** Since when workers have had a reason to say that they are there. */
    let since: number | null = null
    while (!signal.aborted) {
      const now = clock.monotonic()
      since = catalogue.processors.length > 0 ? (since ?? now) : null
      if (since !== null && now - beatAt >= BEAT_MS) {
        try {
          beatAt = now
          const value = { url, processors, at: clock.now() }
          await catalogue.write([{ key: { kind: 'worker', name, worker: null }, value }])
          this.#tellAgain()
          if (now - since > SILENT_MS) await this.#cleanUp()
        } catch (error) {
          logger.warn('That this worker is there could not be told', { error: describeError(error) })
        }
      }
      await clock.sleep(untilShared(RETRY_MS, clock.monotonic()), signal)
    }
  }

  /** What others have cleaned away, who did not hear of this worker for long: as if it had been asleep. */
  #tellAgain(): void {
    for (const [name, status] of this.#told)
      if (!this.#waiting.has(name) && !this.#parts.catalogue.statuses(name).has(this.worker)) this.tell(name, status)
  }

  async #cleanUp(): Promise<void> {
    const { catalogue, clock } = this.#parts
    for (const { worker, heardAt } of catalogue.workers)
      if (clock.monotonic() - heardAt > GONE_MS) await this.#takeBack(worker)
  }

  #takeBack(worker: string): Promise<void> {
    const { catalogue } = this.#parts
    return catalogue.write([
      ...catalogue.statusesOf(worker).map((name) => ({ key: { kind: 'status', name, worker } as const, value: null })),
      { key: { kind: 'worker', name: worker, worker: null }, value: null },
    ])
  }
}

function bounded(instance: InstanceStatus): InstanceStatus {
  const { trace } = instance
  return trace === null || trace.length <= TRACE_CHARS_MAX
    ? instance
    : { ...instance, trace: trace.slice(0, TRACE_CHARS_MAX) }
}
