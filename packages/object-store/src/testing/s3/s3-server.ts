import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { systemClock } from '@sluice/sdk'
import type { Clock } from '@sluice/sdk'
import type { ObjectStore } from '../../object-store.ts'
import { openObjectStore } from '../../open-object-store.ts'
import { BUCKET_HANDLERS } from './s3-bucket-requests.ts'
import { S3Bucket } from './s3-buckets.ts'
import type { StoredObject } from './s3-buckets.ts'
import { S3Error } from './s3-error.ts'
import { S3Faults } from './s3-faults.ts'
import { effectAfter, effectBefore } from './s3-effects.ts'
import { OBJECT_HANDLERS } from './s3-object-requests.ts'
import type { S3Handler } from './s3-object-requests.ts'
import { targetOf } from './s3-request.ts'
import type { S3Answer, S3Operation, S3Target } from './s3-request.ts'
import { signerOf } from './sigv4.ts'
import type { S3User } from './sigv4.ts'
import { bodyOf, cutUpload, refusalAnswer, send } from './s3-wire.ts'

export interface S3ServerOptions {
  /** Buckets that are there from the start. Default: `lake`. */
  readonly buckets?: readonly string[]
  /** Who may do what. Default: one user, who may do everything; `settings` are hers. */
  readonly users?: readonly S3User[]
  /** Times of objects, and what times of requests are held against: one that is wrong by an hour refuses everybody. */
  readonly clock?: Clock
  /** False: takes the conditions of writes and ignores them, as some servers do. Default true. */
  readonly honoursConditions?: boolean
  /** The smallest part of an upload but for the last, in bytes. Default 5 MiB, as S3's. */
  readonly partSizeMin?: number
  /** Where to listen on 127.0.0.1. Default: a free port. */
  readonly port?: number
}

/** A request that came in, and what became of it. */
export interface S3RequestRecord {
  readonly operation: S3Operation
  readonly bucket: string
  readonly key: string
  /** What was answered; undefined when nothing was, or not all of it. */
  readonly status: number | undefined
}

const DEFAULT_USER: S3User = { accessKeyId: 'AKSLUICETEST', secretAccessKey: 'a-secret-of-no-worth' }
const REQUESTS_KEPT = 10_000

/**
 * An S3 server in this process, for tests: buckets in memory, path style, signatures checked, conditional writes that hold, and
 * faults by plan. It listens on 127.0.0.1, so that other processes can be its clients.
 *
 * ```ts
 * await using server = await S3TestServer.start()
 * const store = server.open('lake')
 * server.faults.add({ effect: 'lose-answer', on: 'PutObject', key: /_delta_log/ })
 * ```
 */
export class S3TestServer implements AsyncDisposable {
  readonly faults = new S3Faults()
  /** The last 10,000 requests, in the order of their ends. */
  readonly requests: S3RequestRecord[] = []
  readonly url: string
  readonly #server: Server
  readonly #buckets = new Map<string, S3Bucket>()
  readonly #users: ReadonlyMap<string, S3User>
  readonly #clock: Clock
  readonly #options: S3ServerOptions
  readonly #stop = new AbortController()

