/** Checks AWS Signature Version 4 in the Authorization header, as S3 does: who signs with a wrong secret is refused. */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { S3Request } from './s3-request.ts'
import { S3Error } from './s3-error.ts'

export interface S3User {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** Must come along as x-amz-security-token. */
  readonly sessionToken?: string
  /** The buckets that this user may touch. Default: all. */
  readonly buckets?: readonly string[]
}

/** How far the clocks of client and server may be apart. */
const SKEW_MAX_MS = 15 * 60_000

const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/

/**
 * Who signed the request.
 * @throws S3Error AccessDenied, InvalidAccessKeyId, InvalidToken, RequestTimeTooSkewed, SignatureDoesNotMatch or XAmzContentSHA256Mismatch
 */
export function signerOf(request: S3Request, users: ReadonlyMap<string, S3User>, nowMs: number): S3User {
  const { headers } = request
  const match = AUTHORIZATION.exec(headers['authorization'] ?? '')
  if (match === null) throw new S3Error(403, 'AccessDenied', 'Anonymous requests are not allowed')
  const [, accessKeyId = '', day = '', region = '', signedHeaders = '', signature = ''] = match
  const user = users.get(accessKeyId)
  if (user === undefined)
    throw new S3Error(403, 'InvalidAccessKeyId', 'The AWS Access Key Id you provided does not exist in our records.')
  if (headers['x-amz-security-token'] !== user.sessionToken)
    throw new S3Error(403, 'InvalidToken', 'The provided token is malformed or otherwise invalid.')

  const signedAt = headers['x-amz-date'] ?? ''
  if (!(Math.abs(timeOf(signedAt) - nowMs) <= SKEW_MAX_MS)) throw requestTimeTooSkewed()

  const scope = `${day}/${region}/s3/aws4_request`
  const toSign = ['AWS4-HMAC-SHA256', signedAt, scope, sha256(canonicalRequest(request, signedHeaders))].join('\n')
  const key = [day, region, 's3', 'aws4_request'].reduce<string | Buffer>(hmac, `AWS4${user.secretAccessKey}`)
  if (!timingSafeEqual(hmac(key, toSign), Buffer.from(signature, 'hex')))
    throw new S3Error(
      403,
      'SignatureDoesNotMatch',
      'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
    )
  const bodyHash = headers['x-amz-content-sha256'] ?? ''
  if (/^[0-9a-f]{64}$/.test(bodyHash) && bodyHash !== sha256(request.body))
    throw new S3Error(400, 'XAmzContentSHA256Mismatch', 'The provided x-amz-content-sha256 header does not match.')
  return user
}

export function requestTimeTooSkewed(): S3Error {
  return new S3Error(
    403,
    'RequestTimeTooSkewed',
    'The difference between the request time and the current time is too large.',
  )
}

function canonicalRequest({ method, path, query, headers }: S3Request, signedHeaders: string): string {
  const parameters = [...query].map(([name, value]) => `${encoded(name)}=${encoded(value)}`)
  const lines = signedHeaders.split(';').map((name) => `${name}:${(headers[name] ?? '').trim().replace(/ +/g, ' ')}\n`)
  return [
    method,
    path.split('/').map(encoded).join('/'),
    parameters.toSorted().join('&'),
    lines.join(''),
    signedHeaders,
    headers['x-amz-content-sha256'] ?? '',
  ].join('\n')
}

/** Percent-encoding of RFC 3986, which leaves fewer characters alone than JavaScript's. */
function encoded(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
}

function timeOf(text: string): number {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text)
  if (match === null) return Number.NaN
  const [, year, month, day, hour, minute, second] = match
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}

function sha256(data: string | Buffer): string {
  return createHash('sha256').update(data).digest('hex')
}
