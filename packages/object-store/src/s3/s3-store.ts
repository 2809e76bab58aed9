import type { PutObjectCommandInput } from '@aws-sdk/client-s3'
import { SluiceError } from '@sluice/sdk'
import { checkPath, checkPrefix, isPath, pageLimit } from '../object-path.ts'
import type { ListOptions, ObjectFacts, ObjectPage, ObjectStore, StoreCall } from '../object-store.ts'
import { bodyOf } from './s3-body.ts'
import { S3Calls } from './s3-calls.ts'
import type { S3Ports } from './s3-calls.ts'
import { vendorOf } from './s3-client.ts'
import type { S3Access } from './s3-errors.ts'
import { failureOf, noSuchBucket, spoken, statusOf } from './s3-failure.ts'
import type { S3Location } from './s3-location.ts'
import type { S3Settings } from './s3-settings.ts'
import { putInParts } from './s3-upload.ts'

interface Container {
  readonly Bucket: string
  readonly ExpectedBucketOwner: string | undefined
}

/**
 * Objects in a bucket, below a prefix.
 *
 * `putIfAbsent` is a PUT with `If-None-Match: *`. Of its failures only those are tried again here that are certain to have
 * written nothing: a second attempt after a lost answer would meet the object of the first and call it somebody else's.
 */
export class S3Store implements ObjectStore {
  readonly url: string
  readonly #bucket: string
  /** Ends with a slash unless empty. */
  readonly #prefix: string
  readonly #settings: S3Settings
  readonly #calls: S3Calls
  /** S3 answers a HEAD with a bare 404, whether the object is missing or the whole bucket; asked once. */
  #isBucketSeen = false

  constructor({ bucket, prefix }: S3Location, settings: S3Settings, ports: S3Ports) {
    this.url = `s3://${bucket}${prefix === '' ? '' : `/${prefix}`}`
    this.#bucket = bucket
    this.#prefix = prefix === '' ? '' : `${prefix}/`
    this.#settings = settings
    this.#calls = new S3Calls(settings, ports)
  }

