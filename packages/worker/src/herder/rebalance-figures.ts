import type { Clock } from '@sluice/sdk'
import type { Work } from '../group/work-assignment.ts'
import type { WorkerGroup } from '../group/worker-group.ts'
import type { FigureGroup } from '../record-path/task-figures.ts'
import { Samples } from '../record-path/samples.ts'

/** Kafka Connect's words for the protocols of a group. */
const PROTOCOLS: Readonly<Record<string, string>> = {
  default: 'EAGER',
  compatible: 'COMPATIBLE',
  sessioned: 'SESSIONED',
}

/** The place in the group: what it holds, and rebalances, from the join to the start of what was assigned. */
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

  /** @param assigned what the group has given to this worker */
  read(
    { protocol, generation }: Pick<WorkerGroup, 'protocol' | 'generation'>,
    leaderUrl: string | null,
    assigned: Work,
  ): readonly FigureGroup[] {
    const rebalances = {
      'connect-protocol': PROTOCOLS[protocol ?? ''] ?? '',
      'leader-name': leaderUrl ?? '',
      epoch: generation,
      'completed-rebalances-total': this.#completed,
      rebalancing: this.#since === null ? 0 : 1,
      'rebalance-max-time-ms': this.#times.max,
      'rebalance-avg-time-ms': this.#times.avg,
      'time-since-last-rebalance-ms': this.#lastAt === null ? Infinity : this.#clock.monotonic() - this.#lastAt,
    }
    const counts = { 'assigned-connectors': assigned.connectors.length, 'assigned-tasks': assigned.tasks.length }
    return [
      { group: 'connect-worker-rebalance-metrics', tags: {}, values: rebalances },
      { group: 'connect-coordinator-metrics', tags: {}, values: counts },
    ]
  }
}
