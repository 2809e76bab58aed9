import type { Setting } from '../settings/setting.ts'

/** A setting of a topic. Where the topic does not set it, the broker's settings do, the first one that is set. */
export interface TopicSetting extends Setting {
  readonly synonyms: readonly BrokerSynonym[]
  /** Not shown, and not for users: Kafka has such for its tests. */
  readonly isHidden?: boolean
}

interface Row extends Omit<TopicSetting, 'isDynamic' | 'default'> {
  readonly default: string
}

export interface BrokerSynonym {
  readonly name: string
  /** The topic's value for one unit of the broker's: milliseconds of an hour. Default 1. */
  readonly factor?: number
}

/** What Kafka writes for "no limit" of a 64-bit setting. */
const LONG_MAX = '9223372036854775807'
const HOUR_MS = 3_600_000
const MINUTE_MS = 60_000
const DAY_MS = 24 * HOUR_MS

const ROWS: readonly Row[] = [
  {
    name: 'cleanup.policy',
    type: 'list',
    default: 'delete',
    choices: ['compact', 'delete'],
    synonyms: [{ name: 'log.cleanup.policy' }],
    documentation:
      'What happens to old segments: "delete" drops them by age or size, "compact" keeps the newest record of each key. Both may be given; with neither everything is kept.',
  },
  {
    name: 'compression.gzip.level',
    type: 'int',
    default: '-1',
    range: [-1, 9],
    synonyms: [{ name: 'compression.gzip.level' }],
    documentation: 'The level if compression.type is gzip.',
  },
  {
    name: 'compression.lz4.level',
    type: 'int',
    default: '9',
    range: [1, 17],
    synonyms: [{ name: 'compression.lz4.level' }],
    documentation: 'The level if compression.type is lz4.',
  },
  {
    name: 'compression.type',
    type: 'string',
    default: 'producer',
    choices: ['uncompressed', 'zstd', 'lz4', 'snappy', 'gzip', 'producer'],
    synonyms: [{ name: 'compression.type' }],
    documentation: 'The codec that batches are stored in; "producer" keeps the one they came in.',
  },
  {
    name: 'compression.zstd.level',
    type: 'int',
    default: '3',
    range: [-131072, 22],
    synonyms: [{ name: 'compression.zstd.level' }],
    documentation: 'The level if compression.type is zstd.',
  },
  {
    name: 'delete.retention.ms',
    type: 'long',
    default: String(DAY_MS),
    range: [0, Infinity],
    synonyms: [{ name: 'log.cleaner.delete.retention.ms' }],
    documentation:
      'How long compaction keeps tombstones and transaction markers, so that a reader from the beginning sees them.',
  },
  {
    name: 'file.delete.delay.ms',
    type: 'long',
    default: '60000',
    range: [0, Infinity],
    synonyms: [{ name: 'log.segment.delete.delay.ms' }],
    documentation: 'How long a deleted segment stays on disk. This broker removes it at once.',
  },
  {
    name: 'flush.messages',
    type: 'long',
    default: LONG_MAX,
    range: [1, Infinity],
    synonyms: [{ name: 'log.flush.interval.messages' }],
    documentation:
      'After how many records a flush to disk is forced. This broker flushes as its own flush policy says.',
  },
  {
    name: 'flush.ms',
    type: 'long',
    default: LONG_MAX,
    range: [0, Infinity],
    synonyms: [{ name: 'log.flush.interval.ms' }, { name: 'log.flush.scheduler.interval.ms' }],
    documentation: 'After how long a flush to disk is forced. This broker flushes as its own flush policy says.',
  },
  {
    name: 'follower.replication.throttled.replicas',
    type: 'list',
    default: '',
    synonyms: [],
    documentation:
      'Replicas whose followers are throttled, as [PartitionId]:[BrokerId] or "*". There are no followers here.',
  },
  {
    name: 'index.interval.bytes',
    type: 'int',
    default: '4096',
    range: [0, Infinity],
    synonyms: [{ name: 'log.index.interval.bytes' }],
    documentation: 'How many bytes lie between two entries of the index of a segment.',
  },
  {
    name: 'internal.segment.bytes',
    type: 'int',
    default: '0',
    range: [0, Infinity],
    synonyms: [],
    isHidden: true,
    documentation: 'The size of a segment without the lower bound of segment.bytes, for tests; 0 is segment.bytes.',
  },
  {
    name: 'leader.replication.throttled.replicas',
    type: 'list',
    default: '',
    synonyms: [],
    documentation:
      'Replicas whose leaders are throttled, as [PartitionId]:[BrokerId] or "*". There are no followers here.',
  },
  {
    name: 'local.retention.bytes',
    type: 'long',
    default: '-2',
    range: [-2, Infinity],
    synonyms: [{ name: 'log.local.retention.bytes' }],
    documentation: 'With tiered storage, the size kept locally. There is no tiered storage here.',
  },
  {
    name: 'local.retention.ms',
    type: 'long',
    default: '-2',
    range: [-2, Infinity],
    synonyms: [{ name: 'log.local.retention.ms' }],
    documentation: 'With tiered storage, the time kept locally. There is no tiered storage here.',
  },
  {
    name: 'max.compaction.lag.ms',
    type: 'long',
    default: LONG_MAX,
    range: [1, Infinity],
    synonyms: [{ name: 'log.cleaner.max.compaction.lag.ms' }],
    documentation: 'The longest time a record may stay uncompacted.',
  },
  {
    name: 'max.message.bytes',
    type: 'int',
    default: '1048588',
    range: [0, Infinity],
    synonyms: [{ name: 'message.max.bytes' }],
    documentation: 'The largest record batch that is taken, as it comes (compressed).',
  },
  {
    name: 'message.timestamp.after.max.ms',
    type: 'long',
    default: String(HOUR_MS),
    range: [0, Infinity],
    synonyms: [{ name: 'log.message.timestamp.after.max.ms' }],
    documentation: "How far a record's timestamp may lie after the broker's time; not used with LogAppendTime.",
  },
  {
    name: 'message.timestamp.before.max.ms',
    type: 'long',
    default: LONG_MAX,
    range: [0, Infinity],
    synonyms: [{ name: 'log.message.timestamp.before.max.ms' }],
    documentation: "How far a record's timestamp may lie before the broker's time; not used with LogAppendTime.",
  },
  {
    name: 'message.timestamp.type',
    type: 'string',
    default: 'CreateTime',
    choices: ['CreateTime', 'LogAppendTime'],
    synonyms: [{ name: 'log.message.timestamp.type' }],
    documentation: "Whose timestamp records carry: the producer's (CreateTime) or the broker's (LogAppendTime).",
  },
  {
    name: 'min.cleanable.dirty.ratio',
    type: 'double',
    default: '0.5',
    range: [0, 1],
    synonyms: [{ name: 'log.cleaner.min.cleanable.ratio' }],
    documentation: 'The share of a log that must not have been compacted yet before it is compacted.',
  },
  {
    name: 'min.compaction.lag.ms',
    type: 'long',
    default: '0',
    range: [0, Infinity],
    synonyms: [{ name: 'log.cleaner.min.compaction.lag.ms' }],
    documentation: 'The shortest time a record stays uncompacted.',
  },
  {
    name: 'min.insync.replicas',
    type: 'int',
    default: '1',
    range: [1, Infinity],
    synonyms: [{ name: 'min.insync.replicas' }],
    documentation:
      'How many replicas must have a record before a producer with acks=all is answered. Here there is one.',
  },
  {
    name: 'preallocate',
    type: 'boolean',
    default: 'false',
    synonyms: [{ name: 'log.preallocate' }],
    documentation: 'Whether the file of a segment is made in its full size at once. This broker never does.',
  },
  {
    name: 'remote.log.copy.disable',
    type: 'boolean',
    default: 'false',
    synonyms: [],
    documentation: 'With tiered storage, whether nothing more is copied there. There is no tiered storage here.',
  },
  {
    name: 'remote.log.delete.on.disable',
    type: 'boolean',
    default: 'false',
    synonyms: [],
    documentation: 'Whether turning tiered storage off deletes what is there. There is no tiered storage here.',
  },
  {
    name: 'remote.storage.enable',
    type: 'boolean',
    default: 'false',
    choices: ['false'],
    synonyms: [],
    documentation: 'Whether the topic uses tiered storage. There is none here.',
  },
  {
    name: 'retention.bytes',
    type: 'long',
    default: '-1',
    synonyms: [{ name: 'log.retention.bytes' }],
    documentation:
      'The size of a partition at which its oldest segments are deleted, with the policy "delete"; -1 is no limit.',
  },
  {
    name: 'retention.ms',
    type: 'long',
    default: String(7 * DAY_MS),
    range: [-1, Infinity],
    synonyms: [
      { name: 'log.retention.ms' },
      { name: 'log.retention.minutes', factor: MINUTE_MS },
      { name: 'log.retention.hours', factor: HOUR_MS },
    ],
    documentation: 'The age at which segments are deleted, with the policy "delete"; -1 is no limit.',
  },
  {
    name: 'segment.bytes',
    type: 'int',
    default: '1073741824',
    range: [1_048_576, Infinity],
    synonyms: [{ name: 'log.segment.bytes' }],
    documentation: 'The size at which a new segment begins. Retention and compaction work on whole segments.',
  },
  {
    name: 'segment.index.bytes',
    type: 'int',
    default: '10485760',
    range: [4, Infinity],
    synonyms: [{ name: 'log.index.size.max.bytes' }],
    documentation: 'The size of the index of a segment. Indexes of this broker grow as they need to.',
  },
  {
    name: 'segment.jitter.ms',
    type: 'long',
    default: '0',
    range: [0, Infinity],
    synonyms: [{ name: 'log.roll.jitter.ms' }, { name: 'log.roll.jitter.hours', factor: HOUR_MS }],
    documentation: 'The most by which a segment ends before segment.ms, so that not all end at the same time.',
  },
  {
    name: 'segment.ms',
    type: 'long',
    default: String(7 * DAY_MS),
    range: [1, Infinity],
    synonyms: [{ name: 'log.roll.ms' }, { name: 'log.roll.hours', factor: HOUR_MS }],
    documentation: 'The age at which a new segment begins even if the old one is not full.',
  },
  {
    name: 'unclean.leader.election.enable',
    type: 'boolean',
    default: 'false',
    synonyms: [{ name: 'unclean.leader.election.enable' }],
    documentation: 'Whether a replica that is behind may lead when no other can. Here there is one replica.',
  },
]

/** All the settings of a topic of Kafka 4.3, in the order of their names. Every one can be altered while the broker runs. */
export const TOPIC_SETTINGS: readonly (TopicSetting & { readonly default: string })[] = ROWS.map((row) => ({
  ...row,
  isDynamic: true,
}))

const byName = new Map(TOPIC_SETTINGS.map((setting) => [setting.name, setting]))

export function topicSetting(name: string): (typeof TOPIC_SETTINGS)[number] | undefined {
  return byName.get(name)
}