  private constructor(server: Server, options: S3ServerOptions) {
    this.#server = server
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#users = new Map((options.users ?? [DEFAULT_USER]).map((user) => [user.accessKeyId, user]))
    for (const name of options.buckets ?? ['lake']) this.#create(name)
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  static async start(options: S3ServerOptions = {}): Promise<S3TestServer> {
    const server = createServer()
    // A client that finds its idle connection just closed cannot know whether its write came through: not by accident here.
    server.keepAliveTimeout = 600_000
    server.listen(options.port ?? 0, '127.0.0.1')
    await once(server, 'listening')
    const itself = new S3TestServer(server, options)
    server.on('request', (message: IncomingMessage, response: ServerResponse) => {
      void itself.#serve(message, response)
    })
    return itself
  }

  /** The settings with which a store reaches this server as its first user. */
  get settings(): Readonly<Record<string, string>> {
    return this.settingsOf([...this.#users.keys()][0]!)
  }

  settingsOf(accessKeyId: string): Readonly<Record<string, string>> {
    const user = this.#users.get(accessKeyId)!
    return {
      's3.endpoint': this.url,
      'aws.access.key.id': user.accessKeyId,
      'aws.secret.access.key': user.secretAccessKey,
      ...(user.sessionToken !== undefined && { 'aws.session.token': user.sessionToken }),
    }
  }

  /** The store `s3://…` here: a bucket, or a bucket and a prefix. */
  open(bucketAndPrefix = 'lake', settings: Readonly<Record<string, string>> = {}): ObjectStore {
    return openObjectStore(`s3://${bucketAndPrefix}`, { settings: { ...this.settings, ...settings } })
  }

  /** What is really there, past all faults; undefined when it is not. */
  object(bucket: string, key: string): StoredObject | undefined {
    return this.#buckets.get(bucket)?.objects.get(key)
  }

  /** The keys of a bucket, in no order. */
  keys(bucket: string): string[] {
    return [...(this.#buckets.get(bucket)?.objects.keys() ?? [])]
  }

  /** Multipart uploads that were begun, and neither completed nor aborted. */
  openUploads(bucket: string): number {
    return this.#buckets.get(bucket)?.uploads.size ?? 0
  }

  /** Ends at once: whoever waits for an answer gets none. */
  async stop(): Promise<void> {
    this.#stop.abort()
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.#server.closeAllConnections()
    await closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  async #serve(message: IncomingMessage, response: ServerResponse): Promise<void> {
    let target: S3Target | undefined
    let answer: S3Answer | undefined
    try {
      target = targetOf(message)
      answer = await this.#answer(target, message, response)
    } catch (error) {
      // A client that went away in the middle of its own body has nothing to be answered.
      answer = error instanceof S3Error || message.complete ? refusalAnswer(error, message.url ?? '') : undefined
    }
    const isSent = answer !== undefined && send(response, message.method === 'HEAD', answer, this.#clock.now())
    if (target === undefined) return
    const { operation, bucket, key } = target
    this.requests.push({ operation, bucket, key, status: isSent ? answer?.status : undefined })
    if (this.requests.length > REQUESTS_KEPT) this.requests.shift()
  }

  /** What to answer; undefined when no answer is to come. */
  async #answer(target: S3Target, message: IncomingMessage, response: ServerResponse): Promise<S3Answer | undefined> {
    const fault = this.faults.strike(target)
    if (fault?.effect === 'cut-upload') {
      await cutUpload(message)
      return undefined
    }
    const body = await bodyOf(message)
    if (fault?.delayMs !== undefined) await this.#clock.sleep(fault.delayMs, this.#stop.signal)
    await fault?.meanwhile?.()
    const instead = fault === undefined ? undefined : effectBefore(fault.effect)
    if (instead !== undefined) return instead === 'silence' ? undefined : instead
    const now = this.#clock.now()
    const user = signerOf({ ...target, body }, this.#users, now)
    if (user.buckets?.includes(target.bucket) === false) throw new S3Error(403, 'AccessDenied', 'Access Denied')
    const answer = this.#carryOut(target, body, now)
    return fault === undefined ? answer : effectAfter(fault.effect, answer, response)
  }

  #carryOut(target: S3Target, body: Buffer, nowMs: number): S3Answer {
    const { operation, bucket: name } = target
    if (operation === 'CreateBucket') return this.#create(name)
    const handler = HANDLERS.get(operation)
    if (handler === undefined) throw new S3Error(501, 'NotImplemented', 'This request is not implemented.')
    const bucket = this.#buckets.get(name)
    if (bucket === undefined) throw new S3Error(404, 'NoSuchBucket', 'The specified bucket does not exist')
    return handler({ ...target, body }, bucket, nowMs)
  }

  #create(name: string): S3Answer {
    if (this.#buckets.has(name))
      throw new S3Error(409, 'BucketAlreadyOwnedByYou', 'The bucket that you tried to create already exists.')
    const { honoursConditions = true, partSizeMin = 5 * 1024 * 1024 } = this.#options
    this.#buckets.set(name, new S3Bucket(honoursConditions, partSizeMin))
    return { status: 200, headers: { location: `/${name}` } }
  }
}

const HANDLERS: ReadonlyMap<string, S3Handler> = new Map<string, S3Handler>(
  Object.entries({ ...OBJECT_HANDLERS, ...BUCKET_HANDLERS }),
)
