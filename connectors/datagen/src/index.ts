/** Sources of records that nobody had before: made up ones, changes of made up tables, and heartbeats. */
import type { Connector } from '@sluice/sdk'
import { datagenSource } from './datagen-source.ts'
import { heartbeatSource } from './heartbeat-source.ts'

export { datagenSource, heartbeatSource }

const connectors: readonly Connector[] = [datagenSource, heartbeatSource]
export default connectors
