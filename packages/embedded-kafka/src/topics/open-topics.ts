import { Logs, type LogsOptions, journalPath } from '../log/logs.ts'
import type { BrokerOverride } from './topic-config.ts'
import { NO_JOURNAL, TopicJournalFile } from './topic-journal.ts'
import { type Leaders, TopicRegistry } from './topic-registry.ts'

export interface OpenTopicsOptions extends LogsOptions {
  readonly leaders: Leaders
  /** Broker settings that topics inherit (`log.retention.ms` …), as far as somebody set them. */
  readonly brokerOverride: BrokerOverride
}

export interface OpenedTopics {
  readonly topics: TopicRegistry
  /** Notes that everything is whole, so that the next start need not look, and gives the directory back. */
  close(): void
  /** For tests: leaves the directory as a kill -9 would. */
  abandon(): void
}

/**
 * The topics and logs of a broker: of `dataDir`, which is this process's from now on, or in memory. Logs are opened, and recovered if
 * the broker did not stop in order, when they are first used. Throws BrokerStartError.
 */
export function openTopics(options: OpenTopicsOptions): OpenedTopics {
  const { dataDir, leaders, brokerOverride } = options
  const logs = new Logs(options)
  const journal = dataDir === undefined ? NO_JOURNAL : new TopicJournalFile(journalPath(dataDir))
  try {
    const topics = new TopicRegistry({ logs, journal, leaders, brokerOverride })
    const end = (how: 'close' | 'abandon') => () => {
      journal.close()
      logs[how]()
    }
    return { topics, close: end('close'), abandon: end('abandon') }
  } catch (error) {
    logs.abandon()
    throw error
  }
}
