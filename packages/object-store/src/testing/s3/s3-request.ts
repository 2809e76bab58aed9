import type { IncomingMessage } from 'node:http'
import { S3Error } from './s3-error.ts'

/** What the server can do, under S3's own names. */
export type S3Operation =
  | 'CreateBucket'
  | 'HeadBucket'
  | 'GetBucketLocation'
  | 'ListObjectsV2'
  | 'DeleteObjects'
  | 'PutObject'
  | 'GetObject'
  | 'HeadObject'
  | 'DeleteObject'
  | 'CreateMultipartUpload'
  | 'UploadPart'
  | 'CompleteMultipartUpload'
  | 'AbortMultipartUpload'
  | 'Unknown'

export type S3Headers = Readonly<Record<string, string | undefined>>

/** A request line and headers: the target is `/bucket/key?query`, the path decoded. */
export interface S3Target {
  readonly operation: S3Operation
  readonly method: string
  readonly path: string
  readonly bucket: string
  readonly key: string
  readonly query: ReadonlyMap<string, string>
  readonly headers: S3Headers
}

export interface S3Request extends S3Target {
  /** As it was sent. */
  readonly body: Buffer
}

export interface S3Answer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array | string
  /** Only half of the body goes out, then the connection is cut. */
  readonly isCut?: boolean
}

/** @throws S3Error InvalidURI */
export function targetOf(message: IncomingMessage): S3Target {
  const [rawPath = '/', rawQuery = ''] = split(message.url ?? '/', '?')
  const method = message.method ?? 'GET'
  const path = decoded(rawPath)
  const [bucket = '', key = ''] = split(path.slice(1), '/')
  const query = new Map(
    rawQuery.split('&').flatMap((pair): [string, string][] => {
      const [name = '', value = ''] = split(pair, '=')
      return name === '' ? [] : [[decoded(name), decoded(value)]]
    }),
  )
  const headers: Record<string, string | undefined> = {}
  for (const [name, value] of Object.entries(message.headers))
    headers[name] = Array.isArray(value) ? value.join(',') : value
  return { operation: operationOf(method, bucket, key, query), method, path, bucket, key, query, headers }
}

function operationOf(method: string, bucket: string, key: string, query: ReadonlyMap<string, string>): S3Operation {
  if (bucket === '') return 'Unknown'
  if (key === '') {
    if (method === 'GET') return query.has('location') ? 'GetBucketLocation' : 'ListObjectsV2'
    if (method === 'POST') return query.has('delete') ? 'DeleteObjects' : 'Unknown'
    return method === 'PUT' ? 'CreateBucket' : method === 'HEAD' ? 'HeadBucket' : 'Unknown'
  }
  const isPart = query.has('uploadId')
  switch (method) {
    case 'PUT':
      return isPart ? 'UploadPart' : 'PutObject'
    case 'POST':
      return isPart ? 'CompleteMultipartUpload' : query.has('uploads') ? 'CreateMultipartUpload' : 'Unknown'
    case 'DELETE':
      return isPart ? 'AbortMultipartUpload' : 'DeleteObject'
    case 'HEAD':
      return 'HeadObject'
    default:
      return method === 'GET' ? 'GetObject' : 'Unknown'
  }
}

function split(text: string, divider: string): [string] | [string, string] {
  const at = text.indexOf(divider)
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)]
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new S3Error(400, 'InvalidURI', "Couldn't parse the specified URI.")
  }
}
