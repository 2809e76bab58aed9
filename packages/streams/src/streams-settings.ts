import { objectStoreUrl } from '@sluice/object-store'
import {
  atLeast,
  defineSettings,
  nonEmptyString,
  oneOf,
  SluiceError,
  validatedBy,
  type ParsedSettings,
  type Validator,
} from '@sluice/sdk'
import { isLegalName } from './topology/names.ts'

const TOPIC_NAME_MAX = 249
/** Leaves room for what stands behind it in the names of topics. */
const APPLICATION_ID_MAX = 200

function topicName(most: number): Validator {
  return validatedBy(`1 to ${most} ASCII letters, digits, dots, underscores and hyphens`, (value) => {
    const isName = typeof value === 'string' && isLegalName(value) && value.length <= most
    return isName ? undefined : `Use 1 to ${most} ASCII letters, digits, dots, underscores and hyphens`
  })
}

/**
 * The settings of an application, under Kafka Streams' names where it has them. Where a default differs from Kafka Streams', the
 * documentation says so.
 */
export const streamsSettings = defineSettings({
  'application.id': {
    type: 'string',
    validator: topicName(APPLICATION_ID_MAX),
    importance: 'high',
    documentation:
      'Names the application; the consumer group its offsets are committed under. Its topics and its folder in state.dir begin with it.',
  },
  'quarantine.topic': {
    type: 'string',
    default: null,
    validator: topicName(TOPIC_NAME_MAX),
    importance: 'medium',
    documentation:
      'Where records go that cannot go on, with their original bytes and the reasons as headers, unless their source or gate names a topic of its own. ' +
      'Default: `<application.id>.quarantine`.',
  },
  'deserialization.exception.handler': {
    type: 'string',
    default: 'quarantine',
    validator: oneOf('quarantine', 'drop', 'retry', 'park', 'fail'),
    importance: 'medium',
    documentation:
      'What happens to a record whose key or value cannot be decoded: quarantine (it goes to the quarantine topic with the reason), drop (let go and counted), retry (tried again for task.timeout.ms, then quarantined), park (its partition is paused until it is resumed), fail. Kafka Streams fails by default. Sources may say otherwise.',
  },
  'processing.exception.handler': {
    type: 'string',
    default: 'quarantine',
    validator: oneOf('quarantine', 'drop', 'retry', 'park', 'fail'),
    importance: 'medium',
    documentation:
      'What happens to a record on which an operator throws; see deserialization.exception.handler. Kafka Streams fails by default. Sources and operators may say otherwise.',
  },
  'production.exception.handler': {
    type: 'string',
    default: 'quarantine',
    validator: oneOf('quarantine', 'drop', 'retry', 'park', 'fail'),
    importance: 'medium',
    documentation:
      'What happens to a record whose result cannot be encoded or is too large to be produced; see deserialization.exception.handler. Kafka Streams fails by default. Sources and sinks may say otherwise.',
  },
  'processing.guarantee': {
    type: 'string',
    default: 'at_least_once',
    validator: oneOf('at_least_once', 'exactly_once_v2'),
    importance: 'medium',
    documentation:
      'exactly_once_v2: results, changelogs and offsets are one transaction; readers that read committed records see each result once. at_least_once: after a crash the records since the last commit are processed again.',
  },
  'commit.interval.ms': {
    type: 'long',
    default: null,
    validator: atLeast(0),
    importance: 'low',
    documentation:
      'How often offsets are committed; what was processed since is processed again after a crash. Default: 100 with exactly_once_v2, where results become visible at the commit; otherwise 5000 (Kafka Streams: 30000).',
  },
  'state.dir': {
    type: 'string',
    default: null,
    validator: nonEmptyString,
    importance: 'high',
    documentation:
      'Where the stores that are on disk keep their rows, in a folder per application and task; of this instance alone. What is lost there is restored from the changelogs. Default: `sluice-streams` in the system’s folder for temporary files.',
  },
  'snapshot.url': {
    type: 'string',
    default: null,
    validator: objectStoreUrl,
    importance: 'medium',
    documentation:
      'The object store that snapshots of the tasks’ state are written to, beside the work: a `file:`, `s3:` or `memory:` URL, or a path. A task that begins without its state takes the newest that fits, and the rest of its changelogs. Default: no snapshots.',
  },
  'snapshot.interval.ms': {
    type: 'long',
    default: 300_000,
    validator: atLeast(1_000),
    importance: 'low',
    documentation: 'How often a snapshot is taken of each task whose state has moved.',
  },
  'snapshot.retained': {
    type: 'int',
    default: 2,
    validator: atLeast(1),
    importance: 'low',
    documentation: 'How many snapshots of a task are kept; older ones are deleted.',
  },
  'snapshot.max.age.ms': {
    type: 'long',
    default: 86_400_000,
    validator: atLeast(1),
    importance: 'low',
    documentation:
      'Older snapshots are not used: a changelog forgets deletes `delete.retention.ms` (a day) after it has compacted them, and a state from before would keep what was deleted.',
  },
  'num.standby.replicas': {
    type: 'int',
    default: 0,
    validator: atLeast(0),
    importance: 'low',
    documentation:
      'How many other instances keep a copy of each task’s state, up to date with its changelogs: what takes over goes on at once.',
  },
  'acceptable.recovery.lag': {
    type: 'long',
    default: 10_000,
    validator: atLeast(0),
    importance: 'medium',
    documentation:
      'How many records of its changelogs an instance may lack of a task’s state and still be given the task. One that lacks more warms up first, while another one runs it that has the state.',
  },
  'max.warmup.replicas': {
    type: 'int',
    default: 2,
    validator: atLeast(1),
    importance: 'medium',
    documentation: 'How many copies of state may be made at a time for tasks that are to move.',
  },
  'probing.rebalance.interval.ms': {
    type: 'long',
    default: 600_000,
    validator: atLeast(1_000),
    importance: 'low',
    documentation:
      'While a task waits for its state at another instance: how often it is seen at least whether it can move. An instance that has caught up says so at once.',
  },
  'group.instance.id': {
    type: 'string',
    default: null,
    importance: 'low',
    documentation: 'Makes the instance a static member: a restart within the session costs no rebalance.',
  },
  'repartition.purge.interval.ms': {
    type: 'long',
    default: 30_000,
    validator: atLeast(0),
    importance: 'low',
    documentation:
      'How often what was processed and committed is deleted from repartition topics, which keep everything otherwise.',
  },
  'session.timeout.ms': {
    type: 'int',
    default: 45_000,
    validator: atLeast(1),
    importance: 'low',
    documentation: 'An instance that is not heard of for so long loses its tasks to the others.',
  },
  'heartbeat.interval.ms': {
    type: 'int',
    default: 3_000,
    validator: atLeast(1),
    importance: 'low',
    documentation: 'How often an instance tells the group’s coordinator that it is there.',
  },
  'max.poll.interval.ms': {
    type: 'int',
    default: 300_000,
    validator: atLeast(1),
    importance: 'low',
    documentation:
      'How long an instance may be busy, or a commit wait for calls of user code (`mapValuesAsync`), until the group takes it for stuck; and how long the others wait for it in a rebalance. Partitions that are taken away wait half as long for calls; then the next owner makes these again.',
  },
  'transaction.timeout.ms': {
    type: 'int',
    default: 10_000,
    validator: atLeast(1),
    importance: 'low',
    documentation:
      'With exactly_once_v2: how long a transaction may be open, and so how long the others wait for one that was left open by an instance that is gone.',
  },
  'metrics.recording.level': {
    type: 'string',
    default: 'INFO',
    validator: oneOf('INFO', 'DEBUG', 'TRACE'),
    importance: 'low',
    documentation:
      'What `KafkaStreams.metrics()` tells: with DEBUG also of tasks and stores, whose calls are then counted and, one in 64, timed. TRACE is DEBUG.',
  },
  'poll.ms': {
    type: 'long',
    default: 100,
    validator: atLeast(0),
    importance: 'low',
    documentation: 'Longest wait for records before the loop looks around.',
  },
  'buffered.bytes.max': {
    type: 'long',
    default: 33_554_432,
    validator: atLeast(1),
    importance: 'low',
    documentation:
      'Most bytes of results that may be on their way to the broker; more are not processed until some are durable.',
  },
  'num.stream.threads': {
    type: 'int',
    default: 1,
    validator: atLeast(0),
    importance: 'medium',
    documentation:
      'How many members of the group the instance starts with. They share one thread of the process: more of them overlap their waits for the broker.',
  },
  'max.task.idle.ms': {
    type: 'long',
    default: 0,
    validator: atLeast(-1),
    importance: 'medium',
    documentation:
      'How long a task that reads several partitions waits for one that has nothing, so that records come in the order of their times. 0: only while there is something at the broker. -1: not even then.',
  },
  'task.timeout.ms': {
    type: 'long',
    default: 300_000,
    validator: atLeast(0),
    importance: 'low',
    documentation:
      'How long errors that may pass are retried without any progress before the application fails. It counts from the first one: that a result cannot be delivered is told after two minutes of trying.',
  },
  'metadata.max.age.ms': {
    type: 'long',
    default: 300_000,
    validator: atLeast(1),
    importance: 'low',
    documentation:
      'How often is looked whether the topics that are read are still there, whether a pattern matches others by now, and whether they have more partitions. Without one of them the application ends, and names it; where there is more, its threads go back to what is committed, which is all that they have processed, and read that too. What does not fit then, as a topic with more partitions than the changelogs have, is refused as at a start.',
  },
  'retry.backoff.ms': {
    type: 'long',
    default: 100,
    validator: atLeast(0),
    importance: 'low',
    documentation: 'The pause before the first retry; it doubles with each one.',
  },
  'retry.backoff.max.ms': {
    type: 'long',
    default: 5000,
    validator: atLeast(0),
    importance: 'low',
    documentation: 'The longest pause between two retries. Kafka: 1000.',
  },
  'close.timeout.ms': {
    type: 'long',
    default: 30_000,
    validator: atLeast(0),
    importance: 'low',
    documentation: 'How long a stop may wait for what was put out to become durable.',
  },
  'consumer.fetch.max.bytes': {
    type: 'int',
    default: 1_048_576,
    validator: atLeast(1),
    importance: 'low',
    documentation:
      'Most bytes that a broker is asked for at a time. An answer is in memory until it is processed, with one more on its way: more makes up for a broker that is far away. Kafka Streams: 52428800.',
  },
  'producer.compression.type': {
    type: 'string',
    default: 'none',
    validator: oneOf('none', 'gzip', 'snappy', 'lz4', 'zstd'),
    importance: 'low',
    documentation: 'How results are compressed on the wire and in the log.',
  },
  'producer.linger.ms': {
    type: 'long',
    default: 0,
    validator: atLeast(0),
    importance: 'low',
    documentation: 'How long a batch waits for more records. Kafka Streams: 100.',
  },
  'producer.max.request.size': {
    type: 'int',
    default: 1_048_576,
    validator: atLeast(1),
    importance: 'low',
    documentation: 'Most bytes of a result. Quarantined records may be larger by their headers.',
  },
  'create.topics': {
    type: 'boolean',
    default: true,
    importance: 'low',
    documentation:
      'Whether missing output and quarantine topics are created, with as many partitions as the source topics have at most. Kafka Streams creates none.',
  },
})

