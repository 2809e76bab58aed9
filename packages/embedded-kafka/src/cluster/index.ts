/** What the cluster is: versions, nodes, topics, coordinators. */
import type { ApiHandler } from '../api/handler.ts'
import { apiVersions } from './api-versions.ts'
import { describeCluster } from './describe-cluster.ts'
import { describeTopicPartitions } from './describe-topic-partitions.ts'
import { findCoordinator } from './find-coordinator.ts'
import { metadata } from './metadata.ts'

export const clusterApis: readonly ApiHandler[] = [
  apiVersions,
  metadata,
  findCoordinator,
  describeCluster,
  describeTopicPartitions,
]
