/** Run as a process of its own: opens a state, commits one row, updates another, says so, and waits to be killed. */
import { LmdbState } from '../../../src/state/lmdb/lmdb-state.ts'
import type { TimestampedKeyValueStore } from '../../../src/state/stores.ts'
import { base } from '../definitions.ts'
import { TestContext } from '../test-context.ts'

const state = new LmdbState({ directory: process.argv[2]!, application: 'app', task: '0_0' })
const store = state.store({ ...base(), kind: 'timestampedKeyValue' }, new TestContext())
const rows = store as unknown as TimestampedKeyValueStore<string, string>
rows.put('committed', 'yes', 1)
state.commit(new Map([['store', 1]]))
rows.put('committed', 'no', 2)
rows.put('more', 'no', 2)
console.log('held')
setInterval(() => {}, 60_000)
