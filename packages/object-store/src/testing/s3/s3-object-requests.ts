/** Requests about one object. */
import { crc32 } from 'node:zlib'
import { decodeAwsChunked } from './aws-chunked.ts'
import { etagOf, preconditionFailed } from './s3-buckets.ts'
import type { S3Bucket, StoredObject } from './s3-buckets.ts'
import { S3Error } from './s3-error.ts'
import type { S3Answer, S3Request } from './s3-request.ts'
import { blocksOf, textsOf, xmlDocument } from './s3-xml.ts'

/** What is done to a bucket at a time; synchronous, so that no other request comes between. */
export type S3Handler = (request: S3Request, bucket: S3Bucket, nowMs: number) => S3Answer

export const OBJECT_HANDLERS = {
  PutObject(request, bucket, nowMs) {
    if (request.headers['x-amz-copy-source'] !== undefined)
      throw new S3Error(501, 'NotImplemented', 'Copies are not implemented.')
    const bytes = contentOf(request)
    const object = { bytes, etag: etagOf(bytes), modifiedMs: nowMs, headers: keptHeaders(request) }
    bucket.put(request.key, object, conditionOf(request))
    return { status: 200, headers: { etag: object.etag, ...encryptionOf(object) } }
  },

  GetObject(request, bucket) {
    const object = objectOf(request, bucket)
    if (request.headers['if-none-match'] === object.etag) return { status: 304, headers: { etag: object.etag } }
    if ((request.headers['if-match'] ?? object.etag) !== object.etag) throw preconditionFailed()
    const range = rangeOf(request.headers['range'], object.bytes.length)
    if (range === undefined) return { status: 200, headers: factsOf(request, object), body: object.bytes }
    const [from, to] = range
    const { 'x-amz-checksum-crc32': _, ...facts } = factsOf(request, object)
    const headers = { ...facts, 'content-range': `bytes ${from}-${to - 1}/${object.bytes.length}` }
    return { status: 206, headers, body: object.bytes.subarray(from, to) }
  },

  HeadObject(request, bucket) {
    const object = objectOf(request, bucket)
    const headers = { ...factsOf(request, object), 'content-length': String(object.bytes.length) }
    return { status: 200, headers }
  },

  DeleteObject(request, bucket) {
    bucket.objects.delete(request.key)
    return { status: 204 }
  },

  CreateMultipartUpload(request, bucket) {
    const { 'x-amz-checksum-crc32': _, ...headers } = keptHeaders(request)
    const UploadId = bucket.startUpload(request.key, headers)
    const body = xmlDocument('InitiateMultipartUploadResult', { Bucket: request.bucket, Key: request.key, UploadId })
    return { status: 200, body }
  },

  UploadPart(request, bucket) {
    const number = Number(request.query.get('partNumber'))
    if (!Number.isInteger(number) || number < 1 || number > 10_000)
      throw new S3Error(400, 'InvalidArgument', 'Part number must be an integer between 1 and 10000, inclusive')
    return {
      status: 200,
      headers: { etag: bucket.putPart(request.key, uploadIdOf(request), number, contentOf(request)) },
    }
  },

  CompleteMultipartUpload(request, bucket, nowMs) {
    const parts = blocksOf(contentOf(request).toString(), 'Part').map((part) => ({
      number: Number(textsOf(part, 'PartNumber')[0]),
      etag: `"${(textsOf(part, 'ETag')[0] ?? '').replaceAll('"', '')}"`,
    }))
    const object = bucket.completeUpload(request.key, uploadIdOf(request), parts, conditionOf(request), nowMs)
    const body = xmlDocument('CompleteMultipartUploadResult', {
      Bucket: request.bucket,
      Key: request.key,
      ETag: object.etag,
    })
    return { status: 200, headers: encryptionOf(object), body }
  },

  AbortMultipartUpload(request, bucket) {
    bucket.abortUpload(request.key, uploadIdOf(request))
    return { status: 204 }
  },
} satisfies Readonly<Record<string, S3Handler>>

/** The content of a body, whatever it is wrapped in. @throws S3Error IncompleteBody, BadDigest */
export function contentOf({ headers, body }: S3Request): Buffer {
  const isChunked = headers['x-amz-content-sha256']?.startsWith('STREAMING-') ?? false
  const content = isChunked ? decodeAwsChunked(body) : body
  const length = headers['x-amz-decoded-content-length']
  if (isChunked && length !== undefined && Number(length) !== content.length)
    throw new S3Error(400, 'IncompleteBody', 'The request body is not as long as it says')
  const sum = headers['x-amz-checksum-crc32']
  if (sum !== undefined && sum !== crc32Of(content))
    throw new S3Error(400, 'BadDigest', 'The CRC32 you specified did not match the calculated checksum.')
  return content
}

function conditionOf({ headers }: S3Request): { ifNoneMatch: string | undefined; ifMatch: string | undefined } {
  return { ifNoneMatch: headers['if-none-match'], ifMatch: headers['if-match'] }
}

function objectOf({ key }: S3Request, bucket: S3Bucket): StoredObject {
  const object = bucket.objects.get(key)
  if (object !== undefined) return object
  throw new S3Error(404, 'NoSuchKey', 'The specified key does not exist.')
}

function uploadIdOf({ query }: S3Request): string {
  return query.get('uploadId') ?? ''
}

const KEPT =
  /^(content-type|cache-control|x-amz-meta-.+|x-amz-storage-class|x-amz-server-side-encryption.*|x-amz-tagging|x-amz-checksum-crc32)$/

function keptHeaders({ headers }: S3Request): Record<string, string> {
  const kept: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) if (value !== undefined && KEPT.test(name)) kept[name] = value
  return kept
}

function encryptionOf({ headers }: StoredObject): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith('x-amz-server-side-encryption')))
}

function factsOf({ headers: asked }: S3Request, object: StoredObject): Record<string, string> {
  const { 'x-amz-tagging': _tags, 'x-amz-checksum-crc32': sum, ...headers } = object.headers
  const isSumWanted = sum !== undefined && asked['x-amz-checksum-mode'] === 'ENABLED'
  return {
    ...headers,
    ...(isSumWanted && { 'x-amz-checksum-crc32': sum, 'x-amz-checksum-type': 'FULL_OBJECT' }),
    etag: object.etag,
    'last-modified': new Date(object.modifiedMs).toUTCString(),
    'accept-ranges': 'bytes',
  }
}

/** From and to (excluded) of `bytes=a-b`, `bytes=a-` or `bytes=-n`; undefined when there is no range, or none that is understood. */
function rangeOf(header: string | undefined, size: number): readonly [number, number] | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '')
  if (match === null || match[0] === 'bytes=-') return undefined
  const [, first = '', last = ''] = match
  const from = first === '' ? Math.max(0, size - Number(last)) : Number(first)
  const to = first === '' || last === '' ? size : Math.min(size, Number(last) + 1)
  if (from >= to) throw new S3Error(416, 'InvalidRange', 'The requested range is not satisfiable')
  return [from, to]
}

function crc32Of(bytes: Buffer): string {
  const sum = Buffer.alloc(4)
  sum.writeUInt32BE(crc32(bytes))
  return sum.toString('base64')
}