export type StreamsSettings = ParsedSettings<typeof streamsSettings>

/** The topic for records whose source and gate name none. */
export function quarantineTopicOf(settings: Pick<StreamsSettings, 'application.id' | 'quarantine.topic'>): string {
  return settings['quarantine.topic'] ?? `${settings['application.id']}.quarantine`
}

/**
 * A transaction that is open for longer than it may be is aborted by the broker; a member whose heartbeats are further apart than its
 * session is put out of the group each time. @throws SluiceError SETTINGS_INVALID
 */
export function checkTimes(settings: StreamsSettings): void {
  const {
    'processing.guarantee': guarantee,
    'commit.interval.ms': commitMs,
    'transaction.timeout.ms': timeoutMs,
    'heartbeat.interval.ms': heartbeatMs,
    'session.timeout.ms': sessionMs,
  } = settings
  if (heartbeatMs >= sessionMs) {
    throw new SluiceError(
      'SETTINGS_INVALID',
      `heartbeat.interval.ms (${heartbeatMs}) is not below session.timeout.ms (${sessionMs})`,
      { remedy: 'Send heartbeats about three times as often as the session is long.' },
    )
  }
  if (guarantee !== 'exactly_once_v2' || commitMs === null || commitMs < timeoutMs) return
  throw new SluiceError(
    'SETTINGS_INVALID',
    `commit.interval.ms (${commitMs}) is not below transaction.timeout.ms (${timeoutMs})`,
    {
      remedy: 'Commit more often, or raise transaction.timeout.ms: a transaction is open from one commit to the next.',
    },
  )
}
