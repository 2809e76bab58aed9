import { createHash, randomUUID } from 'node:crypto'
import { S3Error } from './s3-error.ts'

export interface StoredObject {
  readonly bytes: Buffer
  /** With its quotes. */
  readonly etag: string
  readonly modifiedMs: number
  /** What came with the bytes and goes with them: content-type, x-amz-meta-…, encryption, storage class, checksum, tags. */
  readonly headers: Readonly<Record<string, string>>
}

interface Upload {
  readonly key: string
  readonly headers: Readonly<Record<string, string>>
  readonly parts: Map<number, { readonly bytes: Buffer; readonly etag: string }>
}

export interface PartName {
  readonly number: number
  readonly etag: string
}

/** `If-None-Match: *` and `If-Match: etag` of a write. */
export interface WriteCondition {
  readonly ifNoneMatch?: string | undefined
  readonly ifMatch?: string | undefined
}

/**
 * One bucket. Every change is one step of the event loop, from the look at the condition to the new object, so that of
 * racing writers exactly one wins; an object is there as a whole or not at all.
 */
export class S3Bucket {
  readonly objects = new Map<string, StoredObject>()
  readonly uploads = new Map<string, Upload>()
  /** False: conditions of writes are taken and ignored, as some servers do. */
  readonly #honoursConditions: boolean
  readonly #partSizeMin: number

  constructor(honoursConditions: boolean, partSizeMin: number) {
    this.#honoursConditions = honoursConditions
    this.#partSizeMin = partSizeMin
  }

  put(key: string, object: StoredObject, condition: WriteCondition): void {
    this.#check(key, condition)
    this.objects.set(key, object)
  }

  startUpload(key: string, headers: Readonly<Record<string, string>>): string {
    const id = randomUUID()
    this.uploads.set(id, { key, headers, parts: new Map() })
    return id
  }

  /** @returns the part's ETag */
  putPart(key: string, uploadId: string, number: number, bytes: Buffer): string {
    const etag = etagOf(bytes)
    this.#upload(key, uploadId).parts.set(number, { bytes, etag })
    return etag
  }

  completeUpload(
    key: string,
    uploadId: string,
    names: readonly PartName[],
    condition: WriteCondition,
    nowMs: number,
  ): StoredObject {
    const upload = this.#upload(key, uploadId)
    if (names.length === 0) throw new S3Error(400, 'MalformedXML', 'The list of parts is empty')
    const parts = names.map(({ number, etag }, index) => {
      const part = upload.parts.get(number)
      if (part === undefined || part.etag !== etag)
        throw new S3Error(400, 'InvalidPart', 'One or more of the specified parts could not be found.')
      if (index > 0 && names[index - 1]!.number >= number)
        throw new S3Error(400, 'InvalidPartOrder', 'The list of parts was not in ascending order.')
      if (index < names.length - 1 && part.bytes.length < this.#partSizeMin)
        throw new S3Error(400, 'EntityTooSmall', 'Your proposed upload is smaller than the minimum allowed size')
      return part
    })
    this.#check(key, condition)
    const sums = Buffer.concat(parts.map(({ etag }) => Buffer.from(etag.slice(1, -1), 'hex')))
    const etag = `${etagOf(sums).slice(0, -1)}-${parts.length}"`
    const bytes = Buffer.concat(parts.map((part) => part.bytes))
    const object: StoredObject = { bytes, etag, modifiedMs: nowMs, headers: upload.headers }
    this.objects.set(key, object)
    this.uploads.delete(uploadId)
    return object
  }

  abortUpload(key: string, uploadId: string): void {
    this.#upload(key, uploadId)
    this.uploads.delete(uploadId)
  }

  #upload(key: string, uploadId: string): Upload {
    const upload = this.uploads.get(uploadId)
    if (upload?.key === key) return upload
    throw new S3Error(404, 'NoSuchUpload', 'The specified upload does not exist.')
  }

  #check(key: string, { ifNoneMatch, ifMatch }: WriteCondition): void {
    if (ifNoneMatch !== undefined && ifNoneMatch !== '*')
      throw new S3Error(501, 'NotImplemented', 'A write may be conditional on If-None-Match: * only.')
    if (!this.#honoursConditions) return
    const there = this.objects.get(key)
    if (ifNoneMatch !== undefined && there !== undefined) throw preconditionFailed()
    if (ifMatch === undefined) return
    if (there === undefined) throw new S3Error(404, 'NoSuchKey', 'The specified key does not exist.')
    if (there.etag !== ifMatch) throw preconditionFailed()
  }
}

export function preconditionFailed(): S3Error {
  return new S3Error(412, 'PreconditionFailed', 'At least one of the pre-conditions you specified did not hold')
}

/** The MD5 of the bytes in quotes. */
export function etagOf(bytes: Buffer): string {
  return `"${createHash('md5').update(bytes).digest('hex')}"`
}
