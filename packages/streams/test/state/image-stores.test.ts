import { memoryStores } from '../../src/state/create-store.ts'
import { framesOfRows, rowsOfFrame } from '../../src/state/snapshots/row-frames.ts'
import type { TaskStore } from '../../src/state/store-context.ts'
import { storeContract } from './contract.ts'
import { TestContext } from './test-context.ts'

/** What a snapshot of a store in memory is made of is all of it: after each restart the store is the image of the one before. */
storeContract('memory, from images,', 2000, (definition) => {
  const context = new TestContext()
  let store: TaskStore = memoryStores(definition, context)
  return Promise.resolve({
    context,
    store: () => store,
    commit: () => store.flush(),
    reopen() {
      store.flush()
      const { rows, counters } = store.image()
      const next = memoryStores(definition, context)
      for (const frame of framesOfRows(rows)) next.restore(rowsOfFrame(frame))
      next.resume(counters)
      store.close()
      store = next
      return Promise.resolve()
    },
    end() {
      store.close()
      return Promise.resolve()
    },
  })
})
