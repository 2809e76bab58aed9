/** What the three connectors of a mirror are told, under MirrorMaker's names. */
import {
  atLeast,
  defineSettings,
  nonEmptyString,
  oneOf,
  type ParsedSettings,
  type SettingsDeclaration,
  type SettingsShape,
} from '@sluice/sdk'
import { clusterSettings } from './cluster-settings.ts'
import { included, mirroredTopics, patterns } from './filters.ts'
import { DefaultReplicationPolicy, IdentityReplicationPolicy, type ReplicationPolicy } from './replication-policy.ts'

const POLICIES = {
  default: 'org.apache.kafka.connect.mirror.DefaultReplicationPolicy',
  identity: 'org.apache.kafka.connect.mirror.IdentityReplicationPolicy',
} as const

/** `enabled` and `interval.seconds` of what is done again and again. */
function seconds(documentation: string, fallback: number) {
  return { type: 'long', default: fallback, validator: atLeast(-1), importance: 'low', documentation } as const
}

function flag(documentation: string, fallback: boolean) {
  return { type: 'boolean', default: fallback, importance: 'low', documentation } as const
}

function replicas(what: string, fallback: number) {
  const documentation = `Replicas of ${what}, where it is made here; -1: as many as the broker makes by itself.`
  return { type: 'int', default: fallback, validator: atLeast(-1), importance: 'low', documentation } as const
}

const common = defineSettings({
  'source.cluster.alias': {
    type: 'string',
    validator: nonEmptyString,
    importance: 'high',
    documentation: 'What the source cluster is called: the beginning of the names of mirrored topics.',
  },
  'target.cluster.alias': {
    type: 'string',
    default: 'target',
    validator: nonEmptyString,
    importance: 'high',
    documentation: 'What the target cluster is called: topics that came from there are not sent back.',
  },
  enabled: flag('Whether anything is done at all.', true),
  'replication.policy.class': {
    type: 'string',
    default: POLICIES.default,
    validator: oneOf(POLICIES.default, POLICIES.identity, 'DefaultReplicationPolicy', 'IdentityReplicationPolicy'),
    importance: 'low',
    documentation:
      'How mirrored topics are called: DefaultReplicationPolicy puts the alias of the source in front, IdentityReplicationPolicy leaves names as they are (then two clusters must not mirror the same topic to each other).',
  },
  'replication.policy.separator': {
    type: 'string',
    default: '.',
    validator: nonEmptyString,
    importance: 'low',
    documentation: 'What stands between alias and topic.',
  },
  'replication.policy.internal.topic.separator.enabled': flag(
    "Whether the same stands in the names of the mirror's own topics; else it is a dot.",
    true,
  ),
})

const topics = defineSettings({
  topics: {
    type: 'list',
    default: ['.*'],
    validator: patterns,
    importance: 'high',
    documentation: 'Topics to mirror: names and regular expressions.',
  },
  'topics.exclude': {
    type: 'list',
    default: ['mm2.*\\.internal', '.*\\.replica', '__.*'],
    validator: patterns,
    importance: 'high',
    documentation:
      'Topics that are not mirrored, whatever topics says. The own topics of mirrors and of Kafka never are.',
  },
  'heartbeats.replication.enabled': flag(
    'Whether topics of heartbeats are mirrored also where topics says nothing of them.',
    true,
  ),
})

const syncs = defineSettings({
  'offset-syncs.topic.location': {
    type: 'string',
    default: 'source',
    validator: oneOf('source', 'target'),
    importance: 'low',
    documentation:
      'On which cluster the topic is that says where records lie: mm2-offset-syncs.<alias of the other cluster>.internal. The same for the source and the checkpoint connector.',
  },
  'offset-syncs.topic.replication.factor': replicas('the topic of offset syncs', 3),
})

const source = defineSettings({
  'emit.offset-syncs.enabled': flag(
    'Whether is written where records lie on the target: without it no offsets can be translated.',
    true,
  ),
  'replication.factor': replicas('mirrored topics', 2),
  'refresh.topics.enabled': flag('Whether new topics and partitions are looked for.', true),
  'refresh.topics.interval.seconds': seconds('How often.', 600),
  'sync.topic.configs.enabled': flag('Whether settings of mirrored topics follow those of their sources.', true),
  'sync.topic.configs.interval.seconds': seconds('How often.', 600),
  'config.properties.exclude': {
    type: 'list',
    default: [
      'follower.replication.throttled.replicas',
      'leader.replication.throttled.replicas',
      'message.timestamp.difference.max.ms',
      'log.message.timestamp.before.max.ms',
      'log.message.timestamp.after.max.ms',
      'message.timestamp.type',
      'unclean.leader.election.enable',
      'min.insync.replicas',
    ],
    validator: patterns,
    importance: 'high',
    documentation: 'Settings of topics that do not follow: names and regular expressions.',
  },
  'consumer.poll.timeout.ms': {
    type: 'long',
    default: 1000,
    validator: atLeast(0),
    importance: 'low',
    documentation: 'How long a poll waits for records of the source.',
  },
  'source.consumer.isolation.level': {
    type: 'string',
    default: 'read_committed',
    validator: oneOf('read_committed', 'read_uncommitted'),
    importance: 'low',
    documentation:
      'With read_committed, what was aborted on the source is not mirrored (in Java read_uncommitted is the default). With read_uncommitted, the mirror is not exactly once.',
  },
  'source.consumer.auto.offset.reset': {
    type: 'string',
    default: 'earliest',
    validator: oneOf('earliest', 'latest'),
    importance: 'low',
    documentation: 'Where a partition begins that was not mirrored before, or whose place has expired.',
  },
  'source.consumer.fetch.max.bytes': {
    type: 'int',
    default: 1_048_576,
    validator: atLeast(1),
    importance: 'low',
    documentation: 'Bytes of one poll, and so of one transaction where each poll is one.',
  },
  'task.assigned.partitions': {
    type: 'list',
    default: [],
    importance: 'low',
    documentation: 'Set by the connector for each of its tasks.',
  },
})

