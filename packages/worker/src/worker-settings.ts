/** Settings that a worker has in both modes: Kafka Connect's keys and defaults, and few of ours. Those of REST are declared beside it. */
import { atLeast, between, defineSettings, oneOf, type ParsedSettings } from '@sluice/sdk'

/** The longest wait there is: timers take no more. Some 24 days. */
const WAIT_MAX_MS = 2_147_483_647

export const workerSettings = defineSettings({
  'bootstrap.servers': {
    type: 'list',
    importance: 'high',
    documentation: 'Kafka brokers to begin with, as host:port, separated by commas.',
  },
  'client.id': {
    type: 'string',
    default: '',
    importance: 'low',
    documentation: 'How this worker names itself to the brokers; a part of the names of all its clients.',
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
    default: 'SimpleHeaderConverter',
    importance: 'low',
    documentation: 'Converter of header values, unless a connector names its own.',
  },
  'offset.flush.interval.ms': {
    type: 'long',
    default: 60_000,
    validator: between(1, WAIT_MAX_MS),
    importance: 'low',
    documentation: 'How often positions of sources and offsets of sinks are stored.',
  },
  'offset.flush.timeout.ms': {
    type: 'long',
    default: 5_000,
    validator: between(1, WAIT_MAX_MS),
    importance: 'low',
    documentation: 'How long a commit may take, and a stopping task wait for what is under way.',
  },
  'task.shutdown.graceful.timeout.ms': {
    type: 'long',
    default: 5_000,
    validator: between(1, WAIT_MAX_MS),
    importance: 'low',
    documentation: 'How long all tasks that are stopped together may take before they are cancelled.',
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
  processors: {
    type: 'list',
    default: [],
    importance: 'low',
    documentation:
      'Packages or files of processors that may be deployed here besides the bundled ones: a package name, or a path that begins with ./ or /.',
  },
  'plugin.path': {
    type: 'list',
    default: [],
    importance: 'low',
    documentation:
      'Folders of plugins: packages, or folders of packages, which say in their package.json what they hold.',
  },
  'plugin.discovery': {
    type: 'string',
    default: 'hybrid_warn',
    validator: oneOf('only_scan', 'hybrid_warn', 'hybrid_fail', 'service_load'),
    importance: 'low',
    documentation: "Accepted as Kafka Connect's. All values mean the same here: plugins are found without being run.",
  },
  'config.providers': {
    type: 'list',
    default: [],
    importance: 'low',
    documentation: 'Names of config providers; each has config.providers.NAME.class and config.providers.NAME.param.*.',
  },
  'connector.client.config.override.policy': {
    type: 'class',
    default: 'All',
    importance: 'low',
    documentation: 'Which client settings connectors may override: All, None, Principal, Allowlist.',
  },
  'connector.client.config.override.allowlist': {
    type: 'list',
    default: [],
    importance: 'low',
    documentation: 'Those that Allowlist allows.',
  },
  'topic.tracking.enable': {
    type: 'boolean',
    default: true,
    importance: 'low',
    documentation: 'Whether the topics that connectors use are kept account of.',
  },
  'topic.tracking.allow.reset': {
    type: 'boolean',
    default: true,
    importance: 'low',
    documentation: 'Whether that account may be reset.',
  },
  'topic.creation.enable': {
    type: 'boolean',
    default: true,
    importance: 'low',
    documentation: 'Whether topics of source connectors are created as their topic.creation.* settings say.',
  },
})

export type WorkerSettings = ParsedSettings<typeof workerSettings>
