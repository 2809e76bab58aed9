/** What a source task needs to run exactly once (KIP-618), besides its loop. */
import type { Kafka } from '@sluice/kafka'
import { SluiceError, type Logger, type RawSettings } from '@sluice/sdk'
import type { TransactionalPositions, TransactionBoundary } from './record-path/source-transactions.ts'
import { TransactionRequests } from './record-path/transaction-requests.ts'
import type { SourceSettings } from './settings.ts'
import { kafkaOfTask, type TaskKafkaParts } from './task-kafka.ts'

/** What makes a source task exactly once (KIP-618). The order is: fence, claim the transactional id, verify, start. */
export interface ExactlyOnce {
  /** `<group.id>-<connector>-<task>` */
  readonly transactionalId: string
  readonly positions: TransactionalPositions
  /** Where those go. */
  readonly positionTopic: string
  /** Nobody of an older generation can write any more. Rejects if this task may not go on. */
  fence(): Promise<void>
  /** The task is still this worker's, now that its id is claimed. Rejects if it is not. */
  verify(): Promise<void>
}

/** `transaction.timeout.ms` of Kafka's producer, and the longest that brokers allow by default. */
const TRANSACTION_TIMEOUT_MS = 60_000
const TRANSACTION_TIMEOUT_MAX_MS = 900_000

/** What tasks of an older generation have open is aborted, and they can write no more. `config`: of the connector, resolved. */
export async function fenceProducers(
  parts: TaskKafkaParts,
  config: RawSettings,
  transactionalIds: readonly string[],
  logger: Logger,
): Promise<void> {
  const theirs = await kafkaOfTask(parts, 'admin', config, logger)
  try {
    for (const { error } of await theirs.kafka.admin.transactions.fenceProducers(transactionalIds))
      if (error !== null) throw error
  } finally {
    await theirs.close()
  }
}

/** What a task of an exactly once source claims, and its leader shuts out (KIP-618). */
export function transactionalId(groupId: string, connector: string, task: number): string {
  return `${groupId}-${connector}-${task}`
}

/** Takes over the transactional id, between the leader's fencing and the last look whether the task is still ours. */
export async function claim(
  kafka: Kafka,
  exactlyOnce: ExactlyOnce,
  signal: AbortSignal,
  options: Omit<Parameters<Kafka['transactionalProducer']>[0], 'transactionalId'>,
): ReturnType<Kafka['transactionalProducer']> {
  await whileWanted(exactlyOnce.fence(), signal)
  const claiming = kafka.transactionalProducer({ ...options, transactionalId: exactlyOnce.transactionalId })
  const producer = await whileWanted(claiming, signal, (late) => late.close(0))
  try {
    await whileWanted(exactlyOnce.verify(), signal)
    return producer
  } catch (error) {
    await producer.close(0)
    throw error
  }
}

/** A task that is to stop does not wait for the answer; `late` takes care of what comes then. */
async function whileWanted<T>(
  work: Promise<T>,
  signal: AbortSignal,
  late: (value: T) => Promise<void> | void = () => undefined,
): Promise<T> {
  const { promise: unwanted, reject } = Promise.withResolvers<never>()
  unwanted.catch(() => undefined)
  const stop = (): void => reject(new SluiceError('INTERRUPTED', 'The task was stopped before it had started'))
  if (signal.aborted) stop()
  signal.addEventListener('abort', stop, { once: true })
  try {
    return await Promise.race([work, unwanted])
  } catch (error) {
    work.then(late).catch(() => undefined)
    throw error
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

export function boundaryOf(common: SourceSettings, flushIntervalMs: number): TransactionBoundary {
  switch (common['transaction.boundary'].toLowerCase()) {
    case 'interval':
      // At least a millisecond: a transaction cannot end before it has begun.
      return {
        kind: 'interval',
        intervalMs: Math.max(1, common['transaction.boundary.interval.ms'] ?? flushIntervalMs),
      }
    case 'connector':
      return { kind: 'connector', requests: new TransactionRequests() }
    default:
      return { kind: 'poll' }
  }
}

/** A transaction that is open for an interval must not be given up by the broker before that is over. */
export function timeoutOf(boundary: TransactionBoundary): number {
  const needed = boundary.kind === 'interval' ? 2 * boundary.intervalMs : 0
  return Math.min(Math.max(TRANSACTION_TIMEOUT_MS, needed), TRANSACTION_TIMEOUT_MAX_MS)
}
