/** Why a commit has not gone through, or a run has failed, and whether it may yet. */
import { isRetriable, NotReadyError, SluiceError } from '@sluice/sdk'
import { CannotTakeBack } from '../../record-path/failures.ts'

/**
 * Whether the same commit may go through a little later. Stores that a record has left as they should not be are in none; what a serde has
 * to ask for is asked for before the next attempt: see `madeReady`.
 */
export function isForNow(error: unknown): boolean {
  return isRetriable(error) && !(error instanceof CannotTakeBack || error instanceof NotReadyError)
}

/** What is the matter with the disk is no matter of Kafka's. */
export function commitsFailed(cause: unknown): unknown {
  if (cause instanceof SluiceError && cause.code === 'STATE_DISK_FULL') return cause
  return new SluiceError('KAFKA_TIMEOUT', 'Nothing could be committed for too long', { cause, retriable: true })
}

/** Whether going back to what is committed may help: also for one whose place, or whose transaction, was taken from it. */
export function mayPass(error: unknown): boolean {
  if (isRetriable(error)) return true
  if (!(error instanceof SluiceError) || error.place?.['error'] === 'FENCED_INSTANCE_ID') return false
  return error.code === 'KAFKA_FENCED' || error.code === 'KAFKA_TRANSACTION_ABORTABLE'
}

/** That a record is too large, which an attempt has come to. */
export function refusedIn(error: unknown): SluiceError | null {
  for (let at = error; at instanceof Error; at = at.cause)
    if (at instanceof SluiceError && at.code === 'RECORD_TOO_LARGE') return at
  return null
}

/** Asks for what a serde has missed, so that the next attempt has it. @throws what says that it cannot be had */
export async function madeReady(error: unknown, signal: AbortSignal): Promise<void> {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (!(at instanceof NotReadyError)) continue
    try {
      await at.ready(signal)
    } catch (refusal) {
      if (!isRetriable(refusal) && !signal.aborted) throw refusal
    }
  }
}
