/** Settings of the worker and those that every connector has, under Kafka Connect's names. */
import {
  anyNonDuplicateValues,
  atLeast,
  between,
  defineSettings,
  nonEmptyString,
  nonEmptyStringWithoutControlChars,
  oneOf,
  validatedBy,
  type ParsedSettings,
} from '@sluice/sdk'

/** The longest wait there is: timers take no more. Some 24 days. */
const WAIT_MAX_MS = 2_147_483_647

/** What headers are converted by unless somebody says otherwise. */
export const HEADER_CONVERTER = 'StringConverter'

/** Settings of a standalone worker. */
export const standaloneSettings = defineSettings(
  {
    'bootstrap.servers': {
      type: 'list',
      importance: 'high',
      documentation: 'Kafka brokers to begin with, as host:port, separated by commas.',
    },
    'client.id': {
      type: 'string',
      default: 'sluice',
      importance: 'low',
      documentation: 'How this worker names itself to the brokers.',
    },
    'key.converter': {
      type: 'class',
      importance: 'high',
      documentation: 'Converter of keys, unless a connector names its own.',
    },
    'value.converter': {
      type: 'class',
      importance: 'high',
      documentation: 'Converter of values, unless a connector names its own.',
    },
    'header.converter': {
      type: 'class',
      default: HEADER_CONVERTER,
      importance: 'low',
      documentation: 'Converter of header values, unless a connector names its own.',
    },
    'offset.storage.file.filename': {
      type: 'string',
      default: null,
      validator: nonEmptyString,
      importance: 'high',
      documentation: 'File for the positions of sources. One of this and offset.storage.topic must be given.',
    },
    'offset.storage.topic': {
      type: 'string',
      default: null,
      validator: nonEmptyString,
      importance: 'high',
      documentation: 'Compacted topic for the positions of sources; created when it is missing.',
    },
    'offset.storage.partitions': {
      type: 'int',
      default: 25,
      validator: atLeast(1),
      importance: 'low',
      documentation: 'Partitions of offset.storage.topic when it is created.',
    },
    'offset.storage.replication.factor': {
      type: 'short',
      default: -1,
      importance: 'low',
      documentation: "Replicas of offset.storage.topic when it is created; -1 is the broker's default.",
    },
    'offset.flush.interval.ms': {
      type: 'long',
      default: 60_000,
      validator: between(1, WAIT_MAX_MS),
      importance: 'low',
      documentation: 'How often positions and offsets are stored.',
    },
    'offset.flush.timeout.ms': {
      type: 'long',
      default: 5_000,
      validator: between(1, WAIT_MAX_MS),
      importance: 'low',
      documentation: 'How long a stopping task waits for what is under way before it stores its positions.',
    },
    'task.shutdown.graceful.timeout.ms': {
      type: 'long',
      default: 30_000,
      validator: between(1, WAIT_MAX_MS),
      importance: 'low',
      documentation: 'How long tasks may take to stop before the worker ends without them.',
    },
    'task.queue.bytes': {
      type: 'long',
      default: 33_554_432,
      validator: atLeast(1),
      importance: 'low',
      documentation: 'Bytes a source task may have under way to Kafka before it is polled again.',
    },
    plugins: {
      type: 'list',
      default: [],
      importance: 'low',
      documentation:
        'Packages or files of connectors to load besides the bundled ones: a package name, or a path that begins with ./ or /.',
    },
  },
  {
    *check(settings) {
      const both = [settings['offset.storage.file.filename'], settings['offset.storage.topic']]
      if (both.filter((value) => value !== null).length !== 1)
        yield {
          setting: 'offset.storage.file.filename',
          message:
            'Exactly one of offset.storage.file.filename and offset.storage.topic must be given: it is where the positions of sources live.',
        }
    },
  },
)
export type StandaloneSettings = ParsedSettings<typeof standaloneSettings>

