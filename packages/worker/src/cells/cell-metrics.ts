import type { Counter, Gauge, MetricLabels, Metrics } from '@sluice/sdk'

/** One value of an instrument, as it travels between processes. */
export interface MetricSample {
  readonly name: string
  readonly labels: MetricLabels
  readonly value: number
}

interface Instrument extends Counter, Gauge {
  value: number
}

/** The metrics of one process, in a form that can be sent. */
export class CellMetrics implements Metrics {
  readonly #instruments = new Map<
    string,
    { readonly name: string; readonly labels: MetricLabels; readonly of: Instrument }
  >()

  counter(name: string, labels: MetricLabels = {}): Counter {
    return this.#instrument(name, labels)
  }

  gauge(name: string, labels: MetricLabels = {}): Gauge {
    return this.#instrument(name, labels)
  }

  samples(): readonly MetricSample[] {
    return [...this.#instruments.values()].map(({ name, labels, of }) => ({ name, labels, value: of.value }))
  }

  #instrument(name: string, labels: MetricLabels): Instrument {
    const sorted = Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    const key = JSON.stringify([name, sorted])
    let found = this.#instruments.get(key)
    if (found === undefined) this.#instruments.set(key, (found = { name, labels, of: instrument() }))
    return found.of
  }
}

function instrument(): Instrument {
  const made: Instrument = {
    value: 0,
    add: (amount) => void (made.value += amount),
    set: (value) => void (made.value = value),
  }
  return made
}
