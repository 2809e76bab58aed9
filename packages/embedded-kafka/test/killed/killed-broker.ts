/** A broker to be killed: `killed-broker.ts DIR`. Tells its port to its parent, and compacts the topics it is told. */
import { startEmbeddedKafka } from '../../src/embedded-kafka.ts'

const kafka = await startEmbeddedKafka({
  dataDir: process.argv[2]!,
  configs: {
    'offsets.topic.num.partitions': '3',
    'transaction.state.log.num.partitions': '3',
  },
  log: (level, message) => void (level === 'error' && process.send!({ error: message })),
})
process.on('message', (topic: string) => kafka.compactNow(topic))
process.send!({ port: kafka.addresses[0]!.port })
