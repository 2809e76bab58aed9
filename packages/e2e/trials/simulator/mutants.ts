/** Bugs to be found: each stands between the application and Kafka, and makes of a correct runtime one that is not. */
import type { CommittedOffset, ConsumerMember, GroupTenure, Kafka, ProducerRecord } from '@sluice/kafka'
import type { Guarantee } from './scenarios.ts'

export interface Mutant {
  readonly name: string
  /** Where the bug is. */
  readonly guarantee: Guarantee
  readonly plant: (kafka: Kafka) => Kafka
}

/** Results and changelog records leave only when the offsets of what they were made from are committed. */
function offsetsFirst(kafka: Kafka): Kafka {
  let held: (() => void)[] = []
  return {
    ...kafka,
    producer(options) {
      const producer = kafka.producer(options)
      return {
        produce: (records) => {
          held.push(() => void producer.produce(records).catch(() => undefined))
          return Promise.resolve([])
        },
        flush: () => producer.flush(),
        close: (timeoutMs) => producer.close(timeoutMs),
      }
    },
    consumerMember(options) {
      const member = kafka.consumerMember(options)
      const commit = async (offsets: readonly CommittedOffset[]): Promise<void> => {
        await member.commit(offsets)
        const now = held
        held = []
        for (const send of now) send()
      }
      return new Proxy(member, { get: (target, name) => (name === 'commit' ? commit : bound(target, name)) })
    },
  }
}

/** Stores are restored with what was aborted: not rolled back. */
function notRolledBack(kafka: Kafka): Kafka {
  return {
    ...kafka,
    fetcher(options) {
      const isForRestoring = options?.reset === 'earliest'
      return kafka.fetcher(isForRestoring ? { ...options, isolation: 'read_uncommitted' } : options)
    },
  }
}

/** Offsets are committed beside the transaction, not in it. */
function offsetsBeside(kafka: Kafka): Kafka {
  const members: ConsumerMember[] = []
  return {
    ...kafka,
    consumerMember(options) {
      const member = kafka.consumerMember(options)
      members.push(member)
      return member
    },
    async transactionalProducer(options) {
      const producer = await kafka.transactionalProducer(options)
      const sendOffsets = async (group: GroupTenure, offsets: readonly CommittedOffset[]): Promise<void> => {
        const { memberId } = group.identity()
        await members.findLast((member) => memberIdOf(member) === memberId)?.commit(offsets)
      }
      return new Proxy(producer, {
        get: (target, name) => (name === 'sendOffsets' ? sendOffsets : bound(target, name)),
      })
    },
  }
}

function memberIdOf(member: ConsumerMember): string | null {
  try {
    return member.identity().memberId
  } catch {
    return null
  }
}

/** A produce that failed is taken for one that did not. */
function failuresIgnored(kafka: Kafka): Kafka {
  return {
    ...kafka,
    producer(options) {
      const producer = kafka.producer(options)
      const produce = (records: readonly ProducerRecord[]): Promise<unknown> =>
        producer.produce(records).catch(() => [])
      return new Proxy(producer, { get: (target, name) => (name === 'produce' ? produce : bound(target, name)) })
    },
  }
}

/** Quarantined records lose their keys. */
function keysLost(kafka: Kafka): Kafka {
  return {
    ...kafka,
    async transactionalProducer(options) {
      const producer = await kafka.transactionalProducer(options)
      const produce = (records: readonly ProducerRecord[]): Promise<unknown> =>
        producer.produce(records.map((one) => (one.topic.endsWith('.quarantine') ? { ...one, key: null } : one)))
      return new Proxy(producer, { get: (target, name) => (name === 'produce' ? produce : bound(target, name)) })
    },
  }
}

export const MUTANTS: readonly Mutant[] = [
  { name: 'offsets committed before results and changelogs', guarantee: 'at_least_once', plant: offsetsFirst },
  { name: 'failures of produce ignored', guarantee: 'at_least_once', plant: failuresIgnored },
  { name: 'stores restored with what was aborted', guarantee: 'exactly_once_v2', plant: notRolledBack },
  { name: 'offsets committed beside the transaction', guarantee: 'exactly_once_v2', plant: offsetsBeside },
  { name: 'keys of quarantined records lost', guarantee: 'exactly_once_v2', plant: keysLost },
]

function bound(target: object, name: string | symbol): unknown {
  const found: unknown = Reflect.get(target, name)
  return typeof found === 'function' ? found.bind(target) : found
}
