/** Settings of a distributed worker: Kafka Connect's keys and defaults. Those of REST and of the three topics are declared beside what uses them. */
import { atLeast, between, defineSettings, nonEmptyString, oneOf, validatedBy, type ParsedSettings } from '@sluice/sdk'

/** The longest wait there is: timers take no more. Some 24 days. */
const WAIT_MAX_MS = 2_147_483_647
const MAC_ALGORITHMS = ['HmacSHA1', 'HmacSHA224', 'HmacSHA256', 'HmacSHA384', 'HmacSHA512'] as const

const isMac = validatedBy(`one of ${MAC_ALGORITHMS.join(', ')}`, (name) =>
  MAC_ALGORITHMS.some((algorithm) => algorithm === name) ? undefined : `Must be one of ${MAC_ALGORITHMS.join(', ')}`,
)

/** What a worker has in both modes. */
export const workerSettings = defineSettings({
  'bootstrap.servers': {
    type: 'list',
    default: ['localhost:9092'],
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

/** What a distributed worker has besides. */
export const groupSettings = defineSettings(
  {
    'group.id': {
      type: 'string',
      validator: nonEmptyString,
      importance: 'high',
      documentation: 'The cluster this worker belongs to; no consumer group may have the same name.',
    },
    'session.timeout.ms': {
      type: 'int',
      default: 10_000,
      validator: atLeast(1),
      importance: 'high',
      documentation: 'A worker that is not heard of for so long has lost its work.',
    },
    'heartbeat.interval.ms': {
      type: 'int',
      default: 3_000,
      validator: atLeast(1),
      importance: 'high',
      documentation: 'How often a worker is heard of.',
    },
    'rebalance.timeout.ms': {
      type: 'int',
      default: 60_000,
      validator: atLeast(1),
      importance: 'high',
      documentation: 'How long the others wait in a rebalance for a worker to give up work and join.',
    },
    'worker.sync.timeout.ms': {
      type: 'int',
      default: 3_000,
      validator: between(1, WAIT_MAX_MS),
      importance: 'medium',
      documentation: 'How long a worker that is behind in the config topic reads on before it gives up.',
    },
    'worker.unsync.backoff.ms': {
      type: 'int',
      default: 300_000,
      validator: between(1, WAIT_MAX_MS),
      importance: 'medium',
      documentation: 'How long it stays out of the group then (eager), or waits at most (cooperative).',
    },
    'connect.protocol': {
      type: 'string',
      default: 'sessioned',
      validator: oneOf('eager', 'compatible', 'sessioned'),
      importance: 'low',
      documentation: 'The newest group protocol offered; the group uses one that all workers have.',
    },
    'scheduled.rebalance.max.delay.ms': {
      type: 'int',
      // Kafka Connect's are five minutes, in which the work of a dead worker lies still; a restart of ours takes seconds.
      default: 10_000,
      validator: between(0, WAIT_MAX_MS),
      importance: 'low',
      documentation: 'How long the work of a lost worker is kept for its return. 300000 in Kafka Connect.',
    },
    'exactly.once.source.support': {
      type: 'string',
      default: 'disabled',
      validator: oneOf('disabled', 'preparing', 'enabled'),
      importance: 'high',
      documentation:
        'Whether sources write records and positions in transactions. On in two rolling restarts: preparing first, then enabled.',
    },
    'inter.worker.key.generation.algorithm': {
      type: 'string',
      default: 'HmacSHA256',
      validator: isMac,
      importance: 'low',
      documentation: 'Of the key that internal requests are signed with.',
    },
    'inter.worker.key.size': {
      type: 'int',
      default: null,
      importance: 'low',
      documentation: "Bits of that key; not given: the algorithm's own.",
    },
    'inter.worker.key.ttl.ms': {
      type: 'int',
      default: 3_600_000,
      validator: between(0, WAIT_MAX_MS),
      importance: 'low',
      documentation: 'How long that key lives.',
    },
    'inter.worker.signature.algorithm': {
      type: 'string',
      default: 'HmacSHA256',
      validator: isMac,
      importance: 'low',
      documentation: 'What internal requests are signed by.',
    },
    'inter.worker.verification.algorithms': {
      type: 'list',
      default: ['HmacSHA256'],
      importance: 'low',
      documentation: 'What they may be signed by.',
    },
    isolation: {
      type: 'string',
      default: 'connector',
      validator: oneOf('connector', 'shared', 'inline'),
      importance: 'medium',
      documentation:
        "Where connectors run that do not say so themselves. connector: each in a process of its own; shared: together in one; inline: in the worker's.",
    },
  },
  {
    *check(settings) {
      const verified = settings['inter.worker.verification.algorithms']
      const setting = 'inter.worker.verification.algorithms'
      const unknown = verified.filter((name) => !MAC_ALGORITHMS.some((algorithm) => algorithm === name))
      if (unknown.length > 0)
        yield { setting, message: `${setting} has algorithms that are not there: ${unknown.join(', ')}` }
      if (!verified.includes(settings['inter.worker.signature.algorithm']))
        yield { setting, message: `${setting} must contain inter.worker.signature.algorithm` }
      if (settings['heartbeat.interval.ms'] >= settings['session.timeout.ms'])
        yield {
          setting: 'heartbeat.interval.ms',
          message: 'heartbeat.interval.ms must be less than session.timeout.ms: a third of it is usual',
        }
    },
  },
)

export type WorkerSettings = ParsedSettings<typeof workerSettings>
export type GroupSettings = ParsedSettings<typeof groupSettings>