  async put(path: string, bytes: Uint8Array, call?: StoreCall): Promise<void> {
    const access = this.#access('write', path, 's3:PutObject')
    if (bytes.length > this.#settings['s3.multipart.threshold']) {
      await this.#putInParts(access, bytes, false, call)
      return
    }
    await this.#calls.run(access, call, 'always', async ({ sdk, client, options }) =>
      spoken(await client.send(new sdk.PutObjectCommand({ ...this.#target(path), Body: bytes }), options)),
    )
  }

  async putIfAbsent(path: string, bytes: Uint8Array, call?: StoreCall): Promise<'created' | 'exists'> {
    const access = this.#access('write', path, 's3:PutObject')
    const isLarge = bytes.length > this.#settings['s3.multipart.threshold']
    if (isLarge && vendorOf(this.#settings).hasConditionalCompletion) return this.#putInParts(access, bytes, true, call)
    return this.#calls.run(access, call, 'nothing-done', async ({ sdk, client, options }) => {
      try {
        const command = new sdk.PutObjectCommand({ ...this.#target(path), Body: bytes, IfNoneMatch: '*' })
        spoken(await client.send(command, options))
        return 'created'
      } catch (error) {
        if (statusOf(error) === 412) return 'exists'
        throw error
      }
    })
  }

  get(path: string, call?: StoreCall): Promise<Uint8Array> {
    return this.#read(path, undefined, call)
  }

  async getRange(path: string, offset: number, length: number, call?: StoreCall): Promise<Uint8Array> {
    if (length > 0) {
      const bytes = await this.#read(path, `bytes=${offset}-${offset + length - 1}`, call)
      // A server that does not know ranges answers with the whole object.
      return bytes.length > length ? bytes.slice(offset, offset + length) : bytes
    }
    if ((await this.head(path, call)) !== undefined) return new Uint8Array(0)
    throw new SluiceError('OBJECT_MISSING', `There is no object ${path} in ${this.url}`)
  }

  async head(path: string, call?: StoreCall): Promise<ObjectFacts | undefined> {
    const access = this.#access('read', path, 's3:GetObject')
    const facts = await this.#calls.run(access, call, 'always', async ({ sdk, client, options }) => {
      try {
        return spoken(await client.send(new sdk.HeadObjectCommand(this.#object(path)), options))
      } catch (error) {
        if (statusOf(error) === 404) return undefined
        throw error
      }
    })
    if (facts !== undefined)
      return { path, size: facts.ContentLength ?? 0, modifiedMs: facts.LastModified?.getTime() ?? 0 }
    await this.#checkBucket(path, call)
    return undefined
  }

  async list(prefix: string, options: ListOptions = {}): Promise<ObjectPage> {
    checkPrefix(prefix)
    const limit = pageLimit(options)
    let startAfter = options.startAfter === undefined ? undefined : this.#prefix + options.startAfter
    for (;;) {
      const { facts, last } = await this.#listOnce(prefix, startAfter, limit, options)
      if (facts.length > 0 || last === undefined) return { objects: facts, more: last !== undefined }
      // A page of nothing but keys that no path can name: markers of folders, as consoles make them.
      startAfter = last
    }
  }

  async delete(path: string, call?: StoreCall): Promise<void> {
    const access = this.#access('delete', path, 's3:DeleteObject')
    await this.#calls.run(access, call, 'always', async ({ sdk, client, options }) => {
      try {
        await client.send(new sdk.DeleteObjectCommand(this.#object(path)), options)
      } catch (error) {
        if (statusOf(error) !== 404 || failureOf(error).code === 'NoSuchBucket') throw error
      }
    })
  }

  async #read(path: string, range: string | undefined, call: StoreCall | undefined): Promise<Uint8Array> {
    const access = this.#access('read', path, 's3:GetObject')
    return this.#calls.run(access, call, 'always', async ({ sdk, client, options }) => {
      try {
        const input = { ...this.#object(path), ...(range !== undefined && { Range: range }) }
        const answer = spoken(await client.send(new sdk.GetObjectCommand(input), options))
        return await bodyOf(answer, options.abortSignal)
      } catch (error) {
        // The object ends before the range begins.
        if (range !== undefined && statusOf(error) === 416) return new Uint8Array(0)
        throw error
      }
    })
  }

  /** One page, and the key after which the next one begins; undefined when there is none. */
  async #listOnce(
    prefix: string,
    startAfter: string | undefined,
    limit: number,
    call: StoreCall,
  ): Promise<{ readonly facts: readonly ObjectFacts[]; readonly last: string | undefined }> {
    const access = this.#access('list', prefix, 's3:ListBucket')
    const page = await this.#calls.run(access, call, 'always', async ({ sdk, client, options }) => {
      const input = { ...this.#container(), Prefix: this.#prefix + prefix, StartAfter: startAfter, MaxKeys: limit }
      // Without the encoding, keys with characters that XML does not have would be lost.
      return spoken(await client.send(new sdk.ListObjectsV2Command({ ...input, EncodingType: 'url' }), options))
    })
    const isEncoded = page.EncodingType === 'url'
    const facts: ObjectFacts[] = []
    let last: string | undefined
    for (const { Key = '', Size = 0, LastModified } of page.Contents ?? []) {
      last = isEncoded ? decodeURIComponent(Key.replaceAll('+', ' ')) : Key
      const path = last.slice(this.#prefix.length)
      if (isPath(path)) facts.push({ path, size: Size, modifiedMs: LastModified?.getTime() ?? 0 })
    }
    return { facts, last: page.IsTruncated === true ? last : undefined }
  }

  async #checkBucket(path: string, call: StoreCall | undefined): Promise<void> {
    if (this.#isBucketSeen) return
    const access = this.#access('read', path, 's3:ListBucket')
    await this.#calls.run(access, call, 'always', async ({ sdk, client, options }) => {
      try {
        await client.send(new sdk.HeadBucketCommand(this.#container()), options)
      } catch (error) {
        if (statusOf(error) === 404) throw noSuchBucket(error)
        // Who may not ask may still read.
        if (statusOf(error) !== 403) throw error
      }
    })
    this.#isBucketSeen = true
  }

  async #putInParts(
    access: S3Access,
    bytes: Uint8Array,
    isConditional: boolean,
    call: StoreCall | undefined,
  ): Promise<'created' | 'exists'> {
    const options = { partSize: this.#settings['s3.part.size'], target: this.#target(access.path), isConditional }
    return putInParts(this.#calls, access, bytes, options, call)
  }

  /** @throws SluiceError DATA_INVALID for a path that no object can have */
  #access(verb: S3Access['verb'], path: string, action: string): S3Access {
    if (verb !== 'list') checkPath(path)
    return { verb, path, action, url: this.url, bucket: this.#bucket }
  }

  #container(): Container {
    return { Bucket: this.#bucket, ExpectedBucketOwner: this.#settings['s3.expected.bucket.owner'] ?? undefined }
  }

  #object(path: string): Container & { readonly Key: string } {
    return { ...this.#container(), Key: this.#prefix + path }
  }

  /** Where a write goes, and what it goes there with. */
  #target(path: string): Omit<PutObjectCommandInput, 'Body'> {
    const keyId = this.#settings['s3.sse.kms.key.id']
    const tags = this.#settings['s3.object.tags'].map((tag) => {
      const colon = tag.indexOf(':')
      return `${encodeURIComponent(tag.slice(0, colon))}=${encodeURIComponent(tag.slice(colon + 1))}`
    })
    const encryption = this.#settings['s3.ssea.name'] ?? (keyId === null ? undefined : 'aws:kms')
    return {
      ...this.#object(path),
      ...(encryption !== undefined && { ServerSideEncryption: encryption }),
      ...(keyId !== null && { SSEKMSKeyId: keyId }),
      ...(encryption === 'aws:kms' && { BucketKeyEnabled: true }),
      ...(tags.length > 0 && { Tagging: tags.join('&') }),
      ...(this.#settings['s3.storage.class'] !== null && {
        StorageClass: this.#settings['s3.storage.class'] as NonNullable<PutObjectCommandInput['StorageClass']>,
      }),
    }
  }
}
