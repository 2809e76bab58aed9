import { memoryStores } from '../../src/state/create-store.ts'
import type { TaskStore } from '../../src/state/store-context.ts'
import { storeContract } from './contract.ts'
import { TestContext } from './test-context.ts'

/** A store in memory is gone with its task: what it is after a restart is what its changelog makes it. */
storeContract('memory', 2000, (definition) => {
  const context = new TestContext()
  let store: TaskStore = memoryStores(definition, context)
  return Promise.resolve({
    context,
    store: () => store,
    commit: () => store.flush(),
    reopen() {
      store.flush()
      store.close()
      store = memoryStores(definition, context)
      store.restore(context.records())
      return Promise.resolve()
    },
    end() {
      store.close()
      return Promise.resolve()
    },
  })
})
