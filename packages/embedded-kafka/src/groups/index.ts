import type { ApiHandler } from '../api/handler.ts'
import { consumerGroupDescribe } from './apis/consumer-group-describe.ts'
import { consumerGroupHeartbeat } from './apis/consumer-group-heartbeat.ts'
import { deleteGroups } from './apis/delete-groups.ts'
import { describeGroups } from './apis/describe-groups.ts'
import { heartbeat } from './apis/heartbeat.ts'
import { joinGroup } from './apis/join-group.ts'
import { leaveGroup } from './apis/leave-group.ts'
import { listGroups } from './apis/list-groups.ts'
import { offsetCommit } from './apis/offset-commit.ts'
import { offsetDelete } from './apis/offset-delete.ts'
import { offsetFetch } from './apis/offset-fetch.ts'
import { syncGroup } from './apis/sync-group.ts'
import { txnOffsetCommit } from './apis/txn-offset-commit.ts'

export { GroupCoordinator } from './coordinator.ts'

/** The group coordinator's own APIs: groups of both protocols, their offsets, their administration. */
export const groupApis: readonly ApiHandler[] = [
  joinGroup,
  syncGroup,
  heartbeat,
  leaveGroup,
  offsetCommit,
  offsetFetch,
  offsetDelete,
  txnOffsetCommit,
  describeGroups,
  listGroups,
  deleteGroups,
  consumerGroupHeartbeat,
  consumerGroupDescribe,
]
