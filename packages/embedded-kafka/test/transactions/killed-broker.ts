/** A broker to be killed: `killed-broker.ts DIR LATE_MARKERS_MS`; prints its port. */
import { startEmbeddedKafka } from '../../src/embedded-kafka.ts'

const kafka = await startEmbeddedKafka({ dataDir: process.argv[2]! })
kafka.lateMarkers(Number(process.argv[3]))
process.stdout.write(`${kafka.addresses[0]!.port}\n`)
