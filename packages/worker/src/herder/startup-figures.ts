import type { Clock } from '@sluice/sdk'
import { Samples } from '../record-path/samples.ts'
import type { TaskId, WorkState } from './herder.ts'
import { taskKey } from './holdings.ts'

type Kind = 'connector' | 'task'

/** Starts, and whether what was started came up: a part of `connect-worker-metrics`. A start counts when that is known. */
export class StartupFigures {
  readonly #pending = new Set<string>()
  /** 1: came up; 0: did not. */
  readonly #outcomes: Readonly<Record<Kind, Samples>>
  readonly #counts = { connector: { success: 0, failure: 0 }, task: { success: 0, failure: 0 } }

  constructor(clock: Clock) {
    this.#outcomes = { connector: new Samples(clock), task: new Samples(clock) }
  }

  starting(work: string | TaskId): void {
    this.#pending.add(keyOf(work))
  }

  /** Only the first RUNNING or FAILED after a start says what came of it: paused, it has not come up yet. */
  told(work: string | TaskId, state: WorkState): void {
    if ((state !== 'RUNNING' && state !== 'FAILED') || !this.#pending.delete(keyOf(work))) return
    const kind = kindOf(work)
    const isUp = state === 'RUNNING'
    this.#counts[kind][isUp ? 'success' : 'failure']++
    this.#outcomes[kind].record(isUp ? 1 : 0)
  }

  stopped(work: string | TaskId): void {
    this.#pending.delete(keyOf(work))
  }

  values(kind: Kind): Readonly<Record<string, number>> {
    const { success, failure } = this.#counts[kind]
    const rate = this.#outcomes[kind].avg
    return {
      [`${kind}-startup-attempts-total`]: success + failure,
      [`${kind}-startup-success-total`]: success,
      [`${kind}-startup-success-percentage`]: Number.isNaN(rate) ? 0 : rate,
      [`${kind}-startup-failure-total`]: failure,
      [`${kind}-startup-failure-percentage`]: Number.isNaN(rate) ? 0 : 1 - rate,
    }
  }
}

function kindOf(work: string | TaskId): Kind {
  return typeof work === 'string' ? 'connector' : 'task'
}

function keyOf(work: string | TaskId): string {
  return typeof work === 'string' ? `connector ${work}` : `task ${taskKey(work)}`
}
