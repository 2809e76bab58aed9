import type { Counter, Gauge, MetricLabels, Metrics } from '@sluice/sdk'

/** One value of an instrument, as it travels between processes. */
export interface MetricSample {
  readonly name: string
  readonly labels: MetricLabels
  readonly value: number
}

/** What one task, or a connector's instance, counts in. */
export interface MetricScope extends Metrics {
  /** Its series are gone, but for those that another scope has, too. What is counted afterwards nobody sees. */
  end(): void
}

/** Hands scopes out. */
export interface MetricScopes {
  scope(): MetricScope
}

interface Instrument extends Counter, Gauge {
  value: number
}

interface Series {
  readonly name: string
  readonly labels: MetricLabels
  readonly of: Instrument
  readonly holders: Set<MetricScope>
}

/** The metrics of one process, in a form that can be sent. A series is there for as long as somebody runs who counts in it. */
export class CellMetrics implements MetricScopes {
  readonly #series = new Map<string, Series>()

  scope(): MetricScope {
    const held = new Set<string>()
    let isOver = false
    const find = (name: string, labels: MetricLabels = {}): Instrument => {
      if (isOver) return instrument()
      const key = keyOf(name, labels)
      const series = this.#find(key, name, labels)
      series.holders.add(scope)
      held.add(key)
      return series.of
    }
    const end = (): void => {
      isOver = true
      for (const key of held) this.#letGo(key, scope)
      held.clear()
    }
    const scope: MetricScope = { counter: find, gauge: find, end }
    return scope
  }

  samples(): readonly MetricSample[] {
    return [...this.#series.values()].map(({ name, labels, of }) => ({ name, labels, value: of.value }))
  }

  #find(key: string, name: string, labels: MetricLabels): Series {
    let found = this.#series.get(key)
    if (found === undefined) this.#series.set(key, (found = { name, labels, of: instrument(), holders: new Set() }))
    return found
  }

  #letGo(key: string, scope: MetricScope): void {
    const series = this.#series.get(key)
    series?.holders.delete(scope)
    if (series?.holders.size === 0) this.#series.delete(key)
  }
}

function keyOf(name: string, labels: MetricLabels): string {
  return JSON.stringify([name, Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))])
}

function instrument(): Instrument {
  const made: Instrument = {
    value: 0,
    add: (amount) => void (made.value += amount),
    set: (value) => void (made.value = value),
  }
  return made
}
