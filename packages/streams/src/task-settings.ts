import type { TaskSettings } from './record-path/task-contract.ts'
import { quarantineTopicOf, type StreamsSettings } from './streams-settings.ts'

/** What a task needs of the settings. */
export function taskSettingsOf(settings: StreamsSettings): TaskSettings {
  const isExactlyOnce = settings['processing.guarantee'] === 'exactly_once_v2'
  return {
    applicationId: settings['application.id'],
    quarantineTopic: quarantineTopicOf(settings),
    onDecodeException: settings['deserialization.exception.handler'],
    onProcessException: settings['processing.exception.handler'],
    onEncodeException: settings['production.exception.handler'],
    recordBytesMax: settings['producer.max.request.size'],
    isolation: isExactlyOnce ? 'read_committed' : 'read_uncommitted',
    maxTaskIdleMs: settings['max.task.idle.ms'],
    retrying: {
      firstMs: settings['retry.backoff.ms'],
      longestMs: settings['retry.backoff.max.ms'],
      timeoutMs: settings['task.timeout.ms'],
    },
  }
}

/** How often is committed, unless it is said otherwise. */
export function commitIntervalOf(settings: StreamsSettings): number {
  return settings['commit.interval.ms'] ?? (settings['processing.guarantee'] === 'exactly_once_v2' ? 100 : 5_000)
}
