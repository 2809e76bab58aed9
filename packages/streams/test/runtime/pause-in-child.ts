/** An application that counts by key, with the keys of KEYS paused, until it is killed. */
import { connect } from '@sluice/kafka'
import { MemoryMetrics } from '@sluice/sdk'
import { KafkaStreams, Serdes, StreamsBuilder, streamsSettings } from '../../src/index.ts'

const { ADDRESS = '', NAME = '', STATE = '', KEYS = '' } = process.env
const text = { key: Serdes.string, value: Serdes.string }
const kafka = await connect({ bootstrapServers: ADDRESS })
const builder = new StreamsBuilder()
builder
  .stream(`${NAME}.in`, text)
  .groupByKey()
  .count({ materialized: { name: 'counts', engine: 'lmdb', caching: false } })
  .toStream()
  .mapValues(String)
  .to(`${NAME}.out`, text)
const settings = streamsSettings.parse({
  'application.id': NAME,
  'processing.guarantee': 'exactly_once_v2',
  'commit.interval.ms': '20',
  'group.instance.id': 'one',
  'state.dir': STATE,
})
const streams = new KafkaStreams(builder.build(), settings, { kafka, metrics: new MemoryMetrics() })
for (const key of KEYS.split(',').filter((one) => one !== '')) streams.pause({ topic: `${NAME}.in`, key })
await streams.run()
