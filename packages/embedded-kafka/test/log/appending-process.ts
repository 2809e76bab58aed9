/** Appends to a log until it is killed, and prints each offset behind it: `node appending-process.ts DIRECTORY`. */
import { writeSync } from 'node:fs'
import { BatchAppender } from '@sluice/kafka-protocol'
import { BrokerClock } from '../../src/clock.ts'
import { openTopics } from '../../src/topics/open-topics.ts'

const opened = openTopics({
  dataDir: process.argv[2]!,
  clock: new BrokerClock(),
  setting: () => 86_400_000,
  leaders: { leaderFor: () => 1, isAlive: () => true },
  brokerOverride: () => undefined,
})
const topic = opened.topics.get('orders') ?? opened.topics.create('orders', 1, { 'internal.segment.bytes': '100000' })
const { log } = topic.partitions[0]!

for (;;) {
  const appender = new BatchAppender(new Uint8Array(4096))
  const next = log.endOffset
  for (let i = 0; i < 10; i++) appender.append(null, Buffer.from(`record ${next + i}`), Date.now())
  log.append(appender.seal(), 0)
  writeSync(1, `${log.endOffset}\n`)
}
