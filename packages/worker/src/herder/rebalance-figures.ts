import type { Clock } from '@sluice/sdk'
import type { FigureGroup } from '../record-path/task-figures.ts'
import { Samples } from '../record-path/samples.ts'

/** Kafka Connect's words for the protocols of a group. */
const PROTOCOLS: Readonly<Record<string, string>> = {
  default: 'EAGER',
  compatible: 'COMPATIBLE',
  sessioned: 'SESSIONED',
}

/** Rebalances from the join to the start of what was assigned: `connect-worker-rebalance-metrics`. */
export class RebalanceFigures {
  readonly #clock: Clock
  readonly #times: Samples
  #completed = 0
  #since: number | null = null
  #lastAt: number | null = null

  constructor(clock: Clock) {
    this.#clock = clock
    this.#times = new Samples(clock)
  }

  /** This worker joins; once more, while it goes on, is the same rebalance. */
  begun(): void {
    this.#since ??= this.#clock.monotonic()
  }

  completed(): void {
    const now = this.#clock.monotonic()
    this.#times.record(now - (this.#since ?? now))
    this.#since = null
    this.#lastAt = now
    this.#completed++
  }

  read(place: {
    readonly protocol: string | null
    readonly leaderUrl: string | null
    readonly generation: number
  }): FigureGroup {
    return {
      group: 'connect-worker-rebalance-metrics',
      tags: {},
      values: {
        'connect-protocol': PROTOCOLS[place.protocol ?? ''] ?? '',
        'leader-name': place.leaderUrl ?? '',
        epoch: place.generation,
        'completed-rebalances-total': this.#completed,
        rebalancing: this.#since === null ? 0 : 1,
        'rebalance-max-time-ms': this.#times.max,
        'rebalance-avg-time-ms': this.#times.avg,
        'time-since-last-rebalance-ms': this.#lastAt === null ? Infinity : this.#clock.monotonic() - this.#lastAt,
      },
    }
  }
}
