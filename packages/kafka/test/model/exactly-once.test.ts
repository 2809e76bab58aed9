/**
 * A topic copied into another one by a group of members with transactions, while requests and answers are lost, late and refused,
 * leaders and coordinators move, members and transactions expire, producers are fenced, and members crash. The model: the copy
 * holds each record of the original once, in order, whoever copied it.
 */
import { expect, test } from '@jest/globals'
import { type EmbeddedKafka, type Verdict, fault, startEmbeddedKafka } from '@sluice/embedded-kafka'
import type { ApiName, KafkaErrorName } from '@sluice/kafka-protocol'
import { SluiceError } from '@sluice/sdk'
import {
  type CommittedOffset,
  type FetchedPartition,
  type Kafka,
  type ProducerRecord,
  type TransactionalProducer,
  connect,
} from '../../src/index.ts'
import { SeededRandom } from '@sluice/sdk/testing'
import { pause, seeds } from './seeded.ts'

const GROUP = 'copiers'
const PARTITIONS = 4
const RECORDS = 1500
const NODES = 3
const COPIERS = 3
const HAUNTED_MS = 6_000

/** What a coordinator says while it is busy, moves, or is not there. */
const UNSURE: readonly KafkaErrorName[] = [
  'COORDINATOR_LOAD_IN_PROGRESS',
  'COORDINATOR_NOT_AVAILABLE',
  'NOT_COORDINATOR',
]

const APIS: Readonly<Partial<Record<ApiName, readonly KafkaErrorName[]>>> = {
  Fetch: ['NOT_LEADER_OR_FOLLOWER', 'FETCH_SESSION_ID_NOT_FOUND'],
  Produce: ['NOT_LEADER_OR_FOLLOWER', 'NOT_ENOUGH_REPLICAS', 'INVALID_RECORD'],
  InitProducerId: [...UNSURE, 'CONCURRENT_TRANSACTIONS'],
  AddPartitionsToTxn: [...UNSURE, 'CONCURRENT_TRANSACTIONS'],
  AddOffsetsToTxn: [...UNSURE, 'CONCURRENT_TRANSACTIONS'],
  TxnOffsetCommit: UNSURE,
  EndTxn: [...UNSURE, 'CONCURRENT_TRANSACTIONS'],
  JoinGroup: [...UNSURE, 'UNKNOWN_MEMBER_ID'],
  SyncGroup: [...UNSURE, 'REBALANCE_IN_PROGRESS', 'ILLEGAL_GENERATION'],
  Heartbeat: [...UNSURE, 'REBALANCE_IN_PROGRESS', 'UNKNOWN_MEMBER_ID'],
  ConsumerGroupHeartbeat: [...UNSURE, 'FENCED_MEMBER_EPOCH', 'UNKNOWN_MEMBER_ID'],
  OffsetFetch: UNSURE,
  FindCoordinator: ['COORDINATOR_NOT_AVAILABLE'],
  Metadata: [],
}

function disturb(broker: EmbeddedKafka, random: SeededRandom): void {
  for (const [api, errors] of Object.entries(APIS) as [ApiName, readonly KafkaErrorName[]][]) {
    const judge = (): Verdict<ApiName> => {
      if (!random.isOneIn(25)) return fault.pass
      const faults: readonly Verdict<ApiName>[] = [
        fault.drop,
        fault.hang,
        fault.after(() => 'drop'),
        fault.after(() => 'hang'),
        fault.delay(random.below(60)),
        // Later than the client waits.
        fault.delay(300 + random.below(300)),
        ...errors.map((name) => fault.error(name)),
      ]
      return random.pick(faults)
    }
    broker.intercept(api, judge, { times: Infinity })
  }
}

/** Things that happen to brokers, one after another, until the signal is aborted. */
async function haunt(broker: EmbeddedKafka, random: SeededRandom, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await pause(random.below(120))
    const copier = `copier-${random.below(COPIERS)}`
    const node = 1 + random.below(NODES)
    const happenings = [
      () => broker.moveLeader(random.pick(['in', 'out']), random.below(PARTITIONS), node),
      () => broker.moveCoordinator('group', GROUP, node),
      () => broker.moveCoordinator('transaction', copier, node),
      () => broker.expireTransaction(copier),
      () => random.isOneIn(4) && broker.bumpEpoch(copier),
    ]
    try {
      random.pick(happenings)()
    } catch {
      // There is no such transaction now.
    }
  }
}

