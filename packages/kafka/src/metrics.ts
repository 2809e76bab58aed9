import type { Clock } from '@sluice/sdk'

/** One group of metrics as Kafka's clients report them. */
export interface MetricGroup {
  /** Kafka's group: `producer-metrics`, `producer-node-metrics`, `consumer-fetch-manager-metrics`, `admin-client-metrics`, … */
  readonly group: string
  /** `client-id`, and where it applies `node-id`, `topic`, `partition`. */
  readonly tags: Readonly<Record<string, string>>
  /** By Kafka's name. What ends in `-total` only grows; `-avg` and `-max` look back over the last 30 to 60 seconds. */
  readonly values: Readonly<Record<string, number>>
}

/** What is measured of one cluster. Recording is field access: call it per batch or per request, never per record. */
export class MetricsRegistry {
  readonly #clock: Clock
  readonly #groups = new Map<string, MetricSet>()
  readonly #open = new Map<string, number>()
  readonly #providers = new Map<string, (() => readonly MetricGroup[])[]>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** The same name and tags give the same set. */
  group(group: string, tags: Readonly<Record<string, string>>): MetricSet {
    const key = [group, ...Object.entries(tags).flat()].join('\0')
    let set = this.#groups.get(key)
    if (set === undefined) this.#groups.set(key, (set = new MetricSet(group, tags, this.#clock)))
    return set
  }

  /** Groups that a client makes when somebody reads, because they come and go: one per partition. */
  provide(clientId: string, read: () => readonly MetricGroup[]): void {
    this.#providers.set(clientId, [...(this.#providers.get(clientId) ?? []), read])
  }

