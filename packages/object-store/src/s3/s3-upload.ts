/** An object in parts: begun, its parts sent several at a time, and made visible at once by the last request. */
import type { CompletedPart, CreateMultipartUploadCommandInput } from '@aws-sdk/client-s3'
import { SluiceError } from '@sluice/sdk'
import type { StoreCall } from '../object-store.ts'
import type { S3Calls } from './s3-calls.ts'
import type { S3Access } from './s3-errors.ts'
import { failureOf, statusOf } from './s3-failure.ts'

export interface PartsOptions {
  /** Bytes; more where the object would need more than 10,000 parts. */
  readonly partSize: number
  /** What goes with the request that begins the upload. */
  readonly target: CreateMultipartUploadCommandInput
  /** Whether the object must not be there yet. */
  readonly isConditional: boolean
}

const PARTS_MAX = 10_000
const PARTS_AT_A_TIME = 4
/** How often an upload that somebody else's work made void is begun again. */
const RESTARTS_MAX = 3
/** How long giving up may take; what stays behind is for the bucket's lifecycle rule. */
const ABORT_TIMEOUT_MS = 5_000

/** @returns `exists` when the condition was not met */
export async function putInParts(
  calls: S3Calls,
  access: S3Access,
  bytes: Uint8Array,
  options: PartsOptions,
  call: StoreCall | undefined,
): Promise<'created' | 'exists'> {
  for (let restarts = 0; ; restarts++) {
    const outcome = await uploadOnce(calls, access, bytes, options, call)
    if (outcome !== 'void') return outcome
    if (restarts === RESTARTS_MAX) {
      throw new SluiceError(
        'STORE_UNAVAILABLE',
        `Cannot write ${access.path} in ${access.url}: its upload was made void ${restarts + 1} times by other requests`,
        { retriable: true },
      )
    }
    await calls.pause(restarts + 1, call?.signal)
  }
}

/** `void`: the upload is gone or cannot complete, and nothing is known to be written; it may be begun again. */
type UploadOutcome = 'created' | 'exists' | 'void'

async function uploadOnce(
  calls: S3Calls,
  access: S3Access,
  bytes: Uint8Array,
  { partSize, target, isConditional }: PartsOptions,
  call: StoreCall | undefined,
): Promise<UploadOutcome> {
  const { Bucket, Key, ExpectedBucketOwner } = target
  const { UploadId } = await calls.run(access, call, 'always', ({ sdk, client, options }) =>
    client.send(new sdk.CreateMultipartUploadCommand(target), options),
  )
  const upload = { Bucket, Key, UploadId, ExpectedBucketOwner }
  let outcome: UploadOutcome = 'void'
  try {
    const parts = await sendParts(bytes, partSizeFor(bytes.length, partSize), call, (PartNumber, Body, partCall) =>
      calls.run(access, partCall, 'always', async ({ sdk, client, options }) => {
        const { ETag } = await client.send(new sdk.UploadPartCommand({ ...upload, PartNumber, Body }), options)
        return { ETag, PartNumber }
      }),
    )
    outcome = await calls.run(
      access,
      call,
      isConditional ? 'nothing-done' : 'always',
      async ({ sdk, client, options }) => {
        const condition = isConditional ? { IfNoneMatch: '*' } : {}
        const MultipartUpload = { Parts: [...parts] }
        try {
          await client.send(
            new sdk.CompleteMultipartUploadCommand({ ...upload, ...condition, MultipartUpload }),
            options,
          )
          return 'created'
        } catch (error) {
          if (isConditional && statusOf(error) === 412) return 'exists'
          // After an attempt whose answer was lost, an upload that is gone has most likely become the object. Where that must be
          // known, nothing is tried after such an attempt; where not, the same bytes are simply written again.
          const { code } = failureOf(error)
          if (code === 'NoSuchUpload' || code === 'ConditionalRequestConflict') return 'void'
          throw error
        }
      },
    )
    return outcome
  } finally {
    if (outcome !== 'created') await abort(calls, access, upload)
  }
}

/** A few at a time. When one fails the others are stopped, and its error is the outcome. */
async function sendParts(
  bytes: Uint8Array,
  partSize: number,
  call: StoreCall | undefined,
  send: (number: number, body: Uint8Array, call: StoreCall) => Promise<CompletedPart>,
): Promise<readonly CompletedPart[]> {
  const failed = new AbortController()
  const signal = call?.signal === undefined ? failed.signal : AbortSignal.any([call.signal, failed.signal])
  const count = Math.ceil(bytes.length / partSize)
  const parts: CompletedPart[] = []
  let next = 0
  const lane = async (): Promise<void> => {
    while (next < count && !failed.signal.aborted) {
      const index = next++
      parts[index] = await send(index + 1, bytes.subarray(index * partSize, (index + 1) * partSize), { signal })
    }
  }
  const lanes = Array.from({ length: Math.min(PARTS_AT_A_TIME, count) }, () =>
    lane().catch((error: unknown) => {
      failed.abort()
      throw error
    }),
  )
  try {
    await Promise.all(lanes)
  } finally {
    await Promise.allSettled(lanes)
  }
  return parts
}

/** What cannot be taken back stays; the error that led here counts. */
async function abort(
  calls: S3Calls,
  access: S3Access,
  upload: { Bucket: string | undefined; Key: string | undefined; UploadId: string | undefined },
): Promise<void> {
  const call = { signal: AbortSignal.timeout(ABORT_TIMEOUT_MS) }
  await calls
    .run(access, call, 'always', ({ sdk, client, options }) =>
      client.send(new sdk.AbortMultipartUploadCommand(upload), options),
    )
    .catch(() => undefined)
}

function partSizeFor(total: number, wanted: number): number {
  return Math.max(wanted, Math.ceil(total / PARTS_MAX))
}