/** Settings of every connector. */
export const connectorSettings = defineSettings({
  name: {
    type: 'string',
    validator: nonEmptyStringWithoutControlChars,
    importance: 'high',
    group: 'Common',
    documentation: 'Globally unique name of the connector.',
  },
  'connector.class': {
    type: 'class',
    importance: 'high',
    group: 'Common',
    documentation: 'Name of the connector, ours or a known Java class.',
  },
  'tasks.max': {
    type: 'int',
    default: 1,
    validator: atLeast(1),
    importance: 'high',
    group: 'Common',
    documentation: 'Most tasks this connector may use.',
  },
  'key.converter': {
    type: 'class',
    default: null,
    importance: 'low',
    group: 'Common',
    documentation: "Converter of keys; default: the worker's.",
  },
  'value.converter': {
    type: 'class',
    default: null,
    importance: 'low',
    group: 'Common',
    documentation: "Converter of values; default: the worker's.",
  },
  'header.converter': {
    type: 'class',
    default: null,
    importance: 'low',
    group: 'Common',
    documentation: "Converter of headers; default: the worker's.",
  },
  transforms: {
    type: 'list',
    default: [],
    validator: anyNonDuplicateValues(),
    importance: 'low',
    group: 'Transforms',
    documentation: 'Aliases of the transforms, in the order they are applied.',
  },
  predicates: {
    type: 'list',
    default: [],
    validator: anyNonDuplicateValues(),
    importance: 'low',
    group: 'Predicates',
    documentation: 'Aliases of the predicates that transforms may name.',
  },
  'errors.retry.timeout': {
    type: 'long',
    default: 0,
    validator: atLeast(-1),
    importance: 'medium',
    group: 'Error Handling',
    documentation:
      'Milliseconds during which a failed operation on a record is tried again; 0: not at all, -1: for ever.',
  },
  'errors.retry.delay.max.ms': {
    type: 'long',
    default: 60_000,
    validator: between(0, WAIT_MAX_MS),
    importance: 'medium',
    group: 'Error Handling',
    documentation: 'Longest wait between two tries, in milliseconds.',
  },
  'errors.tolerance': {
    type: 'string',
    default: 'none',
    validator: oneOf('none', 'all'),
    importance: 'medium',
    group: 'Error Handling',
    documentation:
      'none: the first record that fails stops the task. all: such records become dead letters or, without a topic for those, are dropped with a count. Bytes that a source cannot read are never dropped: without that topic they stop the task.',
  },
  'errors.log.enable': {
    type: 'boolean',
    default: false,
    importance: 'medium',
    group: 'Error Handling',
    documentation: 'Whether each failed record is logged.',
  },
  'errors.log.include.messages': {
    type: 'boolean',
    default: false,
    importance: 'medium',
    group: 'Error Handling',
    documentation:
      "Whether the log line of a failed record names the record's place (topic, partition, offset, or position). Never its content.",
  },
  'errors.deadletterqueue.topic.name': {
    type: 'string',
    default: '',
    importance: 'medium',
    group: 'Error Handling',
    documentation: 'Topic for records that fail and, for sources, for bytes that cannot be read. Empty: none.',
  },
  'errors.deadletterqueue.topic.replication.factor': {
    type: 'short',
    default: -1,
    importance: 'medium',
    group: 'Error Handling',
    documentation: "Replicas of that topic when it is created; -1 is the broker's default.",
  },
  'errors.deadletterqueue.context.headers.enable': {
    type: 'boolean',
    default: true,
    importance: 'medium',
    group: 'Error Handling',
    documentation: 'Whether dead letters carry the headers that say where they come from and what failed.',
  },
})

/** What sources have besides. */
export const sourceSettings = connectorSettings.extend(
  defineSettings({
    'topic.creation.default.partitions': {
      type: 'int',
      default: null,
      validator: validatedBy('-1 or at least 1', (partitions) =>
        partitions === -1 || Number(partitions) >= 1 ? undefined : 'Value must be -1 or at least 1',
      ),
      importance: 'low',
      group: 'Topic Creation',
      documentation:
        'Partitions of topics the connector writes to, when they must be created. Not given: as many as the broker makes by default.',
    },
    'topic.creation.default.replication.factor': {
      type: 'short',
      default: -1,
      importance: 'low',
      group: 'Topic Creation',
      documentation: "Replicas of such topics; -1 is the broker's default.",
    },
  }),
)

/** What sinks have besides. */
export const sinkSettings = connectorSettings.extend(
  defineSettings(
    {
      topics: {
        type: 'list',
        validator: anyNonDuplicateValues(false),
        importance: 'high',
        group: 'Common',
        documentation: 'Topics to read, separated by commas. Those that are not there yet are waited for.',
      },
    },
    {
      *check(settings) {
        // Asked with the settings of every connector too.
        const letters = (settings as typeof settings & Pick<ConnectorSettings, typeof DEAD_LETTERS>)[DEAD_LETTERS]
        if (settings.topics.includes(letters))
          yield {
            setting: DEAD_LETTERS,
            message: `${DEAD_LETTERS} must not be one of topics, here ${letters}: the sink would read its own dead letters.`,
          }
      },
    },
  ),
)

const DEAD_LETTERS = 'errors.deadletterqueue.topic.name'

export type ConnectorSettings = ParsedSettings<typeof connectorSettings>
export type SourceSettings = ParsedSettings<typeof sourceSettings>
export type SinkSettings = ParsedSettings<typeof sinkSettings>

/** The settings below a prefix, without it: `value.converter.` → the value converter's own. */
export function below(prefix: string, raw: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const found: Record<string, string> = {}
  for (const [key, value] of Object.entries(raw)) if (key.startsWith(prefix)) found[key.slice(prefix.length)] = value
  return found
}
