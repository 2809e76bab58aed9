/** The errors that the port of Kafka knows, under the codes and names that the real one gives them. */
import { SluiceError } from '@sluice/sdk'

/** What the broker says no to, by Kafka's name of it. */
export type Refusal =
  | 'REBALANCE_IN_PROGRESS'
  | 'ILLEGAL_GENERATION'
  | 'UNKNOWN_MEMBER_ID'
  | 'INVALID_PRODUCER_EPOCH'
  | 'INVALID_TXN_STATE'
  | 'COORDINATOR_LOAD_IN_PROGRESS'
  | 'UNKNOWN_TOPIC_OR_PARTITION'

const FENCED: ReadonlySet<Refusal> = new Set(['ILLEGAL_GENERATION', 'UNKNOWN_MEMBER_ID', 'INVALID_PRODUCER_EPOCH'])
const RETRIABLE: ReadonlySet<Refusal> = new Set(['REBALANCE_IN_PROGRESS', 'COORDINATOR_LOAD_IN_PROGRESS'])

export function refused(refusal: Refusal, what: string): SluiceError {
  return new SluiceError(FENCED.has(refusal) ? 'KAFKA_FENCED' : 'KAFKA_REFUSED', `${what}: ${refusal}`, {
    retriable: RETRIABLE.has(refusal),
    place: { error: refusal },
  })
}

/** Nobody knows whether it was done. */
export function unanswered(what: string): SluiceError {
  return new SluiceError('KAFKA_TIMEOUT', `No answer to ${what}`, { retriable: true })
}

export function abortable(cause: SluiceError): SluiceError {
  return new SluiceError('KAFKA_TRANSACTION_ABORTABLE', 'The transaction cannot be committed any more', { cause })
}

export function outOfTurn(what: string): SluiceError {
  return new SluiceError('KAFKA_TRANSACTION_STATE', `${what} out of turn`)
}

/** What the simulated cluster has not. */
export function notSimulated(what: string): SluiceError {
  return new SluiceError('INTERNAL', `The simulated cluster has no ${what}`, {
    remedy: 'Try what needs it against the embedded broker.',
  })
}
