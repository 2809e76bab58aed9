/** What the failures of a transaction come to (KIP-691, KIP-890): Java's four classes, of which retriable ones are retried before. */
import { SluiceError } from '@sluice/sdk'

/**
 * - `fenced`: somebody else owns the transactional id, or the broker has ended the transaction; the producer must stop.
 * - `fatal`: nothing more is possible with this producer.
 * - `abortable`: the transaction is lost, the producer is not.
 */
export type TransactionVerdict = 'fenced' | 'fatal' | 'abortable'

const FENCED: ReadonlySet<unknown> = new Set(['INVALID_PRODUCER_EPOCH', 'PRODUCER_FENCED'])

const FATAL: ReadonlySet<unknown> = new Set([
  'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
  'CLUSTER_AUTHORIZATION_FAILED',
  'UNSUPPORTED_VERSION',
  'UNSUPPORTED_FOR_MESSAGE_FORMAT',
])

/**
 * Refusals of EndTxn after which the transaction can still be aborted; others that are not retriable are the end. INVALID_TXN_STATE is
 * how KIP-890's coordinator says that it has aborted the transaction itself, since it took too long.
 */
const ABORTABLE_AT_END: ReadonlySet<unknown> = new Set([
  'TRANSACTION_ABORTABLE',
  'INVALID_TXN_STATE',
  'UNKNOWN_PRODUCER_ID',
  'INVALID_PRODUCER_ID_MAPPING',
])

/** Kafka's name of the refusal that an error reports, if it reports one. */
export function refusalName(error: SluiceError): string | undefined {
  const name = error.place?.['error']
  return typeof name === 'string' ? name : undefined
}

/** What a failure within a transaction means for it. */
export function judge(error: SluiceError): TransactionVerdict {
  const name = refusalName(error)
  if (FENCED.has(name)) return 'fenced'
  return FATAL.has(name) || error.code === 'INTERRUPTED' ? 'fatal' : 'abortable'
}

/** What a refusal of the end of a transaction means. */
export function judgeEnd(error: SluiceError): TransactionVerdict {
  const verdict = judge(error)
  return verdict === 'abortable' && !ABORTABLE_AT_END.has(refusalName(error)) ? 'fatal' : verdict
}

export function mustAbort(transactionalId: string, cause: SluiceError): SluiceError {
  // A member that was replaced is to stop, not to try again; the transaction is lost in the same way.
  const isReplaced = refusalName(cause) === 'FENCED_INSTANCE_ID'
  return new SluiceError(
    isReplaced ? 'KAFKA_FENCED' : 'KAFKA_TRANSACTION_ABORTABLE',
    `The transaction of ${transactionalId} cannot be committed any more`,
    { cause, ...placeOf(transactionalId, cause), remedy: 'Abort it; after that the producer can begin another one.' },
  )
}

export function aborted(transactionalId: string): SluiceError {
  return new SluiceError(
    'KAFKA_TRANSACTION_ABORTABLE',
    `The transaction of ${transactionalId} was aborted before this was sent`,
    {
      place: { transactionalId },
    },
  )
}

export function fenced(transactionalId: string, cause: SluiceError): SluiceError {
  return new SluiceError(
    'KAFKA_FENCED',
    `Another producer has taken over ${transactionalId}, or its transaction took longer than transactionTimeoutMs`,
    {
      cause,
      ...placeOf(transactionalId, cause),
      remedy:
        'Stop, if another one does the same work; else open another producer, and raise transactionTimeoutMs if it was too short.',
    },
  )
}

export function ended(transactionalId: string, cause: SluiceError): SluiceError {
  return new SluiceError(cause.code, `The producer of ${transactionalId} cannot go on`, {
    cause,
    ...placeOf(transactionalId, cause),
    remedy: cause.remedy ?? 'Close it and open another one.',
  })
}

/** Nobody knows whether the transaction is committed, or will be: some request to do so was sent and not answered. */
export function undecided(
  transactionalId: string,
  timeoutMs: number,
  cause: SluiceError,
  isSent: boolean,
): SluiceError {
  const what = isSent
    ? `Whether the transaction of ${transactionalId} is committed is unknown: no answer within ${timeoutMs} ms`
    : `The transaction of ${transactionalId} is not committed yet: it could not be asked for within ${timeoutMs} ms`
  return new SluiceError(isSent ? 'KAFKA_TIMEOUT' : cause.code, what, {
    cause,
    retriable: true,
    ...placeOf(transactionalId, cause),
    remedy:
      'Call commit again; or close this producer, open another one of the same transactional id, and read how far the group has committed.',
  })
}

function placeOf(transactionalId: string, { place }: SluiceError): { readonly place: Record<string, string | number> } {
  return { place: { ...place, transactionalId } }
}
