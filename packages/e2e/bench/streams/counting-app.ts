/**
 * An application that counts what comes, in a process of its own until it is ended: `counting-app.ts ADDRESS GUARANTEE ID STATE_DIR`.
 * Prints a line when it runs.
 */
import { connect } from '@sluice/kafka'
import { MemoryMetrics } from '@sluice/sdk'
import { KafkaStreams, Serdes, StreamsBuilder, streamsSettings } from '@sluice/streams'
import { PARTITIONS } from './topics.ts'

const [address, guarantee, id, stateDir] = process.argv.slice(2) as [string, string, string, string]
const kafka = await connect({ bootstrapServers: address })
await kafka.admin.ensureTopics([`${id}-in`, `${id}-out`].map((topic) => ({ topic, partitions: PARTITIONS })))
const builder = new StreamsBuilder()
builder
  .stream(`${id}-in`, { key: Serdes.string, value: Serdes.json() })
  .groupByKey()
  .count({ materialized: { name: 'counts', caching: false } })
  .toStream()
  .to(`${id}-out`, { key: Serdes.string, value: Serdes.long })
const settings = streamsSettings.parse({
  'application.id': id,
  'processing.guarantee': guarantee,
  'commit.interval.ms': '100',
  'session.timeout.ms': '6000',
  'heartbeat.interval.ms': '2000',
  'state.dir': stateDir,
})
const over = new AbortController()
process.once('SIGTERM', () => over.abort(null))
const streams = new KafkaStreams(builder.build(), settings, {
  kafka,
  metrics: new MemoryMetrics(),
  onState: (state) => {
    if (state === 'RUNNING') console.log(state)
  },
})
await streams.run({ signal: over.signal })
await kafka.close()
