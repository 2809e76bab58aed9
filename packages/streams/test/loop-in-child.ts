/** A process for tests: passes on what comes, exactly once, until a record says `loop`; from then on its processor never returns. */
import { connect } from '@sluice/kafka'
import { MemoryMetrics } from '@sluice/sdk'
import { KafkaStreams, Serdes, StreamsBuilder, streamsSettings } from '../src/index.ts'

const { ADDRESS: address = '', NAME: name = '', STATE: folder = '' } = process.env
const text = { key: Serdes.string, value: Serdes.string }
const builder = new StreamsBuilder()
builder
  .stream(`${name}.in`, text)
  .peek((_key, value) => {
    if (value !== 'loop') return
    process.stdout.write('loops\n')
    while (true);
  })
  .to(`${name}.out`, text)
const kafka = await connect({ bootstrapServers: address })
const settings = streamsSettings.parse({
  'application.id': name,
  'processing.guarantee': 'exactly_once_v2',
  'commit.interval.ms': '50',
  'session.timeout.ms': '6000',
  'state.dir': folder,
})
await new KafkaStreams(builder.build(), settings, { kafka, metrics: new MemoryMetrics() }).run()
