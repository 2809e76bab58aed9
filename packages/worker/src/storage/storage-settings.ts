/** Settings of Connect's three topics, under Kafka Connect's names and with its defaults. */
import {
  defineSettings,
  nonEmptyString,
  validatedBy,
  type Logger,
  type ParsedSettings,
  type RawSettings,
  type SettingDeclarations,
  type Validator,
} from '@sluice/sdk'

export const isPartitions: Validator = validatedBy("Positive number, or -1 to use the broker's default", (value) =>
  value === -1 || Number(value) >= 1
    ? undefined
    : "Number of partitions must be positive, or -1 to use the broker's default",
)

export const isReplicationFactor: Validator = validatedBy(
  "Positive number, or -1 to use the broker's default",
  (value) =>
    value === -1 || Number(value) >= 1
      ? undefined
      : "Replication factor must be positive and not larger than the number of brokers in the Kafka cluster, or -1 to use the broker's default",
)

const FURTHER =
  'Further settings below the same prefix, as in config.storage.min.insync.replicas, become settings of the topic.'

/** Whether they are made. */
export const creationDeclaration = {
  'internal.topics.automatic.creation.enable': {
    type: 'boolean',
    default: true,
    importance: 'low',
    documentation:
      'Whether these topics are made when they are missing (KIP-1209). If not, the worker does not start without them.',
  },
} as const satisfies SettingDeclarations

/** Of the topic for positions: a standalone worker may have it too. */
export const offsetTopicDeclarations = {
  'offset.storage.topic': {
    type: 'string',
    validator: nonEmptyString,
    importance: 'high',
    documentation: `Compacted topic for the positions of sources. Made when it is missing. ${FURTHER}`,
  },
  'offset.storage.partitions': {
    type: 'int',
    default: 25,
    validator: isPartitions,
    importance: 'low',
    documentation: "Partitions of offset.storage.topic when it is created; -1 is the broker's default.",
  },
  'offset.storage.replication.factor': {
    type: 'short',
    default: 3,
    validator: isReplicationFactor,
    importance: 'low',
    documentation: "Replicas of offset.storage.topic when it is created; -1 is the broker's default.",
  },
} as const satisfies SettingDeclarations

export const storageSettings = defineSettings({
  'config.storage.topic': {
    type: 'string',
    validator: nonEmptyString,
    importance: 'high',
    documentation: `Compacted topic of one partition for what should run: configs of connectors and tasks. Made when it is missing. ${FURTHER}`,
  },
  'config.storage.replication.factor': {
    type: 'short',
    default: 3,
    validator: isReplicationFactor,
    importance: 'low',
    documentation: "Replicas of config.storage.topic when it is created; -1 is the broker's default.",
  },
  ...offsetTopicDeclarations,
  'status.storage.topic': {
    type: 'string',
    validator: nonEmptyString,
    importance: 'high',
    documentation: `Compacted topic for how everything is doing. Made when it is missing. ${FURTHER}`,
  },
  'status.storage.partitions': {
    type: 'int',
    default: 5,
    validator: isPartitions,
    importance: 'low',
    documentation: "Partitions of status.storage.topic when it is created; -1 is the broker's default.",
  },
  'status.storage.replication.factor': {
    type: 'short',
    default: 3,
    validator: isReplicationFactor,
    importance: 'low',
    documentation: "Replicas of status.storage.topic when it is created; -1 is the broker's default.",
  },
  ...creationDeclaration,
})
export type StorageSettings = ParsedSettings<typeof storageSettings>

/** One of the three topics, and how it is made when it is missing. */
export interface InternalTopic {
  readonly topic: string
  /** The setting that names it: for messages. */
  readonly setting: string
  /** What is in it, for messages: `connector configurations`. */
  readonly holds: string
  /** -1: the broker's default. */
  readonly partitions: number
  readonly replicationFactor: number
  /** Beside `cleanup.policy=compact`. */
  readonly configs: Readonly<Record<string, string>>
  readonly mayCreate: boolean
}

export interface InternalTopics {
  readonly config: InternalTopic
  readonly offset: InternalTopic
  readonly status: InternalTopic
}

/** @param raw the worker's settings as they were given, for those that only the topics know */
export function internalTopics(settings: StorageSettings, raw: RawSettings, logger: Logger): InternalTopics {
  const mayCreate = settings['internal.topics.automatic.creation.enable']
  const described = (kind: 'config' | 'status', holds: string, partitions: number): InternalTopic => ({
    topic: settings[`${kind}.storage.topic`],
    setting: `${kind}.storage.topic`,
    holds,
    partitions,
    replicationFactor: settings[`${kind}.storage.replication.factor`],
    configs: topicConfigs(kind, raw, logger),
    mayCreate,
  })
  return {
    config: described('config', 'connector configurations', 1),
    offset: offsetTopic(settings['offset.storage.topic'], settings, raw, logger),
    status: described('status', 'connector and task statuses', settings['status.storage.partitions']),
  }
}

/** The topic for positions, of this name. */
export function offsetTopic(
  topic: string,
  settings: Pick<
    StorageSettings,
    'offset.storage.partitions' | 'offset.storage.replication.factor' | 'internal.topics.automatic.creation.enable'
  >,
  raw: RawSettings,
  logger: Logger,
): InternalTopic {
  return {
    topic,
    setting: 'offset.storage.topic',
    holds: 'source connector offsets',
    partitions: settings['offset.storage.partitions'],
    replicationFactor: settings['offset.storage.replication.factor'],
    configs: topicConfigs('offset', raw, logger),
    mayCreate: settings['internal.topics.automatic.creation.enable'],
  }
}

/** Not a setting of the topic: said by settings of the worker. */
const OURS: ReadonlySet<string> = new Set(['topic', 'partitions', 'replication.factor', 'file.filename'])

/** What stands below the prefix of a topic and is a setting of the topic alone. */
export function topicConfigs(
  kind: 'config' | 'offset' | 'status' | 'catalog',
  raw: RawSettings,
  logger: Logger,
): Record<string, string> {
  const prefix = `${kind}.storage.`
  const configs: Record<string, string> = {}
  for (const [key, value] of Object.entries(raw)) {
    if (!key.startsWith(prefix)) continue
    const name = key.slice(prefix.length)
    const isFixed = name === 'cleanup.policy' || (name === 'partitions' && (kind === 'config' || kind === 'catalog'))
    if (isFixed) logger.warn('A setting of a topic is ignored: it must be as it is', { setting: key })
    else if (!OURS.has(name)) configs[name] = value
  }
  return configs
}
