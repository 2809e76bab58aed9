import type { Admin, ConfigsAdmin, Kafka, PartitionsAdmin, TopicSpec } from '@sluice/kafka'
import type { TopicPartition } from '@sluice/sdk'
import type { Link } from './link.ts'
import type { SimulatedBroker } from './simulated-broker.ts'
import { notSimulated } from './simulated-errors.ts'
import { SimulatedFetcher } from './simulated-fetcher.ts'
import { SimulatedMember } from './simulated-member.ts'
import { PartitionedSending, SimulatedProducer, type UnderWay } from './simulated-producer.ts'
import { SimulatedTransactionalProducer } from './simulated-transactional-producer.ts'
import type { ProducerNumbers } from './simulated-transactions.ts'

/** Kafka as one instance has it: the port, as far as a Streams application uses it, over a link that may fail. */
export function simulatedKafka(link: Link, broker: SimulatedBroker, underWay: Set<UnderWay>): Kafka {
  const sending = (): PartitionedSending => new PartitionedSending(link, broker, underWay)
  return {
    producer: () => new SimulatedProducer(sending()),
    async transactionalProducer({ transactionalId, transactionTimeoutMs = 60_000 }) {
      const numbers = await link.request<ProducerNumbers>('begin', (answer) =>
        answer(broker.transactions.begin(transactionalId, transactionTimeoutMs)),
      )
      return new SimulatedTransactionalProducer(link, broker, sending(), numbers)
    },
    fetcher: (options = {}) => new SimulatedFetcher(link, broker, options),
    consumerMember: (options) => new SimulatedMember(link, broker, options),
    groupOffsets: () => {
      throw notSimulated('groups without members')
    },
    groupMember: () => {
      throw notSimulated('groups of other kinds')
    },
    admin: simulatedAdmin(link, broker),
    metrics: () => [],
    requestLog: () => [],
    close: () => Promise.resolve(),
  }
}

/** What of administration there is; the rest says that it is not simulated. */
type SimulatedAdmin = Pick<
  Admin,
  'ensureTopics' | 'describeTopics' | 'listOffsets' | 'describeCluster' | 'partitions' | 'configs'
>

function simulatedAdmin(link: Link, broker: SimulatedBroker): Admin {
  const admin: SimulatedAdmin = {
    ensureTopics: (specs) =>
      link.request('create topics', (answer) =>
        answer(specs.filter((spec) => broker.createTopic(spec.topic, countOf(spec))).map(({ topic }) => topic)),
      ),
    describeTopics: (wanted) =>
      link.request('describe topics', (answer) =>
        answer(
          [...broker.topics]
            .filter(([topic]) => wanted === undefined || wanted.includes(topic))
            .map(([topic, partitions]) => ({ topic, partitions: partitions.length })),
        ),
      ),
    listOffsets: (places, at) =>
      link.request('list offsets', (answer) =>
        answer(places.map((place) => ({ ...place, offset: offsetAt(broker, place, at) }))),
      ),
    // Topics have no settings here.
    configs: rest<ConfigsAdmin>('admin.configs', {
      describe: (resources) => Promise.resolve(resources.map((item) => ({ item, value: [], error: null }))),
    }),
    describeCluster: () => Promise.resolve({ clusterId: 'simulated', brokers: 1 }),
    partitions: rest<PartitionsAdmin>('admin.partitions', {
      listOffsets: (specs, { isolation = 'read_uncommitted' } = {}) =>
        link.request('list offsets', (answer) =>
          answer(
            specs.map((item) => {
              const at = item.at === 'maxTimestamp' ? 'latest' : item.at
              const stable = broker.partition(item).lastStableOffset
              const isStable = isolation === 'read_committed' && at === 'latest'
              const offset = isStable ? stable : offsetAt(broker, item, at)
              return { item, value: { offset, timestamp: -1, leaderEpoch: 0 }, error: null }
            }),
          ),
        ),
    }),
  }
  return rest<Admin>('admin', admin)
}

/** What is asked for and not simulated is said aloud. */
function rest<T extends object>(what: string, simulated: Partial<T>): T {
  return new Proxy(simulated as T, {
    get(target, name) {
      const found: unknown = Reflect.get(target, name)
      if (found === undefined) throw notSimulated(`${what}.${String(name)}`)
      return found
    },
  })
}

function countOf({ partitions }: TopicSpec): number {
  return Math.max(1, partitions)
}

function offsetAt(broker: SimulatedBroker, place: TopicPartition, at: 'earliest' | 'latest' | number): number {
  const partition = broker.partition(place)
  if (at === 'earliest') return 0
  return at === 'latest' ? partition.endOffset : partition.offsetAt(at)
}
