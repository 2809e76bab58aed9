/**
 * An application whose state is a table of many keys, in a process of its own: `restore-app.ts ADDRESS STATE_DIR SNAPSHOT_URL|- STANDBYS`.
 * Prints a line of JSON for each thing that matters: `running` with the CPU-seconds and milliseconds since the run began, and `snapshot`
 * for each that was taken. Told `watch`, it measures from then on; told `report`, it says what it has cost; told `stop`, it stops.
 */
import { createInterface } from 'node:readline'
import { connect } from '@sluice/kafka'
import { MemoryMetrics, silentLogger, type Logger } from '@sluice/sdk'
import { KafkaStreams, Serdes, StreamsBuilder, streamsSettings } from '@sluice/streams'
import { RESTORED } from './restored-table.ts'

const [address, stateDirectory, snapshotUrl, standbys] = process.argv.slice(2) as [string, string, string, string]
let begun = process.cpuUsage()
let begunAt = performance.now()
const say = (what: string, facts: object = {}): void => {
  const { user, system } = process.cpuUsage(begun)
  const memoryMiB = process.resourceUsage().maxRSS / 1024
  const cost = { cpuSeconds: (user + system) / 1e6, ms: performance.now() - begunAt, memoryMiB }
  console.log(JSON.stringify({ what, ...cost, ...facts }))
}
const logger: Logger = {
  ...silentLogger,
  child: () => logger,
  info: (message, facts) => say(message, facts),
  warn: (message, facts) => say(message, facts),
  error: (message, facts) => say(message, facts),
}
const builder = new StreamsBuilder()
builder
  .stream(RESTORED.input, { key: Serdes.string, value: Serdes.string })
  .groupByKey()
  .reduce((_old, value) => value, { materialized: { name: RESTORED.store, value: Serdes.string } })
const settings = streamsSettings.parse({
  'application.id': RESTORED.application,
  'state.dir': stateDirectory,
  'snapshot.interval.ms': '1000',
  'num.standby.replicas': standbys,
  'session.timeout.ms': '10000',
  'heartbeat.interval.ms': '500',
  ...(snapshotUrl === '-' ? {} : { 'snapshot.url': snapshotUrl }),
})
const kafka = await connect({ bootstrapServers: address })
const stop = new AbortController()
const streams = new KafkaStreams(builder.build(), settings, {
  kafka,
  metrics: new MemoryMetrics(),
  logger,
  onState: (state) => say(state, { partitions: streams.progress().length }),
})
createInterface({ input: process.stdin }).on('line', (line) => {
  if (line === 'watch') {
    begun = process.cpuUsage()
    begunAt = performance.now()
    say('watching')
  } else if (line === 'stop') stop.abort()
})
begun = process.cpuUsage()
begunAt = performance.now()
await streams.run({ signal: stop.signal })
await kafka.close()
process.exit(0)
