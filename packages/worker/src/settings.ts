/** Settings of the worker and those that every connector has, under Kafka Connect's names. */
import { atLeast, between, defineSettings, nonEmptyString, type ParsedSettings } from '@sluice/sdk'
import type { sinkSettings } from './validation/sink-settings.ts'
import type { sourceSettings } from './validation/source-settings.ts'

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
    'plugin.path': {
      type: 'list',
      default: [],
      importance: 'low',
      documentation:
        'Folders of plugins: packages, or folders of packages, which say in their package.json what they hold.',
    },
    'config.providers': {
      type: 'list',
      default: [],
      importance: 'low',
      documentation:
        'Names of config providers; each has config.providers.NAME.class and config.providers.NAME.param.*.',
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

export { connectorSettings } from './validation/connector-settings.ts'
export { sinkSettings } from './validation/sink-settings.ts'
export { sourceSettings } from './validation/source-settings.ts'

/** What a source and a sink both have. */
export type ConnectorSettings = Omit<SourceSettings, Exclude<keyof SourceSettings, keyof SinkSettings>>
export type SourceSettings = ParsedSettings<typeof sourceSettings>
export type SinkSettings = ParsedSettings<typeof sinkSettings>

/** The settings below a prefix, without it: `value.converter.` → the value converter's own. */
export function below(prefix: string, raw: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const found: Record<string, string> = {}
  for (const [key, value] of Object.entries(raw)) if (key.startsWith(prefix)) found[key.slice(prefix.length)] = value
  return found
}
