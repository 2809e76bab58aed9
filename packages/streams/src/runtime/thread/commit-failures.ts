/** Why a commit has not gone through, and whether it may yet. */
import { isRetriable, SluiceError } from '@sluice/sdk'
import { CannotTakeBack } from '../../record-path/failures.ts'

/** Whether the same commit may go through a little later. Stores that a record has left as they should not be are in none. */
export function isForNow(error: unknown): boolean {
  return isRetriable(error) && !(error instanceof CannotTakeBack)
}

/** What is the matter with the disk is no matter of Kafka's. */
export function commitsFailed(cause: unknown): unknown {
  if (cause instanceof SluiceError && cause.code === 'STATE_DISK_FULL') return cause
  return new SluiceError('KAFKA_TIMEOUT', 'Nothing could be committed for too long', { cause, retriable: true })
}
