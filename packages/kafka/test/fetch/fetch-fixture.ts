/** A fake cluster with one topic, `t`, and a fetcher of it: one at a time, opened by each test. */
import { BatchAppender, type RequestBody } from '@sluice/kafka-protocol'
import { type Fetcher, type FetcherOptions, type Kafka, connect } from '../../src/index.ts'
import { FakeCluster, type FakeTopic } from '../fake/fake-cluster.ts'

export type FetchBody = RequestBody<'Fetch'>

export let cluster: FakeCluster
export let kafka: Kafka
export let topic: FakeTopic
export let fetcher: Fetcher

export async function open(options: FetcherOptions = {}, brokers = 1, partitions = 1): Promise<void> {
  cluster = await FakeCluster.start(brokers)
  topic = cluster.createTopic('t', partitions)
  kafka = await connect({ bootstrapServers: cluster.bootstrap, requestTimeoutMs: 500 })
  fetcher = kafka.fetcher({ maxWaitMs: 100, ...options })
}

export function write(partition: number, ...values: string[]): void {
  const appender = new BatchAppender(Buffer.alloc(100_000))
  for (const value of values) appender.append(null, Buffer.from(value), 1)
  topic.partitions[partition]!.appendUnchecked(appender.seal())
}

export const assign = (...offsets: number[]): void =>
  fetcher.assign(offsets.map((offset, partition) => ({ topic: 't', partition, offset })))

export async function collect(count: number): Promise<string[]> {
  const values: string[] = []
  while (values.length < count) {
    for (const { batches } of await fetcher.poll(200)) {
      for (const records of batches) {
        for (let i = 0; i < records.count; i++) values.push(Buffer.from(records.value(i)!).toString())
      }
    }
  }
  return values
}

export async function close(): Promise<void> {
  await kafka.close()
  await cluster.stop()
}
