/** Records in, records out, and where they lie. `produce.ts` and `fetch.ts` conduct. */
import type { ApiHandler } from '../api/handler.ts'
import { deleteRecords } from './delete-records.ts'
import { FetchSessions } from './fetch-sessions.ts'
import { fetch } from './fetch.ts'
import { listOffsets } from './list-offsets.ts'
import { offsetForLeaderEpoch } from './offset-for-leader-epoch.ts'
import { produce } from './produce.ts'

export { FetchSessions }

export function recordApis(sessions: FetchSessions): readonly ApiHandler[] {
  return [produce, fetch(sessions), listOffsets, offsetForLeaderEpoch, deleteRecords]
}
