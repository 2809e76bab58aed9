/** A crash of the process, at one of the points where a task waits, chosen by a seed. */
import type { Kafka, TransactionalProducer } from '@sluice/kafka'
import type { Random } from '@sluice/sdk'

/** The same numbers in every run with the same seed (mulberry32). */
export function seeded(seed: number): Random {
  let state = seed >>> 0
  return {
    next() {
      state = (state + 0x6d2b79f5) >>> 0
      let mixed = Math.imul(state ^ (state >>> 15), state | 1)
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
    },
  }
}

/**
 * Counts the points that a run passes, and at the chosen one ends it as `kill -9` would: connections are cut, and whoever comes by waits
 * for ever. What was on its way to the broker may have arrived, or not.
 */
export class Crash {
  readonly #at: number
  readonly #kill: (point: string) => void
  readonly #counts: (point: string) => boolean
  #passed = 0
  #isDead = false

  /** Dies at the `at`-th of the points that count. */
  constructor(
    at: number,
    kill: (point: string) => void = () => undefined,
    counts: (point: string) => boolean = () => true,
  ) {
    this.#at = at
    this.#kill = kill
    this.#counts = counts
  }

  /** To be awaited where the process may die. */
  async point(name: string): Promise<void> {
    if (!this.#isDead && this.#counts(name) && ++this.#passed === this.#at) {
      this.#isDead = true
      this.#kill(name)
    }
    if (this.#isDead) await new Promise(() => undefined)
  }

  /** Each call may die before it is made, while it is under way, and behind it. */
  around<T>(name: string, call: () => Promise<T>): Promise<T> {
    const made = async (): Promise<T> => {
      await this.point(`before ${name}`)
      const answer = call()
      answer.catch(() => undefined)
      await this.point(`during ${name}`)
      const value = await answer
      await this.point(`after ${name}`)
      return value
    }
    return made()
  }
}

/** A producer that may die in each call. `begin` and the order of calls stay as they were: they are synchronous. */
export function crashing(producer: TransactionalProducer, crash: Crash): TransactionalProducer {
  return {
    begin: () => producer.begin(),
    // A commit that follows at once must find the records in the transaction: the call is made at once, too.
    produce: async (records) => {
      const answer = producer.produce(records)
      answer.catch(() => undefined)
      await crash.point('during produce')
      return answer
    },
    sendOffsets: (group, offsets) => producer.sendOffsets(group, offsets),
    commit: () => crash.around('commit', () => producer.commit()),
    abort: () => crash.around('abort', () => producer.abort()),
    close: (timeoutMs) => producer.close(timeoutMs),
  }
}

/** Ends a client as the end of its process would. */
export function cut(kafka: Kafka): void {
  void kafka.close().catch(() => undefined)
}
