/** Requests about a bucket and what is in it. */
import { compareUtf8 } from '../../object-path.ts'
import type { S3Bucket } from './s3-buckets.ts'
import { S3Error } from './s3-error.ts'
import { contentOf } from './s3-object-requests.ts'
import type { S3Handler } from './s3-object-requests.ts'
import type { S3Request } from './s3-request.ts'
import { blocksOf, textsOf, xmlDocument } from './s3-xml.ts'
import type { XmlValue } from './s3-xml.ts'

const PAGE_MAX = 1000

export const BUCKET_HANDLERS = {
  HeadBucket: () => ({ status: 200, headers: { 'x-amz-bucket-region': 'us-east-1' } }),

  GetBucketLocation: () => ({ status: 200, body: xmlDocument('LocationConstraint', '') }),

  ListObjectsV2(request, bucket) {
    if (request.query.get('list-type') !== '2')
      throw new S3Error(501, 'NotImplemented', 'Only version 2 of the listing is implemented.')
    return { status: 200, body: xmlDocument('ListBucketResult', listing(request, bucket)) }
  },

  DeleteObjects(request, bucket) {
    const xml = contentOf(request).toString()
    const keys = blocksOf(xml, 'Object').map((object) => textsOf(object, 'Key')[0] ?? '')
    for (const key of keys) bucket.objects.delete(key)
    const isQuiet = textsOf(xml, 'Quiet')[0] === 'true'
    return { status: 200, body: xmlDocument('DeleteResult', { Deleted: isQuiet ? [] : keys.map((Key) => ({ Key })) }) }
  },
} satisfies Readonly<Record<string, S3Handler>>

function listing({ query, bucket: name }: S3Request, bucket: S3Bucket): XmlValue {
  const prefix = query.get('prefix') ?? ''
  const delimiter = query.get('delimiter') ?? ''
  const token = query.get('continuation-token')
  const startAfter = token === undefined ? query.get('start-after') : Buffer.from(token, 'base64url').toString()
  const limit = Math.min(Number(query.get('max-keys') ?? PAGE_MAX), PAGE_MAX)
  const text = query.get('encoding-type') === 'url' ? urlEncoded : (key: string) => key

  const keys = [...bucket.objects.keys()]
    .filter((key) => key.startsWith(prefix) && (startAfter === undefined || compareUtf8(key, startAfter) > 0))
    .toSorted(compareUtf8)
  const contents: XmlValue[] = []
  const folders = new Set<string>()
  let last: string | undefined
  let isTruncated = false
  for (const key of keys) {
    const folder = delimiter === '' ? undefined : folderOf(key, prefix, delimiter)
    // A page that ended with a folder goes on behind all of it.
    const isSeen = folder !== undefined && (folders.has(folder) || startAfter?.startsWith(folder) === true)
    if (!isSeen && contents.length + folders.size === limit) {
      isTruncated = true
      break
    }
    last = key
    if (isSeen) continue
    if (folder !== undefined) folders.add(folder)
    else {
      const { bytes, etag, modifiedMs } = bucket.objects.get(key)!
      const LastModified = new Date(modifiedMs).toISOString()
      contents.push({ Key: text(key), LastModified, ETag: etag, Size: bytes.length, StorageClass: 'STANDARD' })
    }
  }
  return {
    Name: name,
    Prefix: text(prefix),
    Delimiter: delimiter === '' ? undefined : text(delimiter),
    MaxKeys: limit,
    EncodingType: query.get('encoding-type'),
    KeyCount: contents.length + folders.size,
    IsTruncated: isTruncated,
    NextContinuationToken: isTruncated && last !== undefined ? Buffer.from(last).toString('base64url') : undefined,
    Contents: contents,
    CommonPrefixes: [...folders].map((folder) => ({ Prefix: text(folder) })),
  }
}

function folderOf(key: string, prefix: string, delimiter: string): string | undefined {
  const end = key.indexOf(delimiter, prefix.length)
  return end < 0 ? undefined : key.slice(0, end + delimiter.length)
}

/** As S3 does it: a slash stays, a space is a plus. */
function urlEncoded(text: string): string {
  return encodeURIComponent(text).replaceAll('%2F', '/').replaceAll('%20', '+')
}
