import type { SluiceError } from '@sluice/sdk'
import type { StreamTask } from '../../record-path/stream-task.ts'
import type { RunningTasks } from '../tasks/running-tasks.ts'

/** Calls of user code that the records of a thread's tasks wait for. What a commit covers must be done with. */
export class CallsUnderWay {
  readonly #tasks: Pick<RunningTasks, 'all'>
  #areAwaited = false

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
    for (let busy = tasks.filter(isBusy); busy.length > 0; busy = busy.filter(isBusy)) {
      await Promise.race(busy.map(({ calls }) => calls.progress()))
      for (const task of busy) {
        const stop = round(task)
        if (stop !== null) return stop
      }
    }
    return null
  }

  /** Records are begun again. Returns the tasks that have waited for that. */
  goOn(): readonly StreamTask[] {
    this.#areAwaited = false
    const held = [...this.#tasks.all].filter(({ isHeld }) => isHeld)
    for (const task of held) task.isHeld = false
    return held
  }
}