  /** Call what this gives when the client is closed: with the last one of that id its groups are taken away. */
  opened(clientId: string): () => void {
    this.#open.set(clientId, (this.#open.get(clientId) ?? 0) + 1)
    return () => {
      const left = this.#open.get(clientId)! - 1
      this.#open.set(clientId, left)
      if (left > 0) return
      this.#open.delete(clientId)
      this.#providers.delete(clientId)
      for (const [key, { tags }] of this.#groups) if (tags['client-id'] === clientId) this.#groups.delete(key)
    }
  }

  read(): MetricGroup[] {
    const provided = [...this.#providers.values()].flat().flatMap((read) => read())
    return [...Array.from(this.#groups.values(), (set) => set.read()), ...provided]
  }
}

/** The metrics of one group and one set of tags. Take the instruments once, at the start, and keep them. */
export class MetricSet {
  readonly group: string
  readonly tags: Readonly<Record<string, string>>
  readonly #clock: Clock
  readonly #totals = new Map<string, Total>()
  readonly #spreads = new Map<string, Spread>()
  readonly #meters = new Map<string, Meter>()
  readonly #gauges = new Map<string, () => number>()

  constructor(group: string, tags: Readonly<Record<string, string>>, clock: Clock) {
    this.group = group
    this.tags = tags
    this.#clock = clock
  }

  /** A number that only grows, under the whole name: `record-send-total`. */
  total(name: string): Total {
    let total = this.#totals.get(name)
    if (total === undefined) this.#totals.set(name, (total = new Total()))
    return total
  }

  /** Mean and maximum under one stem: `request-latency` reads as `request-latency-avg` and `request-latency-max`. */
  spread(stem: string): Spread {
    let spread = this.#spreads.get(stem)
    if (spread === undefined) this.#spreads.set(stem, (spread = new Spread()))
    return spread
  }

  /** What comes, and how much of it per second, under one stem: `process` reads as `process-total` and `process-rate`. */
  meter(stem: string): Meter {
    let meter = this.#meters.get(stem)
    if (meter === undefined) this.#meters.set(stem, (meter = new Meter(this.#clock.monotonic())))
    return meter
  }

  /** A number that is asked for when somebody reads: `buffer-available-bytes`. NaN when there is nothing to say. */
  gauge(name: string, read: () => number): void {
    this.#gauges.set(name, read)
  }

  read(): MetricGroup {
    const now = this.#clock.monotonic()
    const values: Record<string, number> = {}
    for (const [name, { value }] of this.#totals) values[name] = value
    for (const [stem, spread] of this.#spreads) {
      values[`${stem}-avg`] = spread.average(now)
      values[`${stem}-max`] = spread.max(now)
    }
    for (const [stem, meter] of this.#meters) {
      values[`${stem}-total`] = meter.total
      values[`${stem}-rate`] = meter.rate(now)
    }
    for (const [name, read] of this.#gauges) values[name] = read()
    return { group: this.group, tags: this.tags, values }
  }
}

export class Total {
  value = 0

  add(amount = 1): void {
    this.value += amount
  }
}

/** `metrics.sample.window.ms`; two of them are kept, as `metrics.num.samples` says. */
const WINDOW_MS = 30_000

/** Mean and maximum of what was recorded in this window and the one before. `now` is `clock.monotonic()`. */
export class Spread {
  #windowEnd = -Infinity
  #count = 0
  #sum = 0
  #max = -Infinity
  #min = Infinity
  #minBefore = Infinity
  #countBefore = 0
  #sumBefore = 0
  #maxBefore = -Infinity

  record(value: number, now: number): void {
    if (now >= this.#windowEnd) this.#turn(now)
    this.#count++
    this.#sum += value
    if (value > this.#max) this.#max = value
    if (value < this.#min) this.#min = value
  }

  /** NaN when nothing was recorded lately. */
  average(now: number): number {
    if (now >= this.#windowEnd) this.#turn(now)
    return (this.#sum + this.#sumBefore) / (this.#count + this.#countBefore)
  }

  /** NaN when nothing was recorded lately. */
  max(now: number): number {
    if (now >= this.#windowEnd) this.#turn(now)
    return this.#count + this.#countBefore === 0 ? NaN : Math.max(this.#max, this.#maxBefore)
  }

  /** NaN when nothing was recorded lately. */
  min(now: number): number {
    if (now >= this.#windowEnd) this.#turn(now)
    return this.#count + this.#countBefore === 0 ? NaN : Math.min(this.#min, this.#minBefore)
  }

  #turn(now: number): void {
    const isStale = now >= this.#windowEnd + WINDOW_MS
    this.#minBefore = isStale ? Infinity : this.#min
    this.#min = Infinity
    this.#countBefore = isStale ? 0 : this.#count
    this.#sumBefore = isStale ? 0 : this.#sum
    this.#maxBefore = isStale ? -Infinity : this.#max
    this.#count = 0
    this.#sum = 0
    this.#max = -Infinity
    this.#windowEnd = now + WINDOW_MS
  }
}

/** How much came in all, and per second in this window and the one before. `now` is `clock.monotonic()`. */
export class Meter {
  total = 0
  #since: number
  #windowEnd: number
  #sum = 0
  #sumBefore = 0

  constructor(now: number) {
    this.#since = now
    this.#windowEnd = now + WINDOW_MS
  }

  add(amount: number, now: number): void {
    if (now >= this.#windowEnd) this.#turn(now)
    this.total += amount
    this.#sum += amount
  }

  rate(now: number): number {
    if (now >= this.#windowEnd) this.#turn(now)
    // What came within its first moments says nothing of a second.
    return ((this.#sum + this.#sumBefore) * 1000) / Math.max(1000, now - this.#since)
  }

  #turn(now: number): void {
    const isStale = now >= this.#windowEnd + WINDOW_MS
    this.#sumBefore = isStale ? 0 : this.#sum
    this.#since = isStale ? now : this.#windowEnd - WINDOW_MS
    this.#sum = 0
    this.#windowEnd = (isStale ? now : this.#windowEnd) + WINDOW_MS
  }
}