/** One member of the group: copies until it is told to stop, or crashes. */
class Copier {
  readonly #kafka: Kafka
  readonly #name: string
  readonly #random: SeededRandom
  readonly #protocol: 'classic' | 'consumer'
  #producer: TransactionalProducer | undefined
  #isMoved = true
  isStopping = false

  constructor(kafka: Kafka, name: string, random: SeededRandom, protocol: 'classic' | 'consumer') {
    this.#kafka = kafka
    this.#name = name
    this.#random = random
    this.#protocol = protocol
  }

  async run(): Promise<void> {
    const moved = (): void => void (this.#isMoved = true)
    const fetcher = this.#kafka.fetcher({ maxWaitMs: 20, partitionBytesMax: 300, reset: 'earliest' })
    const member = this.#kafka.consumerMember({
      groupId: GROUP,
      topics: ['in'],
      protocol: this.#protocol,
      sessionTimeoutMs: 1_500,
      heartbeatIntervalMs: 50,
      rebalanceTimeoutMs: 3_000,
      hooks: { onAssigned: moved, onRevoked: moved, onLost: moved },
    })
    while (!this.isStopping) {
      try {
        if (!member.poll()) await member.join()
        const identity = member.identity()
        if (this.#isMoved) {
          this.#isMoved = false
          const owned = member.assignment()
          const committed = await member.committed(owned)
          const offsetOf = (partition: number): number =>
            committed.find((one) => one.partition === partition)?.offset ?? 0
          fetcher.assign(owned.map((one) => ({ ...one, offset: offsetOf(one.partition) })))
        }
        const fetched = await fetcher.poll(50)
        if (fetched.length === 0 || this.#isMoved) continue
        const producer = (this.#producer ??= await this.#open())
        producer.begin()
        void producer.produce(fetched.flatMap(copied))
        void producer.sendOffsets(identity, fetched.map(position))
        if (this.#random.isOneIn(15)) throw new SluiceError('KAFKA_TRANSACTION_ABORTABLE', 'changed its mind')
        await this.#commit(producer)
      } catch (error) {
        this.#isMoved = true
        if (!(error instanceof SluiceError)) throw error
        if (this.isStopping) return
        await this.#recover(error)
      }
    }
    await member.close()
    await this.#producer?.close()
  }

  #open(): Promise<TransactionalProducer> {
    const times = { requestTimeoutMs: 200, deliveryTimeoutMs: 2_000, transactionTimeoutMs: 5_000 }
    return this.#kafka.transactionalProducer({ transactionalId: this.#name, batchBytesMax: 1024, ...times })
  }

  async #commit(producer: TransactionalProducer): Promise<void> {
    for (;;) {
      try {
        return await producer.commit()
      } catch (error) {
        // Whether it is committed is unknown: ask again.
        if (!(error instanceof SluiceError) || error.code !== 'KAFKA_TIMEOUT') throw error
      }
    }
  }

  async #recover({ code, message }: SluiceError): Promise<void> {
    // Only a caller that is out of step gets this.
    if (code === 'KAFKA_TRANSACTION_STATE') throw new Error(message)
    try {
      if (code === 'KAFKA_TRANSACTION_ABORTABLE') return await this.#producer?.abort()
    } catch {
      // Its successor aborts what is left open.
    }
    if (code === 'KAFKA_REFUSED') return
    await this.#producer?.close(0)
    this.#producer = undefined
  }
}

/** However long it takes. */
async function connectAtLast(broker: EmbeddedKafka): Promise<Kafka> {
  for (;;) {
    try {
      const { bootstrapServers } = broker
      return await connect({ bootstrapServers, requestTimeoutMs: 400, reconnectBackoffMaxMs: 100 })
    } catch (error) {
      if (!(error instanceof SluiceError) || !error.retriable) throw error
    }
  }
}

function copied({ partition, batches }: FetchedPartition): ProducerRecord[] {
  return batches.flatMap((records) =>
    Array.from({ length: records.count }, (_, i) => {
      return { topic: 'out', partition, key: null, value: records.value(i), timestamp: null, headers: null }
    }),
  )
}

function position({ topic, partition, nextOffset }: FetchedPartition): CommittedOffset {
  return { topic, partition, offset: nextOffset, metadata: '' }
}

