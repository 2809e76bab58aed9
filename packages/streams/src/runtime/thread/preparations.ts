import type { CommittedOffset } from '@sluice/kafka'
import type { TopicPartition } from '@sluice/sdk'
import type { StreamTask } from '../../record-path/stream-task.ts'
import { keyOf } from '../partition-key.ts'
import type { RunningTasks } from '../tasks/running-tasks.ts'

interface PreparationParts {
  readonly tasks: Pick<RunningTasks, 'prepare' | 'discard'>
  committed(partitions: readonly TopicPartition[]): Promise<readonly CommittedOffset[]>
  /** Told when one has come to its end, well (null) or not. */
  onEnd(failure: { readonly error: unknown } | null): void
}

/** Tasks that are ready to begin, and what was committed of their partitions. */
export interface Prepared {
  readonly tasks: readonly StreamTask[]
  readonly committed: readonly CommittedOffset[]
}

/** Tasks on their way: made, and their stores filled. */
interface Preparation {
  readonly partitions: readonly TopicPartition[]
  /** Of the run. */
  readonly signal: AbortSignal
  readonly givingUp: AbortController
  prepared: Prepared | null
  /** Never rejects. */
  ended: Promise<void>
}

/** The tasks that a thread has been given and that do not run yet: they are made beside the running ones, since restoring may take long. */
export class Preparations {
  readonly #parts: PreparationParts
  /** Partitions whose tasks are being prepared, and by which preparation; a revoked one is taken out. */
  readonly #preparing = new Map<string, Preparation>()
  readonly #preparations = new Set<Preparation>()

  constructor(parts: PreparationParts) {
    this.#parts = parts
  }

  /** Whether everything that was given runs, or was taken away. */
  get isEmpty(): boolean {
    return this.#preparing.size === 0
  }

  has(partition: TopicPartition): boolean {
    return this.#preparing.has(keyOf(partition))
  }

  begin(partitions: readonly TopicPartition[], signal: AbortSignal): void {
    if (partitions.length === 0) return
    const { tasks } = this.#parts
    const givingUp = new AbortController()
    const ended = Promise.resolve()
    const preparation: Preparation = { partitions, signal, givingUp, prepared: null, ended }
    for (const partition of partitions) this.#preparing.set(keyOf(partition), preparation)
    this.#preparations.add(preparation)
    const prepare = async (): Promise<void> => {
      const committed = await this.#parts.committed(partitions)
      const either = AbortSignal.any([signal, givingUp.signal])
      preparation.prepared = { tasks: await tasks.prepare(partitions, committed, either), committed }
    }
    preparation.ended = prepare().then(
      () => this.#parts.onEnd(null),
      (error: unknown) => this.#parts.onEnd(givingUp.signal.aborted ? null : { error }),
    )
  }

  /**
   * They are somebody else's when it resolves, who may be in the same process and need the same directories: what is under way for them is
   * given up. What was with them is begun again; on disk it goes on where it was.
   */
  async forget(partitions: readonly TopicPartition[]): Promise<void> {
    const touched = new Set(partitions.flatMap((partition) => this.#preparing.get(keyOf(partition)) ?? []))
    for (const partition of partitions) this.#preparing.delete(keyOf(partition))
    for (const preparation of touched) {
      const kept = preparation.partitions.filter((one) => this.#preparing.get(keyOf(one)) === preparation)
      if (preparation.prepared === null) preparation.givingUp.abort(null)
      await preparation.ended
      if (preparation.prepared === null) {
        this.#preparations.delete(preparation)
        this.begin(kept, preparation.signal)
      } else await this.#discardOthers(preparation, preparation.prepared)
    }
  }

  /** What is ready; tasks that were taken away meanwhile are discarded. */
  async takeDone(): Promise<readonly Prepared[]> {
    const done: Prepared[] = []
    for (const preparation of this.#preparations) {
      const { prepared } = preparation
      if (prepared === null) continue
      this.#preparations.delete(preparation)
      const ours = await this.#discardOthers(preparation, prepared)
      for (const task of ours) for (const partition of task.partitions) this.#preparing.delete(keyOf(partition))
      done.push({ tasks: ours, committed: prepared.committed })
    }
    return done
  }

  /** One that was revoked and came back is prepared anew: others have gone on with it meanwhile. */
  async #discardOthers(preparation: Preparation, { tasks, committed }: Prepared): Promise<readonly StreamTask[]> {
    const isStillOurs = ({ partitions }: StreamTask): boolean =>
      partitions.every((partition) => this.#preparing.get(keyOf(partition)) === preparation)
    const ours = tasks.filter(isStillOurs)
    preparation.prepared = { tasks: ours, committed }
    for (const task of tasks) if (!ours.includes(task)) await this.#parts.tasks.discard(task)
    return ours
  }

  /** Waits for all of them, and discards their tasks. */
  async end(): Promise<void> {
    for (const { ended } of this.#preparations) await ended
    const tasks = [...this.#preparations].flatMap(({ prepared }) => prepared?.tasks ?? [])
    this.#preparations.clear()
    await Promise.all(tasks.map((task) => this.#parts.tasks.discard(task)))
  }
}
