/** Kafka's settings of a consumer's place in its group, as operators write them, in the port's words. */
import {
  cooperativeStickyAssignor,
  rangeAssignor,
  roundRobinAssignor,
  stickyAssignor,
  type ConsumerMemberOptions,
  type PartitionAssignor,
} from '@sluice/kafka'
import { atLeast, between, defineSettings, nonEmptyString, oneOf, validatedBy, type RawSettings } from '@sluice/sdk'

/** The longest wait there is: timers take no more. Some 24 days. */
const WAIT_MAX_MS = 2_147_483_647

/** By class and by name. Each task has its own, because some remember what they assigned. */
const ASSIGNORS: ReadonlyMap<string, () => PartitionAssignor> = new Map(
  [
    ['RangeAssignor', 'range', () => rangeAssignor] as const,
    ['RoundRobinAssignor', 'roundrobin', () => roundRobinAssignor] as const,
    ['StickyAssignor', 'sticky', stickyAssignor] as const,
    ['CooperativeStickyAssignor', 'cooperative-sticky', () => cooperativeStickyAssignor] as const,
  ].flatMap(([className, name, make]) => [
    [`org.apache.kafka.clients.consumer.${className}`, make],
    [name, make],
  ]),
)

/** May stand below `consumer.` and `consumer.override.` beside those of reading. */
export const memberSettings = defineSettings({
  'client.id': {
    type: 'string',
    default: null,
    importance: 'low',
    documentation:
      'How the consumer names itself to the brokers. Not given: connector-consumer-<connector>-<task>, as in Kafka Connect.',
  },
  'group.id': {
    type: 'string',
    default: null,
    validator: nonEmptyString,
    importance: 'medium',
    documentation: 'The group whose offsets the connector goes by. Not given: connect-<connector>.',
  },
  'group.instance.id': {
    type: 'string',
    default: null,
    validator: nonEmptyString,
    importance: 'medium',
    documentation:
      'Makes the tasks static members (KIP-345): one that comes back within its session takes its partitions again without a rebalance. Further tasks than the first have their number behind it.',
  },
  'group.protocol': {
    type: 'string',
    default: 'classic',
    validator: oneOf('classic', 'consumer'),
    importance: 'medium',
    documentation: 'classic: a member shares the partitions out. consumer: the broker does (KIP-848).',
  },
  'group.remote.assignor': {
    type: 'string',
    default: null,
    importance: 'low',
    documentation: "With group.protocol=consumer: the broker's assignor. Not given: its own choice.",
  },
  'partition.assignment.strategy': {
    type: 'list',
    default: ['range', 'cooperative-sticky'],
    validator: validatedBy("Kafka's assignors, by class or by name", (names) => {
      const unknown = (names as readonly string[]).find((name) => !ASSIGNORS.has(name))
      return unknown === undefined
        ? undefined
        : `Unknown assignor ${unknown}; known are ${[...ASSIGNORS.keys()].join(', ')}`
    }),
    importance: 'medium',
    documentation:
      'How partitions are shared out, the best way first; the group uses one that all members name. With cooperative-sticky alone, partitions that stay are read on through a rebalance.',
  },
  'session.timeout.ms': {
    type: 'int',
    default: 45_000,
    validator: between(1, WAIT_MAX_MS),
    importance: 'high',
    documentation: 'A task that the group has not heard of for so long has lost its partitions.',
  },
  'heartbeat.interval.ms': {
    type: 'int',
    default: 3_000,
    validator: between(1, WAIT_MAX_MS),
    importance: 'high',
    documentation: 'How often a task says that it is there, and learns of rebalances.',
  },
  'max.poll.interval.ms': {
    type: 'int',
    default: 300_000,
    validator: between(1, WAIT_MAX_MS),
    importance: 'medium',
    documentation: 'How long a put may take before the group gives the partitions to others.',
  },
  'metadata.max.age.ms': {
    type: 'long',
    default: 300_000,
    validator: between(1, WAIT_MAX_MS),
    importance: 'low',
    documentation: 'How often it is looked for new topics and partitions.',
  },
  'client.rack': {
    type: 'string',
    default: '',
    importance: 'low',
    documentation: 'Where the worker stands: replicas in the same rack are read from where the cluster allows it.',
  },
  'buffer.bytes': {
    type: 'long',
    default: 25_165_824,
    validator: atLeast(1),
    importance: 'low',
    documentation: 'Most bytes that are fetched ahead of the sink, over all brokers (not in Kafka).',
  },
})

/** A task's place in its group, without the topics and the hooks. */
export type TaskMemberOptions = Omit<ConsumerMemberOptions, 'topics' | 'hooks'> &
  Required<Pick<ConsumerMemberOptions, 'rebalanceTimeoutMs' | 'metadataAgeMaxMs'>>

export interface SinkConsumerOptions {
  readonly member: TaskMemberOptions
  readonly clientId: string
  readonly rackId: string | undefined
  readonly bufferBytesMax: number
}

/** @throws SluiceError SETTINGS_INVALID */
export function sinkConsumerOptions(raw: RawSettings, connector: string, task: number): SinkConsumerOptions {
  const settings = memberSettings.parse(raw)
  const instanceId = settings['group.instance.id']
  const rackId = settings['client.rack'] === '' ? undefined : settings['client.rack']
  const serverAssignor = settings['group.remote.assignor']
  return {
    member: {
      groupId: settings['group.id'] ?? `connect-${connector}`,
      ...(instanceId === null ? {} : { instanceId: task === 0 ? instanceId : `${instanceId}-${task}` }),
      ...(rackId === undefined ? {} : { rackId }),
      ...(serverAssignor === null ? {} : { serverAssignor }),
      protocol: settings['group.protocol'],
      assignors: settings['partition.assignment.strategy'].map((name) => ASSIGNORS.get(name)!()),
      sessionTimeoutMs: settings['session.timeout.ms'],
      heartbeatIntervalMs: settings['heartbeat.interval.ms'],
      rebalanceTimeoutMs: settings['max.poll.interval.ms'],
      metadataAgeMaxMs: settings['metadata.max.age.ms'],
    },
    clientId: settings['client.id'] ?? `connector-consumer-${connector}-${task}`,
    rackId,
    bufferBytesMax: settings['buffer.bytes'],
  }
}
