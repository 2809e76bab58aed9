/** Our side of the application that is taken over and given back: `taken-over-app.ts ADDRESS APPLICATION STATE_DIR [MUTANT]`. */
import { connect } from '@sluice/kafka'
import { MemoryMetrics } from '@sluice/sdk'
import { KafkaStreams, streamsSettings } from '@sluice/streams'
import { consoleLogger as logger } from './console-logger.ts'
import { topologyOf, type Mutant } from './taken-over.ts'

const [address, application, stateDir, mutant] = process.argv.slice(2) as [string, string, string, Mutant | undefined]
const kafka = await connect({ bootstrapServers: address, logger })
const settings = streamsSettings.parse({
  'application.id': application,
  'processing.guarantee': 'exactly_once_v2',
  'commit.interval.ms': '100',
  'session.timeout.ms': '6000',
  'heartbeat.interval.ms': '500',
  'transaction.timeout.ms': '6000',
  'retry.backoff.ms': '50',
  'state.dir': stateDir,
})
const stop = new AbortController()
process.once('SIGTERM', () => stop.abort())
const ports = { kafka, logger, metrics: new MemoryMetrics(), onState: (state: string) => console.log(`state ${state}`) }
await new KafkaStreams(topologyOf(application, mutant ?? null), settings, ports).run({ signal: stop.signal })
await kafka.close()
