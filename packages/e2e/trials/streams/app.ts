/** An instance of the application on trial, in a process that is killed and frozen: `app.ts ADDRESS PREFIX GUARANTEE STATE_DIR`. */
import { connect } from '@sluice/kafka'
import { consoleLogger } from './console-logger.ts'
import { MemoryMetrics } from '@sluice/sdk'
import { KafkaStreams, streamsSettings } from '@sluice/streams'
import { topologyOf } from './pipelines.ts'

const [address, prefix, guarantee, stateDir] = process.argv.slice(2) as [string, string, string, string]
const logger = consoleLogger
const kafka = await connect({ bootstrapServers: address, logger })
const settings = streamsSettings.parse({
  'application.id': prefix,
  'processing.guarantee': guarantee,
  'commit.interval.ms': '100',
  'session.timeout.ms': '6000',
  'heartbeat.interval.ms': '500',
  'transaction.timeout.ms': '6000',
  'retry.backoff.ms': '50',
  'state.dir': stateDir,
})
const stop = new AbortController()
process.once('SIGTERM', () => stop.abort())
const streams = new KafkaStreams(topologyOf(prefix), settings, {
  kafka,
  logger,
  metrics: new MemoryMetrics(),
  onState: (state) => console.log(`state ${state}`),
})
await streams.run({ signal: stop.signal })
await kafka.close()
