import type { AutomaticRestartOptions } from './automatic-restart.ts'
import type { SessionKeySettings } from './session-keys.ts'

/** Settings of every herder. Times in milliseconds. */
export interface HerderSettings {
  /** `task.shutdown.graceful.timeout.ms` */
  readonly taskStopMs: number
  /** `topic.tracking.enable` */
  readonly isTrackingTopics: boolean
  /** `topic.tracking.allow.reset`. Default: it may be. */
  readonly mayResetTopics?: boolean
  /** What failed comes back by itself; null: it stays FAILED, as in Kafka Connect. */
  readonly automaticRestart: AutomaticRestartOptions | null
  /** A task that gives no sign of life for so long is restarted; null: never. */
  readonly stuckAfterMs: number | null
}

/** Settings of a distributed herder besides: Kafka Connect's keys. */
export interface DistributedSettings extends HerderSettings {
  /** `rebalance.timeout.ms`: the group is told more often that the herder is alive. */
  readonly rebalanceTimeoutMs: number
  /** `worker.sync.timeout.ms` */
  readonly syncTimeoutMs: number
  /** `worker.unsync.backoff.ms` */
  readonly unsyncBackoffMs: number
  /** `scheduled.rebalance.max.delay.ms` */
  readonly delayMaxMs: number
  /** `exactly.once.source.support=enabled` */
  readonly isExactlyOnceSource: boolean
  /** `connect.protocol=sessioned`: what holds while the worker has no place in the group. Default: it does. */
  readonly isSessioned?: boolean
  readonly sessionKeys: SessionKeySettings
}
