/**
 * A process for tests to kill: runs the numbers topology until it is, taking some 50 µs per record, so that there is time to. Writes a
 * line when it begins to process.
 */
import { connect } from '@sluice/kafka'
import { MemoryMetrics, type StructValue } from '@sluice/sdk'
import { KafkaStreams, Serdes, StreamsBuilder, streamsSettings } from '../src/index.ts'

const { ADDRESS: address = '', NAME: name = '' } = process.env
const json = Serdes.json<StructValue>()
const builder = new StreamsBuilder()
builder
  .stream(`${name}.raw`, { value: json, quarantine: `${name}.quarantine` })
  .mapValues((value): StructValue => {
    const until = performance.now() + 0.05
    while (performance.now() < until);
    return { n: value?.['n'] ?? null }
  })
  .gate({
    id: 'numbers',
    mode: 'enforce',
    ruleset: {
      id: 'numbers',
      version: 1,
      checks: [{ id: 'not_three', check: 'expr', params: { expression: 'int(value.n) % 10 != 3' } }],
    },
  })
  .to(`${name}.clean`, { value: json })
const kafka = await connect({ bootstrapServers: address })
const settings = streamsSettings.parse({
  'application.id': name,
  'commit.interval.ms': '20',
  'group.instance.id': 'one',
})
const streams = new KafkaStreams(builder.build(), settings, {
  kafka,
  metrics: new MemoryMetrics(),
  onState: (state) => {
    if (state === 'RUNNING') process.stdout.write('running\n')
  },
})
await streams.run()
