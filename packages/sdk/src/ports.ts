/** What code asks of the world around it, so that a test can hold the clock, the dice and the ears. */

/** Fields of a log line: small facts, never record values. */
export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>

/** A logger bound to its context (connector, task, tenant). Never called per record on the hot path. */
export interface Logger {
  debug(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
  /** A logger whose lines carry these fields as well. */
  child(fields: LogFields): Logger
}

export type MetricLabels = Readonly<Record<string, string>>

/** A number that only grows. Called per batch. */
export interface Counter {
  add(amount: number): void
  readonly value: number
}

/** A number that goes up and down. */
export interface Gauge {
  set(value: number): void
  readonly value: number
}

/** Names follow `sluice_<what>_<unit>`; the same name and labels give the same instrument. */
export interface Metrics {
  counter(name: string, labels?: MetricLabels): Counter
  gauge(name: string, labels?: MetricLabels): Gauge
}

export interface Clock {
  /** Milliseconds since the epoch; may step. Only for event times and for what people read. */
  now(): number
  /** Milliseconds from an arbitrary start; never steps back. For durations. */
  monotonic(): number
  /** Resolves after `ms`, or at once when the signal is aborted (it does not reject: whoever waits looks at the signal). */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

export interface Random {
  /** A number in [0, 1). */
  next(): number
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted === true) return resolve()
      const done = (): void => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', done)
        resolve()
      }
      const timer = setTimeout(done, ms)
      signal?.addEventListener('abort', done, { once: true })
    }),
}

export const systemRandom: Random = { next: () => Math.random() }

/** A logger that says nothing. */
export const silentLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silentLogger,
}

/** Metrics kept in memory: the registry behind `/metrics` and the tests' eyes. */
export class MemoryMetrics implements Metrics {
  readonly #instruments = new Map<string, Counter & Gauge>()

  counter(name: string, labels: MetricLabels = {}): Counter {
    return this.#instrument(name, labels)
  }

  gauge(name: string, labels: MetricLabels = {}): Gauge {
    return this.#instrument(name, labels)
  }

  /** The value of an instrument; undefined if nobody asked for it yet. */
  value(name: string, labels: MetricLabels = {}): number | undefined {
    return this.#instruments.get(keyOf(name, labels))?.value
  }

  /** All instruments as `name{labels}` → value. */
  snapshot(): ReadonlyMap<string, number> {
    return new Map([...this.#instruments].map(([key, instrument]) => [key, instrument.value]))
  }

  #instrument(name: string, labels: MetricLabels): Counter & Gauge {
    const key = keyOf(name, labels)
    let found = this.#instruments.get(key)
    if (found === undefined) this.#instruments.set(key, (found = instrument()))
    return found
  }
}

function instrument(): Counter & Gauge {
  return {
    value: 0,
    add(amount: number) {
      ;(this as { value: number }).value += amount
    },
    set(value: number) {
      ;(this as { value: number }).value = value
    },
  }
}

function keyOf(name: string, labels: MetricLabels): string {
  const parts = Object.keys(labels)
    .toSorted()
    .map((key) => `${key}=${JSON.stringify(labels[key])}`)
  return parts.length === 0 ? name : `${name}{${parts.join(',')}}`
}
