import type { ApiHandler } from '../api/handler.ts'
import { alterConfigs, incrementalAlterConfigs } from './alter-configs.ts'
import { createPartitions } from './create-partitions.ts'
import { createTopics } from './create-topics.ts'
import { deleteTopics } from './delete-topics.ts'
import { describeConfigs } from './describe-configs.ts'
import { describeLogDirs } from './describe-log-dirs.ts'
import { electLeaders } from './elect-leaders.ts'
import { listConfigResources } from './list-config-resources.ts'
import { alterPartitionReassignments, listPartitionReassignments } from './partition-reassignments.ts'
import { updateFeatures } from './update-features.ts'

/** Administration of topics, partitions, settings and features. */
export const adminApis: readonly ApiHandler[] = [
  createTopics,
  deleteTopics,
  createPartitions,
  describeConfigs,
  alterConfigs,
  incrementalAlterConfigs,
  listConfigResources,
  describeLogDirs,
  electLeaders,
  alterPartitionReassignments,
  listPartitionReassignments,
  updateFeatures,
]
