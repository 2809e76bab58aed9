import type { Tally } from '@sluice/kafka'
import type { TaskPartition } from './stream-task.ts'

/** Where a partition stands behind a round: what may be committed once the round is durable. */
export interface Stand {
  readonly partition: TaskPartition
  readonly offset: number
  readonly tally: Tally
}

interface Round {
  readonly bytes: number
  readonly stand: Stand
  durable: boolean
}

/**
 * Rounds that were handed to the producer. Answers arrive in any order; stands become committable in the order of the rounds, and
 * only while every round before is durable (invariant 1).
 */
export class InFlight {
  readonly #rounds: Round[] = []
  #bytes = 0
  #failure: { readonly error: unknown } | null = null
  #changed: (() => void)[] = []
  readonly #committable = new Map<TaskPartition, Stand>()

  /** Bytes under way. */
  get bytes(): number {
    return this.#bytes
  }

  /** Set when a round failed: nothing from that round on will ever become committable. */
  get failure(): { readonly error: unknown } | null {
    return this.#failure
  }

  /** Takes a round under way; `done` settles when its records are durable, or not. */
  submit(done: Promise<unknown>, bytes: number, stand: Stand): void {
    const round: Round = { bytes, stand, durable: false }
    this.#rounds.push(round)
    this.#bytes += bytes
    void this.#settle(round, done)
  }

  /** Takes out what may be committed now: the furthest durable stand of each partition. */
  takeCommittable(): readonly Stand[] {
    const stands = [...this.#committable.values()]
    this.#committable.clear()
    return stands
  }

  /** Puts back what could not be committed, unless something further is known by now. */
  putBack(stands: readonly Stand[]): void {
    for (const stand of stands)
      if (!this.#committable.has(stand.partition)) this.#committable.set(stand.partition, stand)
  }

  /** Resolves when at most `bytesMax` bytes are under way, or a round has failed, or the signal is aborted. */
  async room(bytesMax: number, signal: AbortSignal): Promise<void> {
    while (this.#bytes > bytesMax && this.#failure === null && !signal.aborted) await this.#change(signal)
  }

  /** Resolves when every round is durable or a round has failed, or the signal is aborted. True: all are durable. */
  async drained(signal: AbortSignal): Promise<boolean> {
    while (this.#rounds.length > 0 && this.#failure === null && !signal.aborted) await this.#change(signal)
    return this.#rounds.length === 0
  }

  async #settle(round: Round, done: Promise<unknown>): Promise<void> {
    try {
      await done
      round.durable = true
    } catch (error) {
      this.#failure ??= { error }
    }
    this.#bytes -= round.bytes
    this.#advance()
  }

  #advance(): void {
    let done = 0
    for (; done < this.#rounds.length && this.#rounds[done]!.durable; done++) {
      const { stand } = this.#rounds[done]!
      this.#committable.set(stand.partition, stand)
    }
    this.#rounds.splice(0, done)
    const changed = this.#changed
    this.#changed = []
    for (const wake of changed) wake()
  }

  #change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        signal.removeEventListener('abort', wake)
        resolve()
      }
      signal.addEventListener('abort', wake, { once: true })
      this.#changed.push(wake)
    })
  }
}
