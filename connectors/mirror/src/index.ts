/** A mirror of one Kafka cluster on another: topics, the offsets of consumer groups, and that it is alive. */
import type { Connector } from '@sluice/sdk'
import { mirrorCheckpoint } from './checkpoint/checkpoint-connector.ts'
import { mirrorHeartbeat } from './heartbeat-connector.ts'
import { mirrorSource } from './source/source-connector.ts'

export { mirrorCheckpoint, mirrorHeartbeat, mirrorSource }

const connectors = [mirrorSource, mirrorCheckpoint, mirrorHeartbeat] as unknown as readonly Connector[]
export default connectors
