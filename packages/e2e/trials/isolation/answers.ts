import type { ConnectWorkerProcess } from '../connect/connect-worker.ts'

const ANSWER_MAX_MS = 30_000

/** Asks REST again and again, as a person with a browser would, and keeps how long each answer took. */
export class Answers {
  /** Milliseconds; an answer that is not 200 counts as the longest there can be. */
  readonly tookMs: number[] = []
  failed = 0
  readonly #worker: ConnectWorkerProcess
  readonly #paths: readonly string[]
  readonly #stop = new AbortController()
  readonly #running: Promise<void>

  constructor(worker: ConnectWorkerProcess, paths: readonly string[]) {
    this.#worker = worker
    this.#paths = paths
    this.#running = this.#run()
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#running
  }

  async #run(): Promise<void> {
    for (let n = 0; !this.#stop.signal.aborted; n++) {
      const since = performance.now()
      const { status } = await this.#worker
        .ask('GET', this.#paths[n % this.#paths.length]!)
        .catch(() => ({ status: 0 }))
      if (status !== 200) this.failed++
      this.tookMs.push(status === 200 ? performance.now() - since : ANSWER_MAX_MS)
      await new Promise((resolve) => void setTimeout(resolve, 20))
    }
  }
}

/** The value below which the given share of all lies. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}
