/** What Kafka Connect does not have, in a group of its own, behind everything that it has. */
import { atLeast, between, defineSettings, oneOf, type ParsedSettings, type RawSettings } from '@sluice/sdk'
import type { AutomaticRestartOptions } from '../herder/automatic-restart.ts'

/** The longest wait there is: timers take no more. Some 24 days. */
const WAIT_MAX_MS = 2_147_483_647

const GROUP = 'Sluice'

/** Of every connector. */
export const ownSettings = defineSettings({
  isolation: {
    type: 'string',
    default: null,
    validator: oneOf('connector', 'shared', 'inline'),
    importance: 'medium',
    group: GROUP,
    width: 'short',
    displayName: 'Isolation',
    documentation:
      "Where the connector runs. connector: in a process of its own; shared: in one with other connectors; inline: in the worker's, if that is where the worker runs its connectors. Not given: as the worker says.",
  },
  'rate.limit.records.per.second': {
    type: 'long',
    default: null,
    validator: atLeast(1),
    importance: 'low',
    group: GROUP,
    width: 'short',
    displayName: 'Records per second',
    documentation: 'Most records that each task of the connector reads per second. Not given: no limit.',
  },
  'rate.limit.bytes.per.second': {
    type: 'long',
    default: null,
    validator: atLeast(1),
    importance: 'low',
    group: GROUP,
    width: 'short',
    displayName: 'Bytes per second',
    documentation:
      'Most bytes of keys and values that each task of the connector reads per second. Not given: no limit.',
  },
  'restart.enable': {
    type: 'boolean',
    default: true,
    importance: 'medium',
    group: GROUP,
    width: 'short',
    displayName: 'Automatic restart',
    documentation: 'Whether a connector or a task that has failed is started again without being asked.',
  },
  'restart.backoff.initial.ms': {
    type: 'long',
    default: 1_000,
    validator: between(1, WAIT_MAX_MS),
    importance: 'low',
    group: GROUP,
    width: 'short',
    displayName: 'First wait before a restart',
    documentation: 'How long the first restart waits; the n-th waits n² times as long.',
  },
  'restart.backoff.max.ms': {
    type: 'long',
    default: 300_000,
    validator: between(1, WAIT_MAX_MS),
    importance: 'low',
    group: GROUP,
    width: 'short',
    displayName: 'Longest wait before a restart',
    documentation: 'How long a restart waits at most.',
  },
  'restart.reset.after.ms': {
    type: 'long',
    default: 600_000,
    validator: between(1, WAIT_MAX_MS),
    importance: 'low',
    group: GROUP,
    width: 'short',
    displayName: 'Time after which failures are forgotten',
    documentation: 'Whoever has run for so long counts as never failed.',
  },
})

/** What a connector says of its automatic restart; null: there is to be none. What it does not say, or says wrongly, is the worker's. */
export function restartOptions(config: RawSettings): AutomaticRestartOptions | null {
  if (ownSettings.problems(config).length > 0) return {}
  const settings: ParsedSettings<typeof ownSettings> = ownSettings.parse(config)
  if (!settings['restart.enable']) return null
  const given = (setting: 'restart.backoff.initial.ms' | 'restart.backoff.max.ms' | 'restart.reset.after.ms') =>
    config[setting] === undefined ? undefined : settings[setting]
  const [backoffMs, backoffMaxMs, healthyAfterMs] = [
    given('restart.backoff.initial.ms'),
    given('restart.backoff.max.ms'),
    given('restart.reset.after.ms'),
  ]
  return {
    ...(backoffMs === undefined ? {} : { backoffMs }),
    ...(backoffMaxMs === undefined ? {} : { backoffMaxMs }),
    ...(healthyAfterMs === undefined ? {} : { healthyAfterMs }),
  }
}

/** Dead letters of a source: a sink's keys with a sink's defaults (KIP-298 has them for sinks alone). */
export const sourceDeadLetterSettings = defineSettings({
  'errors.deadletterqueue.topic.name': {
    type: 'string',
    default: '',
    importance: 'medium',
    group: GROUP,
    width: 'medium',
    displayName: 'Dead Letter Queue Topic Name',
    documentation: 'Topic for records that fail and for bytes that cannot be read. Empty: none.',
  },
  'errors.deadletterqueue.topic.replication.factor': {
    type: 'short',
    default: 3,
    importance: 'medium',
    group: GROUP,
    width: 'medium',
    displayName: 'Dead Letter Queue Topic Replication Factor',
    documentation: "Replicas of that topic when it is created; -1 is the broker's default.",
  },
  'errors.deadletterqueue.context.headers.enable': {
    type: 'boolean',
    default: false,
    importance: 'medium',
    group: GROUP,
    width: 'medium',
    displayName: 'Enable Error Context Headers',
    documentation: 'Whether dead letters carry the headers that say where they come from and what failed.',
  },
})
