import { ApiError } from '../api/handler.ts'
import type { TopicConfig } from '../broker.ts'
import { checkSetting, listOf } from '../settings/setting.ts'
import { type BrokerSynonym, type TopicSetting, topicSetting } from './topic-settings.ts'

/** What a broker setting was set to; undefined if nobody set it. */
export type BrokerOverride = (name: string) => string | undefined

export type SettingSource = 'topic' | 'broker' | 'default'

export interface EffectiveSetting {
  readonly value: string
  readonly source: SettingSource
}

/** Throws INVALID_CONFIG for a name that is no topic setting and for a value that it does not take. */
export function checkOverrides(overrides: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(overrides)) {
    const setting = topicSetting(name)
    if (setting === undefined) throw new ApiError('INVALID_CONFIG', `Unknown topic config name: ${name}`)
    checkSetting(setting, value)
  }
}

/** A setting's value for a topic with these overrides, and who set it. */
export function effectiveSetting(
  setting: TopicSetting,
  overrides: Readonly<Record<string, string>>,
  broker: BrokerOverride,
): EffectiveSetting {
  const own = overrides[setting.name]
  if (own !== undefined) return { value: own, source: 'topic' }
  for (const synonym of setting.synonyms) {
    const value = broker(synonym.name)
    if (value !== undefined) return { value: inTopicUnit(value, synonym), source: 'broker' }
  }
  return { value: setting.default ?? '', source: 'default' }
}

/** The settings that the broker acts on. Throws INVALID_CONFIG as `checkOverrides`, and for settings that contradict each other. */
export function parseTopicConfig(overrides: Readonly<Record<string, string>>, broker: BrokerOverride): TopicConfig {
  checkOverrides(overrides)
  const text = (name: string): string => effectiveSetting(topicSetting(name)!, overrides, broker).value.trim()
  const number = (name: string): number => Number(text(name))
  const policies = listOf(text('cleanup.policy'))
  const internalSegmentBytes = number('internal.segment.bytes')
  const minCompactionLagMs = number('min.compaction.lag.ms')
  const maxCompactionLagMs = number('max.compaction.lag.ms')
  if (minCompactionLagMs > maxCompactionLagMs) {
    throw new ApiError(
      'INVALID_CONFIG',
      `conflict topic config setting min.compaction.lag.ms (${minCompactionLagMs}) > max.compaction.lag.ms (${maxCompactionLagMs})`,
    )
  }
  const isCompacted = policies.includes('compact')
  const segmentMs = number('segment.ms')
  return {
    isCompacted,
    isDeleted: policies.includes('delete'),
    segmentBytes: internalSegmentBytes === 0 ? number('segment.bytes') : internalSegmentBytes,
    segmentMs: isCompacted ? Math.min(segmentMs, maxCompactionLagMs) : segmentMs,
    retentionBytes: number('retention.bytes'),
    retentionMs: number('retention.ms'),
    deleteRetentionMs: number('delete.retention.ms'),
    minCompactionLagMs,
    minCleanableDirtyRatio: number('min.cleanable.dirty.ratio'),
    indexIntervalBytes: number('index.interval.bytes'),
    maxMessageBytes: number('max.message.bytes'),
    timestampType: text('message.timestamp.type') === 'LogAppendTime' ? 'append' : 'create',
    timestampBeforeMaxMs: number('message.timestamp.before.max.ms'),
    timestampAfterMaxMs: number('message.timestamp.after.max.ms'),
    compression: text('compression.type') as TopicConfig['compression'],
  }
}

/** Retention in hours is -1 for ever, as in milliseconds. */
function inTopicUnit(value: string, { factor = 1 }: BrokerSynonym): string {
  if (factor === 1) return value
  const count = Number(value)
  return String(count < 0 ? count : count * factor)
}
