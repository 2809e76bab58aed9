/** Every API that the broker serves: one line a part. What is not here is not advertised. */
import { adminApis } from '../admin/index.ts'
import { clusterApis } from '../cluster/index.ts'
import { groupApis } from '../groups/index.ts'
import { type FetchSessions, recordApis } from '../record-path/index.ts'
import type { Security } from '../security/index.ts'
import { transactionApis } from '../transactions/index.ts'
import type { ApiHandler } from './handler.ts'

export function brokerApis(sessions: FetchSessions, security: Security): readonly ApiHandler[] {
  return [...clusterApis, ...adminApis, ...recordApis(sessions), ...groupApis, ...transactionApis, ...security.apis]
}