async function readAll(kafka: Kafka): Promise<string[][]> {
  const partitions = Array.from({ length: PARTITIONS }, (_, partition) => ({ topic: 'out', partition, offset: 0 }))
  const ends = await kafka.admin.listOffsets(partitions, 'latest')
  const fetcher = kafka.fetcher({ isolation: 'read_committed' })
  fetcher.assign(partitions)
  const values: string[][] = partitions.map(() => [])
  while (ends.some(({ partition, offset }) => fetcher.position({ topic: 'out', partition })! < offset)) {
    for (const { partition, batches } of await fetcher.poll(1000)) {
      for (const records of batches) {
        for (let i = 0; i < records.count; i++)
          values[partition]!.push(Buffer.from(records.value(i)!).toString().trim())
      }
    }
  }
  await fetcher.close()
  return values
}

for (const seed of seeds([2, 3, 9])) {
  test(`a copy in transactions has every record once and in order (seed ${seed})`, async () => {
    const random = new SeededRandom(seed)
    const [emulate, protocol] = random.pick([
      ['3.6', 'classic'],
      ['4.3', 'classic'],
      ['4.3', 'consumer'],
    ] as const)
    const configs = {
      'group.initial.rebalance.delay.ms': '0',
      'group.min.session.timeout.ms': '1',
      'group.consumer.session.timeout.ms': '1500',
      'group.consumer.min.session.timeout.ms': '1500',
      'group.consumer.heartbeat.interval.ms': '50',
      'group.consumer.min.heartbeat.interval.ms': '50',
    }
    const broker = await startEmbeddedKafka({ nodes: NODES, emulate, configs })
    const kafka = await connect({ bootstrapServers: broker.bootstrapServers, requestTimeoutMs: 1_000 })
    await kafka.admin.ensureTopics(['in', 'out'].map((topic) => ({ topic, partitions: PARTITIONS })))
    const producer = kafka.producer({ batchBytesMax: 1024 })
    const original = Array.from({ length: RECORDS }, (_, i) => ({ partition: i % PARTITIONS, value: `${i}` }))
    const blank = { topic: 'in', key: null, timestamp: null, headers: null }
    const written: Promise<unknown>[] = []
    for (const one of original) {
      written.push(producer.produce([{ ...blank, ...one, value: Buffer.from(one.value.padEnd(100)) }]))
    }
    await Promise.all(written)

    disturb(broker, random)
    const haunting = new AbortController()
    const haunted = haunt(broker, random, haunting.signal)
    const copiers: { copier: Copier; kafka: Kafka; done: Promise<void> }[] = []
    const faults: unknown[] = []
    const start = async (i: number): Promise<void> => {
      const own = await connectAtLast(broker)
      const copier = new Copier(own, `copier-${i}`, random, protocol)
      const done = copier.run().catch((error: unknown) => {
        if (!(error instanceof SluiceError)) faults.push(error)
      })
      copiers[i] = { copier, kafka: own, done }
    }
    for (let i = 0; i < COPIERS; i++) await start(i)

    const isCopied = async (): Promise<boolean> => {
      const partitions = Array.from({ length: PARTITIONS }, (_, partition) => ({ topic: 'in', partition }))
      const committed = await kafka
        .groupOffsets(GROUP)
        .committed(partitions)
        .catch(() => [])
      return committed.reduce((sum, { offset }) => sum + offset, 0) === RECORDS
    }
    const calmAt = performance.now() + HAUNTED_MS
    while (!(await isCopied())) {
      await pause(200)
      // Later all calms down, so that there is an end.
      if (performance.now() > calmAt) {
        haunting.abort()
        broker.clearIntercepts()
      }
      const i = random.below(COPIERS)
      if (haunting.signal.aborted || !random.isOneIn(6)) continue
      const { copier, kafka: own } = copiers[i]!
      copier.isStopping = true
      // A crash: nothing is said to anybody.
      await own.close()
      await start(i)
    }
    haunting.abort()
    broker.clearIntercepts()
    await haunted
    for (const { copier } of copiers) copier.isStopping = true
    await Promise.all(copiers.map(({ done }) => done))
    expect(faults).toEqual([])
    const copy = await readAll(kafka)
    for (let partition = 0; partition < PARTITIONS; partition++) {
      expect(copy[partition]).toEqual(original.filter((one) => one.partition === partition).map(({ value }) => value))
    }
    await Promise.all(copiers.map(({ kafka: own }) => own.close()))
    await kafka.close()
    await broker.close()
  }, 60_000)
}
