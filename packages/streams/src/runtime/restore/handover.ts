/** The rows of stores in memory on their way from a copy to the task that goes on with them. What is on disk is in the directory. */
import type { ChangelogRecord, StoreImage } from '../../state/store-context.ts'
import type { RestoringStore } from './restoration.ts'
import type { TaskState } from './task-state.ts'

const ROWS_AT_ONCE = 5_000

/** Where a task finds the state that it begins with. */
export interface StateSource {
  /** Fills the stores in memory that it has, and says where all changelogs go on. */
  fillStores(state: TaskState, restoring: readonly RestoringStore[], signal: AbortSignal): Promise<RestoringStore[]>
}

export class Handover implements StateSource {
  readonly #rows: readonly { readonly store: string; readonly position: number; readonly image: StoreImage }[]

  constructor(rows: readonly { readonly store: string; readonly position: number; readonly image: StoreImage }[]) {
    this.#rows = rows
  }

  fillStores(state: TaskState, restoring: readonly RestoringStore[]): Promise<RestoringStore[]> {
    const begun = restoring.map((one) => {
      const found = this.#rows.find(({ store }) => store === one.store)
      if (found === undefined) return one
      const { position, image } = found
      const store = state.store(one.store)
      let some: ChangelogRecord[] = []
      for (const row of image.rows) {
        some.push({ ...row, headers: null, offset: -1 })
        if (some.length < ROWS_AT_ONCE) continue
        state.restore(store, some, position)
        some = []
      }
      state.restore(store, some, position)
      store.resume(image.counters)
      return { ...one, from: position }
    })
    return Promise.resolve(begun)
  }
}
