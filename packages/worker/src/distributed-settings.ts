/** Settings that only a distributed worker has: Kafka Connect's keys and defaults. Those of the three topics are declared beside them. */
import { atLeast, between, defineSettings, nonEmptyString, oneOf, validatedBy, type ParsedSettings } from '@sluice/sdk'
import { isolationSetting } from './cells/cell-settings.ts'

/** The longest wait there is: timers take no more. Some 24 days. */
const WAIT_MAX_MS = 2_147_483_647
const MAC_ALGORITHMS = ['HmacSHA1', 'HmacSHA224', 'HmacSHA256', 'HmacSHA384', 'HmacSHA512'] as const

const isMac = validatedBy(`one of ${MAC_ALGORITHMS.join(', ')}`, (name) =>
  MAC_ALGORITHMS.some((algorithm) => algorithm === name) ? undefined : `Must be one of ${MAC_ALGORITHMS.join(', ')}`,
)

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
    isolation: { ...isolationSetting, default: 'connector' },
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

export type GroupSettings = ParsedSettings<typeof groupSettings>
