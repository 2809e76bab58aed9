import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { LmdbState } from '../../src/state/lmdb/lmdb-state.ts'
import type { TaskStore } from '../../src/state/store-context.ts'
import { storeContract } from './contract.ts'
import { TestContext } from './test-context.ts'

/** A store on disk is, after a restart, what its last commit made it: here each restart follows a commit. */
storeContract('LMDB', 1000, (definition) => {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-state-'))
  const context = new TestContext()
  const options = { directory, application: 'app', task: '0_0' }
  let state = new LmdbState(options)
  let store: TaskStore = state.store(definition, context)
  const commit = (): void => {
    store.flush()
    state.commit(new Map([[definition.name, context.logged.length]]))
  }
  return Promise.resolve({
    context,
    store: () => store,
    commit,
    async reopen() {
      commit()
      store.close()
      await state.close()
      state = new LmdbState(options)
      store = state.store(definition, context)
    },
    async end() {
      store.close()
      await state.close()
      fs.rmSync(directory, { recursive: true })
    },
  })
})
