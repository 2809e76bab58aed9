/** A producer of transactions on a fake cluster, for tests that see one producer from all sides. */
import type { ApiName } from '@sluice/kafka-protocol'
import type { SluiceError } from '@sluice/sdk'
import {
  type GroupIdentity,
  type Kafka,
  type ProducerRecord,
  type TransactionalProducer,
  type TransactionalProducerOptions,
  connect,
} from '../../src/index.ts'
import { FakeCluster, type FakeTopic } from '../fake/fake-cluster.ts'
import { batchOf, committedValues } from '../fake/fake-transactions.ts'

export const ID = 'copier'
export const GROUP: GroupIdentity = { groupId: 'g', generationId: -1, memberId: '', instanceId: null }

export let cluster: FakeCluster
export let kafka: Kafka
export let topic: FakeTopic
export let producer: TransactionalProducer

/** A cluster that finalises `transaction.version` so, and a client. */
export async function start(version: number, brokers = 1, partitions = 3): Promise<void> {
  cluster = await FakeCluster.start(brokers)
  cluster.transactions.version = version
  topic = cluster.createTopic('t', partitions)
  kafka = await connect({ bootstrapServers: cluster.bootstrap, requestTimeoutMs: 300, reconnectBackoffMaxMs: 100 })
}

export async function open(
  version: number,
  options: Partial<TransactionalProducerOptions> = {},
  brokers = 1,
  partitions = 3,
): Promise<void> {
  await start(version, brokers, partitions)
  await takeOver(options)
}

/** Another producer of the same id, from now on the one that tests use. */
export async function takeOver(options: Partial<TransactionalProducerOptions> = {}): Promise<void> {
  producer = await kafka.transactionalProducer({ transactionalId: ID, ...options })
}

export async function stop(): Promise<void> {
  await kafka.close()
  await cluster.stop()
}

export const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i)
export const record = (value: string, partition = 0): ProducerRecord => ({
  topic: 't',
  partition,
  key: null,
  value: Buffer.from(value),
  timestamp: null,
  headers: null,
})
export const offset = (at: number): { topic: string; partition: number; offset: number; metadata: string } => ({
  topic: 't',
  partition: 0,
  offset: at,
  metadata: '',
})
export const committed = (partition = 0): string[] => committedValues(topic.partitions[partition]!)
export const committedOffset = (): number | undefined => cluster.committed.get('g t 0')?.offset
export const refusal = (work: Promise<unknown>): Promise<SluiceError> =>
  work.then(
    () => Promise.reject(new Error('was not refused')),
    (error: SluiceError) => error,
  )
export const versionsOf = (api: ApiName): number[] =>
  cluster.requests.filter((request) => request.api === api).map(({ version }) => version)

/** One transaction with these values, each in a partition of its own, and an offset. */
export async function commit(...values: string[]): Promise<void> {
  producer.begin()
  void producer.produce(values.map((value, partition) => record(value, partition)))
  void producer.sendOffsets(GROUP, [offset(values.length)])
  await producer.commit()
}

/** Epoch and first sequence of every batch that reached the partition, answered or not. */
export function attempts(partition = 0): (readonly [epoch: number, sequence: number])[] {
  return cluster.requests.flatMap(({ api, body }) => {
    if (api !== 'Produce') return []
    const { topicData } = body as { topicData: { partitionData: { index: number; records: Uint8Array }[] }[] }
    return topicData.flatMap(({ partitionData }) =>
      partitionData
        .filter(({ index }) => index === partition)
        .map(({ records }) => [batchOf(records).producerEpoch, batchOf(records).baseSequence] as const),
    )
  })
}
