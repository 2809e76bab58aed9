/**
 * One application in a process of its own: `app.ts ADDRESS TOPOLOGY GUARANTEE ID STATE_DIR`. Processes what there is, and prints what
 * that cost as a line of JSON: seconds of CPU until it runs and from then on, MiB at most.
 */
import { connect } from '@sluice/kafka'
import { MemoryMetrics } from '@sluice/sdk'
import { KafkaStreams, streamsSettings } from '@sluice/streams'
import { KEPT, PARTITIONS } from './topics.ts'
import { topologyOf } from './topologies.ts'

const [address, name, guarantee, id, stateDir] = process.argv.slice(2) as [string, string, string, string, string]
const kafka = await connect({ bootstrapServers: address })
await kafka.admin.ensureTopics([{ topic: `${id}-out`, partitions: PARTITIONS, configs: KEPT }])
const settings = streamsSettings.parse({
  'application.id': id,
  'processing.guarantee': guarantee,
  'state.dir': stateDir,
})
let running = process.cpuUsage()
let runningAt = 0
const streams = new KafkaStreams(topologyOf(name, `${id}-out`), settings, {
  kafka,
  metrics: new MemoryMetrics(),
  onState: (state) => {
    if (state !== 'RUNNING' || runningAt > 0) return
    runningAt = performance.now()
    running = process.cpuUsage()
  },
})
await streams.run({ until: 'end' })
const work = process.cpuUsage(running)
console.log(
  JSON.stringify({
    startCpuSeconds: (running.user + running.system) / 1e6,
    startMs: runningAt,
    workCpuSeconds: (work.user + work.system) / 1e6,
    workMs: performance.now() - runningAt,
    memoryMiB: process.resourceUsage().maxRSS / 1024,
  }),
)
await kafka.close()
