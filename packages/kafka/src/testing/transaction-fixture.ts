import type { TopicPartition } from '@sluice/sdk'
import type {
  CommittedOffset,
  GroupIdentity,
  Kafka,
  ProducerRecord,
  TransactionalProducer,
  TransactionalProducerOptions,
} from '../port.ts'
import type { WithKafka } from './port-contract.ts'
import { type PortFixture, record } from './port-fixture.ts'

/** A test's view of a cluster, with what transactions need. The methods may be taken off it. */
export class TransactionFixture {
  readonly port: PortFixture
  readonly kafka: Kafka
  readonly #producers: TransactionalProducer[] = []

  constructor(port: PortFixture) {
    this.port = port
    this.kafka = port.kafka
  }

  /** A transactional producer, of a fresh id unless one is given; closed at the end. */
  readonly producer = async (
    options: Partial<TransactionalProducerOptions> = {},
    kafka: Kafka = this.kafka,
  ): Promise<TransactionalProducer> => {
    const producer = await kafka.transactionalProducer({ transactionalId: this.port.freshName(), ...options })
    this.#producers.push(producer)
    return producer
  }

  /** Values that read_committed readers see of the topic, by partition and offset, once every transaction there has ended. */
  readonly committed = async (topic: string): Promise<string[]> =>
    (await this.port.readAll(topic, 'read_committed')).map(({ value }) => value ?? '')

  /** Values that are there, aborted or not. */
  readonly written = async (topic: string): Promise<string[]> =>
    (await this.port.readAll(topic)).map(({ value }) => value ?? '')

  /** What read_committed readers of one partition get at the moment, without waiting for open transactions. */
  readonly visibleNow = async (topic: string, partition = 0): Promise<string[]> => {
    const fetcher = this.kafka.fetcher({ isolation: 'read_committed', maxWaitMs: 100 })
    fetcher.assign([{ topic, partition, offset: 0 }])
    const values: string[] = []
    for (let idle = 0; idle < 3;) {
      const found = await fetcher.poll(150)
      idle = found.length === 0 ? idle + 1 : 0
      for (const { batches } of found) {
        for (const records of batches) {
          for (let i = 0; i < records.count; i++) values.push(Buffer.from(records.value(i) ?? []).toString())
        }
      }
    }
    await fetcher.close()
    return values
  }

  /** Where a group has committed; undefined: nowhere. */
  readonly offsetOf = async (groupId: string, of: TopicPartition): Promise<number | undefined> =>
    (await this.kafka.groupOffsets(groupId).committed([of]))[0]?.offset

  async dispose(): Promise<void> {
    for (const producer of this.#producers) await producer.close(2000)
  }
}

export type TransactionTest = (name: string, body: (fixture: TransactionFixture) => Promise<void>) => void

/** `test` for tests of transactions. */
export function withTransactions(test: WithKafka): TransactionTest {
  return (name, body) => {
    test(name, async (port) => {
      const fixture = new TransactionFixture(port)
      try {
        await body(fixture)
      } finally {
        await fixture.dispose()
      }
    })
  }
}

/** Records of these values for one partition. */
export function valuesFor(topic: string, partition: number, ...values: readonly string[]): ProducerRecord[] {
  return values.map((value) => record(topic, { partition, value }))
}

/** A group that nobody is a member of. */
export function noMember(groupId: string): GroupIdentity {
  return { groupId, generationId: -1, memberId: '', instanceId: null }
}

export function offsetAt(topic: string, offset: number, partition = 0, metadata = ''): CommittedOffset {
  return { topic, partition, offset, metadata }
}
