import type { Counter, MetricLabels, Metrics } from '@sluice/sdk'
import { OUTCOMES } from './check-kind.ts'
import type { GateCounters } from './counters.ts'
import type { Gate } from './gate.ts'
import { ACTIONS } from './verdict.ts'

/**
 * Publishes a gate's counters. Made once per gate; `publish` is called after each batch. All series exist from the beginning with
 * zero, so that a check that never fires can be told from one that does not run.
 *
 * - `sluice_gate_records_total{outcome}`: what became of the records
 * - `sluice_gate_intended_records_total{outcome}`: what mode `enforce` would have made of them
 * - `sluice_gate_check_evaluations_total{check, result}`: pass, fail, skip, error
 * - `sluice_gate_rule_version_info{ruleset, ruleset_version, mode}`: always 1
 *
 * Each carries `gate`, `version` (12 digits of the gate's version) and the labels given here, such as `flow` and `tenant`.
 */
export class GateMetrics {
  readonly #counters: GateCounters
  readonly #series: readonly Series[]

  constructor(gate: Gate, metrics: Metrics, labels: MetricLabels = {}) {
    const own = { ...labels, gate: gate.id, version: gate.version.slice(0, 12) }
    const counters = gate.counters()
    this.#counters = counters
    this.#series = [
      {
        source: 'records',
        ...instruments(ACTIONS, (outcome) => metrics.counter('sluice_gate_records_total', { ...own, outcome })),
      },
      {
        source: 'intended',
        ...instruments(ACTIONS, (outcome) =>
          metrics.counter('sluice_gate_intended_records_total', { ...own, outcome }),
        ),
      },
      {
        source: 'evaluations',
        ...instruments(
          counters.checks.flatMap((check) => OUTCOMES.map((result) => ({ check, result }))),
          (series) => metrics.counter('sluice_gate_check_evaluations_total', { ...own, ...series }),
        ),
      },
    ]
    metrics
      .gauge('sluice_gate_rule_version_info', {
        ...own,
        ruleset: gate.ruleset.id,
        ruleset_version: gate.ruleset.version,
        mode: gate.mode,
      })
      .set(1)
  }

  /** Adds what was counted since the last call. */
  publish(): void {
    for (const { source, counters, published } of this.#series) {
      const now = this.#counters[source]
      for (let i = 0; i < counters.length; i++) {
        const count = now[i]!
        if (count === published[i]) continue
        counters[i]!.add(count - published[i]!)
        published[i] = count
      }
    }
  }
}

interface Series {
  readonly source: 'records' | 'intended' | 'evaluations'
  readonly counters: readonly Counter[]
  /** What has been added so far, by counter. */
  readonly published: number[]
}

function instruments<T>(names: readonly T[], make: (name: T) => Counter): Pick<Series, 'counters' | 'published'> {
  const counters = names.map(make)
  for (const counter of counters) counter.add(0)
  return { counters, published: counters.map(() => 0) }
}
