import type { ServerResponse } from 'node:http'
import { preconditionFailed } from './s3-buckets.ts'
import { S3Error } from './s3-error.ts'
import type { S3Effect } from './s3-faults.ts'
import type { S3Answer } from './s3-request.ts'
import { requestTimeTooSkewed } from './sigv4.ts'

const REFUSALS: Readonly<Partial<Record<S3Effect, () => S3Error>>> = {
  'slow-down': () => new S3Error(503, 'SlowDown', 'Please reduce your request rate.'),
  'internal-error': internalError,
  conflict: () =>
    new S3Error(
      409,
      'ConditionalRequestConflict',
      'The conditional request cannot succeed due to a conflicting operation against this resource.',
    ),
  'precondition-failed': preconditionFailed,
  forbidden: () => new S3Error(403, 'AccessDenied', 'Access Denied'),
  'clock-skew': requestTimeTooSkewed,
}

/**
 * What a fault does before the request is carried out.
 * @returns an answer instead; 'silence' when none is to come; undefined when the request goes its way
 * @throws S3Error the refusal
 */
export function effectBefore(effect: S3Effect): S3Answer | 'silence' | undefined {
  const refusal = REFUSALS[effect]
  if (refusal !== undefined) throw refusal()
  if (effect === 'unavailable') return { status: 503 }
  return effect === 'hang' ? 'silence' : undefined
}

/** What a fault makes of the answer to a request that was carried out; undefined when none is to come. @throws S3Error */
export function effectAfter(effect: S3Effect, answer: S3Answer, response: ServerResponse): S3Answer | undefined {
  if (effect === 'error-after') throw internalError()
  if (effect === 'lose-answer') response.destroy()
  if (effect === 'lose-answer' || effect === 'hang-after') return undefined
  if (effect === 'cut-answer') return { ...answer, isCut: true }
  return effect === 'garble-answer' ? garbled(answer) : answer
}

function garbled(answer: S3Answer): S3Answer {
  const body = Buffer.from(answer.body ?? '')
  const middle = body.length >> 1
  if (body.length > 0) body[middle] = body[middle]! ^ 1
  return { ...answer, body }
}

function internalError(): S3Error {
  return new S3Error(500, 'InternalError', 'We encountered an internal error. Please try again.')
}
