/**
 * A process for tests to kill: counts by key, exactly once, with snapshots, in a state directory that nobody has had before. Writes a line
 * when it runs, and one for each snapshot.
 */
import { connect } from '@sluice/kafka'
import { MemoryMetrics, silentLogger, type Logger } from '@sluice/sdk'
import { KafkaStreams, Serdes, StreamsBuilder, streamsSettings, type StoreEngine } from '../../src/index.ts'

const {
  ADDRESS: address = '',
  NAME: name = '',
  STATE: state = '',
  SNAPSHOTS: snapshots = '',
  ENGINE = '',
} = process.env
const text = { key: Serdes.string, value: Serdes.string }
const say = (what: string): void => void process.stdout.write(`${what}\n`)
const logger: Logger = {
  ...silentLogger,
  child: () => logger,
  info: (message) => say(message),
  warn: (message, facts) => say(`${message} ${JSON.stringify(facts)}`),
}
// Sent for a write beyond the limit of a test; without a listener it ends the process.
process.on('SIGXFSZ', () => {})
const builder = new StreamsBuilder()
builder
  .stream(`${name}.in`, text)
  .groupByKey()
  .count({ materialized: { name: 'counts', engine: ENGINE as StoreEngine, caching: false } })
  .toStream()
  .mapValues(String)
  .to(`${name}.out`, text)
const kafka = await connect({ bootstrapServers: address })
const settings = streamsSettings.parse({
  'application.id': name,
  'processing.guarantee': 'exactly_once_v2',
  'commit.interval.ms': '20',
  'group.instance.id': 'one',
  'state.dir': state,
  'snapshot.url': snapshots,
  'snapshot.interval.ms': '1000',
})
const streams = new KafkaStreams(builder.build(), settings, {
  kafka,
  metrics: new MemoryMetrics(),
  logger,
  onState: (now) => {
    if (now === 'RUNNING') say('running')
  },
})
await streams.run()
