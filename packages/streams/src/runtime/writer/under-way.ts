import type { Produced } from '@sluice/kafka'
import { keyOf } from '../partition-key.ts'

/** What was handed to a producer and is not durable yet, counted in bytes; and the first thing that went wrong. */
export class UnderWay {
  readonly #unsettled = new Set<Promise<void>>()
  /** Without those that wait for others. */
  readonly #ahead = new Set<Promise<void>>()
  #bytes = 0
  #failure: { readonly error: unknown } | null = null
  #changed = Promise.withResolvers<void>()

  /** The offset behind the last record of a partition, by `topic-partition`. */
  readonly written = new Map<string, number>()

  get bytes(): number {
    return this.#bytes
  }

  get failure(): { readonly error: unknown } | null {
    return this.#failure
  }

  /** `done` settles when it is durable, or not; `isBehind`: not before what else there is: see `aheadSettled`. */
  add(done: Promise<readonly Produced[]>, bytes: number, isBehind = false): void {
    this.#bytes += bytes
    const settled = done
      .then(
        (produced) => this.#note(produced),
        (error: unknown) => void (this.#failure ??= { error }),
      )
      .finally(() => {
        this.#bytes -= bytes
        this.#unsettled.delete(settled)
        this.#ahead.delete(settled)
        this.#changed.resolve()
        this.#changed = Promise.withResolvers()
      })
    this.#unsettled.add(settled)
    if (!isBehind) this.#ahead.add(settled)
  }

  #note(produced: readonly Produced[]): void {
    for (const one of produced) {
      const { firstOffset, count } = one
      if (firstOffset < 0) continue
      const key = keyOf(one)
      this.written.set(key, Math.max(this.written.get(key) ?? 0, firstOffset + count))
    }
  }

  /** Resolves when at most so many bytes are under way, or something has failed, or the signal is aborted. */
  async room(bytesMax: number, signal: AbortSignal): Promise<void> {
    if (this.#bytes <= Math.max(0, bytesMax)) return
    const aborted = Promise.withResolvers<void>()
    const onAbort = (): void => aborted.resolve()
    signal.addEventListener('abort', onAbort, { once: true })
    while (this.#bytes > Math.max(0, bytesMax) && this.#failure === null && !signal.aborted)
      await Promise.race([this.#changed.promise, aborted.promise])
    signal.removeEventListener('abort', onAbort)
  }

  /** Resolves when all of it is durable. @throws what has failed, now or before */
  settled(): Promise<void> {
    return this.#durable(this.#unsettled)
  }

  /** The same without what waits for that. */
  aheadSettled(): Promise<void> {
    return this.#durable(this.#ahead)
  }

  async #durable(those: ReadonlySet<Promise<void>>): Promise<void> {
    await Promise.all(those)
    if (this.#failure !== null) throw this.#failure.error
  }
}
