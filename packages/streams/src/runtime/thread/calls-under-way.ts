import type { Clock, SluiceError } from '@sluice/sdk'
import type { StreamTask } from '../../record-path/stream-task.ts'
import { isDoneIn } from './in-time.ts'
import type { RunningTasks } from '../tasks/running-tasks.ts'

/** Calls of user code that the records of a thread's tasks wait for. What a commit covers must be done with. */
export class CallsUnderWay {
  readonly #tasks: Pick<RunningTasks, 'all'>
  #areAwaited = false
  /** To be done as soon as they are waited for. */
  readonly #meanwhile = new Set<() => void>()

  constructor(tasks: Pick<RunningTasks, 'all'>) {
    this.#tasks = tasks
  }

  /** Whether no record waits for one. */
  get areOver(): boolean {
    for (const { calls } of this.#tasks.all) if (!calls.isEmpty) return false
    return true
  }

  /** Whether a commit waits for them: then no record is begun. */
  get areAwaited(): boolean {
    return this.#areAwaited
  }

  /**
   * Resolves when all of them are over and what they came to has been dealt with, by rounds of their tasks. No record is begun meanwhile,
   * nor afterwards before `goOn`.
   * @returns the reason to stop, if a round has one
   */
  async over(round: (task: StreamTask) => SluiceError | null): Promise<SluiceError | null> {
    if (this.areOver) return null
    const isBusy = ({ calls }: StreamTask): boolean => !calls.isEmpty
    const tasks = [...this.#tasks.all]
    this.#areAwaited = true
    for (const task of tasks) task.isHeld = true
    for (const act of this.#meanwhile) act()
    this.#meanwhile.clear()
    for (let busy = tasks.filter(isBusy); busy.length > 0; busy = busy.filter(isBusy)) {
      await Promise.race(busy.map(({ calls }) => calls.progress()))
      // One that has been closed meanwhile has none any more.
      for (const task of busy.filter(isBusy)) {
        const stop = round(task)
        if (stop !== null) return stop
      }
    }
    return null
  }

  /**
   * Resolves when something is done that may have to wait for them. If that takes too long, `instead` is begun: now, when they are waited for,
   * or else as soon as they are.
   */
  async orInstead(done: Promise<void>, timeoutMs: number, clock: Clock, instead: () => Promise<void>): Promise<void> {
    if (await isDoneIn(timeoutMs, clock, () => done)) return
    const ended = Promise.withResolvers<void>()
    // Where no others are waited for, the commit goes on at once, and it is of the place that was held before.
    const act = (): void =>
      void instead().finally(() => {
        if (!this.areOver) ended.resolve()
      })
    if (this.#areAwaited) act()
    else this.#meanwhile.add(act)
    await Promise.race([done, ended.promise])
    this.#meanwhile.delete(act)
  }

  /** Records are begun again. Returns the tasks that have waited for that. */
  goOn(): readonly StreamTask[] {
    this.#areAwaited = false
    const held = [...this.#tasks.all].filter(({ isHeld }) => isHeld)
    for (const task of held) task.isHeld = false
    return held
  }
}
