import { describeError, SluiceError, type Clock, type Logger } from '@sluice/sdk'
import type { MetricSample } from '../cells/cell-metrics.ts'
import { Samples } from '../record-path/samples.ts'
import { untilShared } from '../shared-moments.ts'
import { HerderError, type HerderStage } from './herder.ts'
import { staleConfiguration } from './refusals.ts'

/** Requests that may wait at a time. */
const QUEUE_MAX = 10_000
/** A stage that takes so long is told by name. */
const STAGE_TOLD_SECONDS = 1
/** How long a request waits: whoever asked by REST has been answered by then. */
const WAIT_MAX_MS = 90_000

export interface TickOptions {
  /** Waits until no rebalance is under way; refused with 409 when that takes too long. Default true. */
  readonly needsSettled?: boolean
  /** Not before. Default 0. */
  readonly delayMs?: number
  /** How long it may wait for its turn once it is due. Default 90 s. */
  readonly waitMaxMs?: number
}

interface Queued {
  readonly what: string
  readonly dueAt: number
  readonly expiresAt: number
  readonly needsSettled: boolean
  readonly work: () => Promise<void>
  readonly refuse: (error: Error) => void
}

/**
 * One thing after the other: the herder's requests, in the order of their due times, then of their arrival. What it does is known as
 * a stage, for answers that came too late. Nothing that runs here calls a connector's code.
 */
export class Tick {
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #isSettled: () => boolean
  readonly #queue: Queued[] = []
  #stage: HerderStage
  readonly #turns: Samples
  #turnCount = 0
  #halted: Error | null = null
  #bell = Promise.withResolvers<void>()

  constructor(parts: { readonly clock: Clock; readonly logger: Logger; readonly isSettled: () => boolean }) {
    this.#clock = parts.clock
    this.#logger = parts.logger
    this.#isSettled = parts.isSettled
    this.#turns = new Samples(parts.clock)
    this.#stage = { what: 'starting', since: parts.clock.now(), until: null }
  }

  stage(): HerderStage {
    return this.#stage
  }

  get isHalted(): boolean {
    return this.#halted !== null
  }

  /** A whole turn of the herder's, timed. */
  async turn(work: () => Promise<void>): Promise<void> {
    const since = this.#clock.monotonic()
    try {
      await work()
    } finally {
      this.#turnCount++
      this.#turns.record((this.#clock.monotonic() - since) / 1000)
    }
  }

  samples(): readonly MetricSample[] {
    const { what, since, until } = this.#stage
    const seconds = until === null ? Math.max(0, this.#clock.now() - since) / 1000 : 0
    const max = this.#turns.max
    const values = {
      sluice_herder_turns_total: this.#turnCount,
      sluice_herder_turn_seconds_total: this.#turns.total,
      ...(Number.isNaN(max) ? {} : { sluice_herder_turn_seconds_max: max }),
      sluice_herder_requests_waiting: this.#queue.length,
    }
    // Stages have connectors' names in them: only those that somebody will want to know of become series.
    const labels = seconds >= STAGE_TOLD_SECONDS ? { stage: what } : {}
    return [
      ...Object.entries(values).map(([name, value]) => ({ name, labels: {}, value })),
      { name: 'sluice_herder_stage_seconds', labels, value: seconds },
    ]
  }

  /** Does the work in its turn, under the name of a stage. */
  request<T>(what: string, work: () => Promise<T> | T, options: TickOptions = {}): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#halted !== null) return reject(this.#halted)
      if (this.#queue.length >= QUEUE_MAX) return reject(tooMany())
      const dueAt = this.#clock.monotonic() + (options.delayMs ?? 0)
      this.#insert({
        what,
        dueAt,
        expiresAt: dueAt + (options.waitMaxMs ?? WAIT_MAX_MS),
        needsSettled: options.needsSettled ?? true,
        refuse: reject,
        work: async () => {
          try {
            resolve(await this.during(what, work))
          } catch (error) {
            reject(error instanceof Error ? error : new Error(String(error)))
          }
        },
      })
    })
  }

  /** As `request`, of the herder itself: never given up, for nobody would ask for it again; a failure is logged. */
  later(what: string, delayMs: number, work: () => Promise<void> | void): void {
    this.request(what, work, { delayMs, needsSettled: false, waitMaxMs: Infinity }).catch((error: unknown) => {
      if (!this.isHalted) this.#logger.warn(`Failed ${what}`, { reason: describeError(error) })
    })
  }

  /** A part of the tick with a name. */
  async during<T>(what: string, work: () => Promise<T> | T): Promise<T> {
    const since = this.#clock.now()
    this.#stage = { what, since, until: null }
    try {
      return await work()
    } finally {
      this.#stage = { what, since, until: this.#clock.now() }
    }
  }

  /** Everything that is due now; `between` any two, for what must not wait for all of them. */
  async runDue(between?: () => void): Promise<void> {
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      await next.work()
      between?.()
    }
  }

  wake(): void {
    this.#bell.resolve()
  }

  /** Until woken, or something is due, or so long has passed. */
  async rest(maxMs: number): Promise<void> {
    const over = new AbortController()
    const now = this.#clock.monotonic()
    const due = this.#queue.find((queued) => queued.dueAt > now || !queued.needsSettled || this.#isSettled())
    const ms = due === undefined ? untilShared(maxMs, now) : Math.min(maxMs, Math.max(0, due.dueAt - now))
    const bell = this.#bell.promise.then(() => undefined)
    await Promise.race([bell, this.#clock.sleep(ms, over.signal)])
    // Without a reason an error would be made for it, with a stack, at every turn.
    over.abort(null)
    this.#bell = Promise.withResolvers()
  }

  /** Refuses what waits and whatever comes. */
  halt(error: Error): void {
    this.#halted ??= error
    for (const queued of this.#queue.splice(0)) queued.refuse(error)
    this.wake()
  }

  #insert(queued: Queued): void {
    const at = this.#queue.findIndex((other) => other.dueAt > queued.dueAt)
    this.#queue.splice(at < 0 ? this.#queue.length : at, 0, queued)
    this.wake()
  }

  #next(): Queued | undefined {
    const now = this.#clock.monotonic()
    this.#refuseExpired(now)
    const at = this.#queue.findIndex((queued) => queued.dueAt <= now && (!queued.needsSettled || this.#isSettled()))
    return at < 0 ? undefined : this.#queue.splice(at, 1)[0]
  }

  #refuseExpired(now: number): void {
    for (let at = this.#queue.length - 1; at >= 0; at--) {
      const queued = this.#queue[at]!
      if (queued.expiresAt > now) continue
      this.#queue.splice(at, 1)
      queued.refuse(queued.needsSettled ? staleConfiguration() : new HerderError(500, `Gave up ${queued.what}`))
    }
  }
}

function tooMany(): SluiceError {
  return new SluiceError('INTERRUPTED', `More than ${QUEUE_MAX} requests wait for the herder`, {
    retriable: true,
    remedy: 'Try again later.',
  })
}