const checkpoint = defineSettings({
  groups: {
    type: 'list',
    default: ['.*'],
    validator: patterns,
    importance: 'high',
    documentation: 'Consumer groups whose offsets are translated: names and regular expressions.',
  },
  'groups.exclude': {
    type: 'list',
    default: ['console-consumer-.*', 'connect-.*', '__.*'],
    validator: patterns,
    importance: 'high',
    documentation: 'Groups whose offsets are not, whatever groups says.',
  },
  'refresh.groups.enabled': flag('Whether new groups are looked for.', true),
  'refresh.groups.interval.seconds': seconds('How often.', 600),
  'emit.checkpoints.enabled': flag('Whether checkpoints are written.', true),
  'emit.checkpoints.interval.seconds': seconds('How often.', 60),
  'checkpoints.topic.replication.factor': replicas('the topic of checkpoints', 3),
  'sync.group.offsets.enabled': flag(
    'Whether translated offsets are also committed on the target, for groups that nobody is in there, and never backwards.',
    false,
  ),
  'sync.group.offsets.interval.seconds': seconds('How often.', 60),
  'task.assigned.groups': {
    type: 'list',
    default: [],
    importance: 'low',
    documentation: 'Set by the connector for each of its tasks.',
  },
})

const heartbeat = defineSettings({
  'emit.heartbeats.enabled': flag('Whether heartbeats are written.', true),
  'emit.heartbeats.interval.seconds': seconds('How often.', 1),
  'heartbeats.topic.replication.factor': replicas('the topic of heartbeats', 3),
})

type Common = ParsedSettings<typeof common>
export type SourceSettings = Common &
  ParsedSettings<typeof topics> &
  ParsedSettings<typeof syncs> &
  ParsedSettings<typeof source> &
  SettingsShape
export type CheckpointSettings = Common &
  ParsedSettings<typeof topics> &
  ParsedSettings<typeof syncs> &
  ParsedSettings<typeof checkpoint> &
  SettingsShape
export type HeartbeatSettings = Common & ParsedSettings<typeof heartbeat> & SettingsShape

export const mirrorSourceSettings = common
  .extend(topics)
  .extend(source)
  .extend(syncs)
  .extend(clusterSettings('source'))
  .extend(clusterSettings('target')) as SettingsDeclaration as SettingsDeclaration<SourceSettings>

export const mirrorCheckpointSettings = common
  .extend(topics)
  .extend(checkpoint)
  .extend(syncs)
  .extend(clusterSettings('source'))
  .extend(clusterSettings('target')) as SettingsDeclaration as SettingsDeclaration<CheckpointSettings>

export const mirrorHeartbeatSettings = common
  .extend(heartbeat)
  .extend(clusterSettings('target')) as SettingsDeclaration as SettingsDeclaration<HeartbeatSettings>

export function policyOf(settings: Common): ReplicationPolicy {
  const separator = settings['replication.policy.separator']
  const isInternal = settings['replication.policy.internal.topic.separator.enabled']
  return settings['replication.policy.class'].endsWith('IdentityReplicationPolicy')
    ? new IdentityReplicationPolicy(settings['source.cluster.alias'], separator, isInternal)
    : new DefaultReplicationPolicy(separator, isInternal)
}

/** Whether a topic of the source is mirrored. */
export function mirroredBy(settings: Common & ParsedSettings<typeof topics>): (topic: string) => boolean {
  return mirroredTopics(
    policyOf(settings),
    settings['target.cluster.alias'],
    included(settings['topics'], settings['topics.exclude']),
    settings['heartbeats.replication.enabled'],
  )
}

/** Java's settings that have no counterpart here. */
export const FOREIGN: Readonly<Record<string, string>> = {
  'offset.lag.max': 'Each batch is told of: no record is further from a known place than its own batch.',
  'sync.topic.acls.enabled': 'ACLs are not copied: set those of the target yourself.',
  'sync.topic.acls.interval.seconds': 'ACLs are not copied: set those of the target yourself.',
  'topic.filter.class': 'Topics are chosen by topics and topics.exclude.',
  'group.filter.class': 'Groups are chosen by groups and groups.exclude.',
  'config.property.filter.class': 'Settings are chosen by config.properties.exclude.',
  'use.defaults.from': "The target's own defaults hold.",
  'forwarding.admin.class': 'Topics are made by the client of target.cluster.',
  'admin.timeout.ms': 'Set source.cluster.request.timeout.ms and target.cluster.request.timeout.ms.',
  'metric.names.formats': 'Metrics are those of every source connector.',
}

/** How long between two times, or null: never. */
export function intervalMs(isEnabled: boolean, intervalSeconds: number): number | null {
  return isEnabled && intervalSeconds > 0 ? intervalSeconds * 1000 : null
}
