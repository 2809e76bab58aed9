import type { Clock, Random } from '@sluice/sdk'
import { unanswered } from './simulated-errors.ts'
import { EPOCH_MS, type SimulatedTime } from './simulated-time.ts'
import type { Trace } from './trace.ts'

export type Answer<T> = { readonly value: T } | { readonly error: unknown }

/** How the broker is asked: it answers at once or later, or throws. */
export type Ask<T> = (answer: (value: T) => void) => void

/** One way from an instance to the broker: what is sent on it arrives in order. */
export interface Channel {
  lastMs: number
}

/** Where a crash happens: before the broker has got a request, when it has done it, or when the answer has arrived. */
export type CrashPoint = 'asking' | 'done' | 'answered'

/** A crash at the request of this kind with this number, counted from when it is asked for. */
export interface CrashStep {
  readonly request: string
  readonly number: number
  readonly point: CrashPoint
}

/** A request that was lost, or its answer, is asked again by the client, which at last gives up. */
const REQUEST_TIMEOUT_MS = 1_500
const RETRY_MS = 30
const GIVES_UP = 0.4
/** How many requests get through while others are lost. */
const GETS_THROUGH = 0.5
const FASTEST_MS = 0.2
const SLOWEST_MS = 4
/** Until somebody else has answered. */
const SOON_MS = 60
const LATE_MS = 250
const LATE = 0.08

/**
 * What one instance has of the world: requests to the broker, and a clock. Everything that reaches the instance comes through here, so that
 * it can be frozen, cut off or ended between any two steps. An instance that has crashed never hears of anything again.
 */
export class Link {
  readonly name: string
  readonly #time: SimulatedTime
  readonly #random: Random
  readonly #trace: Trace
  readonly #counts = new Map<string, number>()
  #isUp = true
  #thawsAt = 0
  #onCrash: (() => void) | null = null
  #crash: CrashStep | null = null
  /** Until then requests do not arrive. */
  #losesRequestsUntil = 0
  /** Until then answers do not arrive. */
  #losesAnswersUntil = 0
  #slowUntil = 0

  constructor(name: string, time: SimulatedTime, random: Random, trace: Trace) {
    this.name = name
    this.#time = time
    this.#random = random
    this.#trace = trace
  }

  get isUp(): boolean {
    return this.#isUp
  }

  get isFrozen(): boolean {
    return this.#thawsAt > this.#time.now
  }

  get random(): Random {
    return this.#random
  }

  /** Nothing happens any more in the instance. */
  cut(): void {
    this.#isUp = false
  }

  /** The instance stands still for so long, and then goes on where it was. */
  freeze(ms: number): void {
    this.#thawsAt = Math.max(this.#thawsAt, this.#time.now + ms)
  }

  loseRequests(ms: number): void {
    this.#losesRequestsUntil = this.#time.now + ms
  }

  loseAnswers(ms: number): void {
    this.#losesAnswersUntil = this.#time.now + ms
  }

  slowDown(ms: number): void {
    this.#slowUntil = this.#time.now + ms
  }

  /** `onCrash` is called at that step. */
  crashAt(step: CrashStep, onCrash: () => void): void {
    this.#counts.clear()
    this.#crash = step
    this.#onCrash = onCrash
  }

  readonly clock: Clock = {
    now: () => EPOCH_MS + Math.floor(this.#time.now),
    monotonic: () => this.#time.now,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted === true) return resolve()
        const done = (): void => {
          scheduled.cancel()
          signal?.removeEventListener('abort', done)
          resolve()
        }
        const scheduled = this.#time.after(ms, () => this.arrive(done))
        signal?.addEventListener('abort', done, { once: true })
      }),
  }

  /**
   * Asks the broker. Resolves with its answer; rejects with what it throws, or with KAFKA_TIMEOUT when requests or answers are lost for
   * too long: then it may have been done, or not.
   */
  request<T>(what: string, ask: Ask<T>, channel: Channel = { lastMs: 0 }): Promise<T> {
    return new Promise((resolve, reject) => {
      if (!this.#isUp) return
      const number = (this.#counts.get(what) ?? 0) + 1
      this.#counts.set(what, number)
      this.say(`asks ${what}`)
      if (this.#crashes(what, number, 'asking')) return
      const send = (atMs: number): void => {
        channel.lastMs = Math.max(channel.lastMs, atMs)
        this.#time.at(channel.lastMs, execute)
      }
      const execute = (): void => {
        const answered = (answer: Answer<T>): void => this.#answer(what, number, answer, resolve, reject)
        try {
          ask((value) => answered({ value }))
        } catch (error) {
          answered({ error })
        }
        this.#crashes(what, number, 'done')
      }
      const lostUntil = this.#losesRequestsUntil
      if (lostUntil <= this.#time.now || this.#random.next() < GETS_THROUGH) send(this.#time.now + this.#latency())
      else if (lostUntil - this.#time.now > REQUEST_TIMEOUT_MS || this.#random.next() < GIVES_UP)
        this.#giveUp(what, reject)
      else send(lostUntil + RETRY_MS + this.#latency())
    })
  }

  /** Somebody else is asked, and answers when the seed says: most soon, some late. */
  elsewhere(who: string): Promise<void> {
    this.say(`asks ${who}`)
    const soon = this.#random.next() ** 3 * SOON_MS
    const ms = this.#random.next() < LATE ? this.#random.next() * LATE_MS : soon
    return new Promise((resolve) => {
      this.#time.after(FASTEST_MS + ms, () =>
        this.arrive(() => {
          this.say(`is answered by ${who}`)
          resolve()
        }),
      )
    })
  }

  /** Something reaches the instance now, or when it is not frozen any more; or never. */
  arrive(run: () => void): void {
    if (!this.#isUp) return
    if (this.#thawsAt > this.#time.now) this.#time.at(this.#thawsAt, () => this.arrive(run))
    else run()
  }

  say(what: string): void {
    if (this.#isUp) this.#trace.add(this.#time.now, this.name, what)
  }

  #answer<T>(
    what: string,
    number: number,
    answer: Answer<T>,
    resolve: (value: T) => void,
    reject: (error: unknown) => void,
  ): void {
    const deliver = (): void => {
      if (this.#crashes(what, number, 'answered')) return
      this.say(`hears of ${what}: ${'error' in answer ? messageOf(answer.error) : 'done'}`)
      if ('error' in answer) reject(answer.error)
      else resolve(answer.value)
    }
    const lostUntil = this.#losesAnswersUntil
    if (lostUntil > this.#time.now && this.#random.next() < GIVES_UP) return this.#giveUp(what, reject)
    // Asked again, the broker recognises what it has done, and says the same.
    const at = Math.max(this.#time.now, lostUntil) + this.#latency()
    this.#time.at(at, () => this.arrive(deliver))
  }

  #giveUp(what: string, reject: (error: unknown) => void): void {
    this.#time.after(REQUEST_TIMEOUT_MS, () =>
      this.arrive(() => {
        this.say(`hears nothing of ${what}`)
        reject(unanswered(what))
      }),
    )
  }

  #crashes(what: string, number: number, point: CrashPoint): boolean {
    const crash = this.#crash
    if (crash === null || crash.request !== what || crash.number !== number || crash.point !== point) return false
    this.#crash = null
    this.#onCrash?.()
    return true
  }

  #latency(): number {
    const slow = this.#slowUntil > this.#time.now ? 40 : 1
    return slow * (FASTEST_MS + this.#random.next() ** 3 * (SLOWEST_MS - FASTEST_MS))
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
