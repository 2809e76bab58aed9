/** Run as a process of its own that may write little: commits until there is no room, and says what it was told. */
import { SluiceError } from '@sluice/sdk'
import { LmdbState } from '../../../src/state/lmdb/lmdb-state.ts'
import type { TimestampedKeyValueStore } from '../../../src/state/stores.ts'
import { base } from '../definitions.ts'
import { TestContext } from '../test-context.ts'

// Sent for a write beyond the limit; without a listener it ends the process.
process.on('SIGXFSZ', () => {})
const state = new LmdbState({ directory: process.argv[2]!, application: 'app', task: '0_0' })
const store = state.store({ ...base(), kind: 'timestampedKeyValue' }, new TestContext())
const rows = store as unknown as TimestampedKeyValueStore<string, string>
let commits = 0
let failure: SluiceError | null = null
while (failure === null && commits < 1000) {
  for (let row = 0; row < 1000; row++) rows.put(`${commits} ${row}`, 'v'.repeat(200), 1)
  rows.put(`${commits} 0`, 'row of the failed commit', 1)
  try {
    state.commit(new Map([['store', commits + 1]]))
    commits++
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error
    failure = error
  }
}
const held = rows.get(`${commits} 0`)?.value
console.log(JSON.stringify({ code: failure?.code, retriable: failure?.retriable, commits, held }))
