/** What an attempt at a request failed of, in the terms that decide what comes next. */
export interface S3Failure {
  /** S3's code, or the system's, such as SlowDown or ECONNRESET. */
  readonly code: string
  /** HTTP's; undefined when there was no answer. */
  readonly status: number | undefined
  readonly message: string
  /** Whether the same request may succeed later. */
  readonly isPassing: boolean
  /** Whether it is certain that nothing was written. Otherwise a write may have come to pass although it failed. */
  readonly isNothingDone: boolean
}

/** Refused before anything was touched; the same request may be accepted the next time. */
const REFUSED_FOR_NOW: ReadonlySet<string> = new Set([
  'SlowDown',
  'TooManyRequests',
  'TooManyRequestsException',
  'RequestLimitExceeded',
  'Throttling',
  'ThrottlingException',
  // A competing change was under way, most often a delete; unlike 412 it says nothing about what is there.
  'ConditionalRequestConflict',
  'OperationAborted',
  // The SDK has read the server's clock from the answer: the next signature carries the right time.
  'RequestTimeTooSkewed',
  // Bytes were lost or changed on the way there.
  'BadDigest',
  'IncompleteBody',
  'RequestTimeout',
  'XAmzContentSHA256Mismatch',
])

/** The SDK's names for answers without a body, and so without a code. */
const MADE_UP: ReadonlySet<string> = new Set(['Error', 'Unknown', 'UnknownError'])

/** The connection was never made. */
const NOT_CONNECTED: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
])

/** The connection broke, or no answer came in time: whatever was asked may have been done. */
const CONNECTION_LOST: ReadonlySet<string> = new Set([
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'ERR_STREAM_PREMATURE_CLOSE',
  'TimeoutError',
  'BodyIncomplete',
])

export function failureOf(error: unknown): S3Failure {
  const { name, code, message, $metadata } = partsOf(error)
  const status = $metadata?.httpStatusCode
  const failed = { status, message: MADE_UP.has(message) ? '' : message }
  if (status !== undefined) {
    const isNamed = !MADE_UP.has(name) && name !== String(status)
    const isRefusedForNow =
      REFUSED_FOR_NOW.has(name) ||
      status === 429 ||
      (status === 403 && !isNamed && $metadata?.clockSkewCorrected === true)
    return {
      ...failed,
      code: isNamed ? name : '',
      isPassing: isRefusedForNow || (status >= 500 && status !== 501),
      isNothingDone: isRefusedForNow || status < 500,
    }
  }
  const known = code ?? (MADE_UP.has(name) ? '' : name)
  const isNotConnected = NOT_CONNECTED.has(known)
  const isPassing = isNotConnected || CONNECTION_LOST.has(known) || message.startsWith('Checksum mismatch')
  return { ...failed, code: known, isPassing, isNothingDone: isNotConnected }
}

/**
 * The answer, if it has what every answer of S3 to this request has. A login page or a status page says 200 to everything, and would
 * pass for an empty listing or a written object.
 */
export function spoken<T extends { readonly ETag?: string | undefined; readonly IsTruncated?: boolean | undefined }>(
  answer: T,
): T {
  if (answer.ETag !== undefined || answer.IsTruncated !== undefined) return answer
  throw Object.assign(new Error('the answer lacks what S3 says'), { code: 'NotS3' })
}

/** What S3 says of a missing bucket wherever it may say more than 404. */
export function noSuchBucket(cause: unknown): Error {
  const error = new Error('The specified bucket does not exist', { cause })
  return Object.assign(error, { name: 'NoSuchBucket', $metadata: { httpStatusCode: 404 } })
}

/** The HTTP status of an error that is an answer. */
export function statusOf(error: unknown): number | undefined {
  return partsOf(error).$metadata?.httpStatusCode
}

interface ErrorParts {
  readonly name: string
  readonly code: string | undefined
  readonly message: string
  readonly $metadata: { readonly httpStatusCode?: number; readonly clockSkewCorrected?: boolean } | undefined
}

function partsOf(error: unknown): ErrorParts {
  if (typeof error !== 'object' || error === null)
    return { name: 'Error', code: undefined, message: String(error), $metadata: undefined }
  const { name, code, message, $metadata } = error as Readonly<Partial<Record<keyof ErrorParts, unknown>>>
  return {
    name: typeof name === 'string' ? name : 'Error',
    code: typeof code === 'string' ? code : undefined,
    message: typeof message === 'string' ? message : '',
    $metadata: $metadata as ErrorParts['$metadata'],
  }
}
