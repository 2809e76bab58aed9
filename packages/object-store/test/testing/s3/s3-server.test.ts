/** The test server keeps S3's word, as the SDK sees it: what a store is tried on must not be looser than what it is meant for. */
import { Readable } from 'node:stream'
import { describe, expect, test } from '@jest/globals'
import type * as Sdk from '@aws-sdk/client-s3'
import { FakeClock } from '@sluice/sdk/testing'
import { S3TestServer } from '@sluice/object-store/testing'
import type { S3Effect, S3ServerOptions } from '@sluice/object-store/testing'

const sdk = await import('@aws-sdk/client-s3')
const MIB = 1024 * 1024
const Bucket = 'lake'

function clientOf(server: S3TestServer, config: Sdk.S3ClientConfig = {}): Sdk.S3Client {
  const { 'aws.access.key.id': accessKeyId = '', 'aws.secret.access.key': secretAccessKey = '' } = server.settings
  const credentials = { accessKeyId, secretAccessKey }
  return new sdk.S3Client({
    endpoint: server.url,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials,
    maxAttempts: 1,
    ...config,
  })
}

async function withClient(
  body: (client: Sdk.S3Client, server: S3TestServer) => Promise<void>,
  options: S3ServerOptions = {},
): Promise<void> {
  await using server = await S3TestServer.start(options)
  const client = clientOf(server)
  await body(client, server)
  client.destroy()
}

/** The status of an answer, good or bad, with its code. */
async function answerOf(
  request: Promise<{ readonly $metadata: { readonly httpStatusCode?: number } }>,
): Promise<string> {
  try {
    return String((await request).$metadata.httpStatusCode)
  } catch (error) {
    const { name, $metadata } = error as Error & { readonly $metadata?: { readonly httpStatusCode?: number } }
    return `${$metadata?.httpStatusCode ?? 'no answer'} ${name}`
  }
}

const put = (client: Sdk.S3Client, Key: string, Body: string, more: Partial<Sdk.PutObjectCommandInput> = {}) =>
  answerOf(client.send(new sdk.PutObjectCommand({ Bucket, Key, Body: Buffer.from(Body), ...more })))

async function textOf(client: Sdk.S3Client, Key: string, Range?: string): Promise<string> {
  const { Body } = await client.send(new sdk.GetObjectCommand({ Bucket, Key, ...(Range !== undefined && { Range }) }))
  return Body!.transformToString()
}

async function upload(client: Sdk.S3Client, Key: string, sizes: readonly number[], IfNoneMatch?: '*'): Promise<string> {
  const target = { Bucket, Key }
  const { UploadId } = await client.send(new sdk.CreateMultipartUploadCommand(target))
  const Parts: Sdk.CompletedPart[] = []
  for (const [index, size] of sizes.entries()) {
    const PartNumber = index + 1
    const Body = new Uint8Array(size).fill(PartNumber)
    const { ETag } = await client.send(new sdk.UploadPartCommand({ ...target, UploadId, PartNumber, Body }))
    Parts.push({ PartNumber, ETag })
  }
  const condition = IfNoneMatch === undefined ? {} : { IfNoneMatch }
  const command = new sdk.CompleteMultipartUploadCommand({
    ...target,
    UploadId,
    MultipartUpload: { Parts },
    ...condition,
  })
  return answerOf(client.send(command))
}

describe('conditions', () => {
  test('of a PUT hold: If-None-Match: * and If-Match', () =>
    withClient(async (client) => {
      expect(await put(client, 'a', 'one', { IfNoneMatch: '*' })).toBe('200')
      expect(await put(client, 'a', 'two', { IfNoneMatch: '*' })).toBe('412 PreconditionFailed')
      expect(await put(client, 'a', 'two', { IfMatch: '"deadbeefdeadbeefdeadbeefdeadbeef"' })).toBe(
        '412 PreconditionFailed',
      )
      expect(await textOf(client, 'a')).toBe('one')
      const { ETag } = await client.send(new sdk.HeadObjectCommand({ Bucket, Key: 'a' }))
      expect(await put(client, 'a', 'two', { IfMatch: ETag })).toBe('200')
      expect(await put(client, 'missing', 'x', { IfMatch: ETag })).toBe('404 NoSuchKey')
    }))

  test('of a GET hold', () =>
    withClient(async (client) => {
      await put(client, 'a', 'one')
      const { ETag = '' } = await client.send(new sdk.HeadObjectCommand({ Bucket, Key: 'a' }))
      expect(await answerOf(client.send(new sdk.GetObjectCommand({ Bucket, Key: 'a', IfNoneMatch: ETag })))).toMatch(
        /^304/,
      )
      expect(await answerOf(client.send(new sdk.GetObjectCommand({ Bucket, Key: 'a', IfMatch: '"no"' })))).toMatch(
        /^412/,
      )
    }))

  test('of a multipart completion hold', () =>
    withClient(async (client) => {
      expect(await upload(client, 'a', [5 * MIB, 100], '*')).toBe('200')
      expect(await upload(client, 'a', [200], '*')).toBe('412 PreconditionFailed')
      expect(await upload(client, 'a', [200])).toBe('200')
    }))

  test('of 50 racing PUTs exactly one wins, and its bytes stay', () =>
    withClient(async (client) => {
      for (let round = 0; round < 4; round++) {
        const key = `race${round}`
        const answers = await Promise.all(
          Array.from({ length: 50 }, (_, i) => put(client, key, `writer ${i}`, { IfNoneMatch: '*' })),
        )
        const winners = answers.flatMap((answer, i) => (answer === '200' ? [i] : []))
        expect(winners.length).toBe(1)
        expect(await textOf(client, key)).toBe(`writer ${winners[0]}`)
      }
    }))

  test('of 8 racing multipart completions exactly one wins', () =>
    withClient(async (client) => {
      const answers = await Promise.all(Array.from({ length: 8 }, () => upload(client, 'a', [1000], '*')))
      expect(answers.filter((answer) => answer === '200').length).toBe(1)
    }))
})

describe('uploads in parts', () => {
  test('need parts that are there, in order, and large enough', () =>
    withClient(async (client) => {
      expect(await upload(client, 'a', [100, 100])).toBe('400 EntityTooSmall')
      const { UploadId } = await client.send(new sdk.CreateMultipartUploadCommand({ Bucket, Key: 'a' }))
      const complete = (Parts: Sdk.CompletedPart[], id = UploadId): Promise<string> => {
        const input = { Bucket, Key: 'a', UploadId: id, MultipartUpload: { Parts } }
        return answerOf(client.send(new sdk.CompleteMultipartUploadCommand(input)))
      }
      expect(await complete([{ PartNumber: 1, ETag: '"no"' }])).toBe('400 InvalidPart')
      expect(await complete([{ PartNumber: 1, ETag: '"no"' }], 'no')).toBe('404 NoSuchUpload')
    }))

  test('are seen only when they are complete, and are gone when aborted', () =>
    withClient(async (client, server) => {
      const target = { Bucket, Key: 'a' }
      const { UploadId } = await client.send(new sdk.CreateMultipartUploadCommand(target))
      await client.send(new sdk.UploadPartCommand({ ...target, UploadId, PartNumber: 1, Body: Buffer.from('x') }))
      expect(server.keys(Bucket)).toEqual([])
      expect(server.openUploads(Bucket)).toBe(1)
      await client.send(new sdk.AbortMultipartUploadCommand({ ...target, UploadId }))
      expect(server.openUploads(Bucket)).toBe(0)
    }))
})

test('ranges: in the middle, from the end, over the edge, across parts, none at all', () =>
  withClient(async (client) => {
    await put(client, 'a', '0123456789')
    expect(await textOf(client, 'a', 'bytes=2-4')).toBe('234')
    expect(await textOf(client, 'a', 'bytes=-3')).toBe('789')
    expect(await textOf(client, 'a', 'bytes=8-100')).toBe('89')
    expect(await textOf(client, 'a', 'bytes=7-')).toBe('789')
    expect(await answerOf(client.send(new sdk.GetObjectCommand({ Bucket, Key: 'a', Range: 'bytes=10-11' })))).toBe(
      '416 InvalidRange',
    )
    await upload(client, 'parts', [5 * MIB, 100])
    const { Body } = await client.send(
      new sdk.GetObjectCommand({ Bucket, Key: 'parts', Range: `bytes=${5 * MIB - 2}-${5 * MIB + 1}` }),
    )
    expect([...(await Body!.transformToByteArray())]).toEqual([1, 1, 2, 2])
  }))

test('a listing has start-after, pages, folders, and odd characters', () =>
  withClient(async (client) => {
    const names = Array.from({ length: 30 }, (_, i) => `l/${String(i).padStart(3, '0')}`)
    await Promise.all(names.map((name) => put(client, name, '')))
    const list = (input: Partial<Sdk.ListObjectsV2CommandInput>): Promise<Sdk.ListObjectsV2CommandOutput> =>
      client.send(new sdk.ListObjectsV2Command({ Bucket, ...input }))
    const keysOf = ({ Contents = [] }: Sdk.ListObjectsV2CommandOutput): (string | undefined)[] =>
      Contents.map(({ Key }) => Key)
    const page = await list({ Prefix: 'l/', StartAfter: 'l/009', MaxKeys: 7 })
    expect(keysOf(page)).toEqual(names.slice(10, 17))
    expect(page.IsTruncated).toBe(true)
    const next = await list({ Prefix: 'l/', MaxKeys: 100, ContinuationToken: page.NextContinuationToken })
    expect(keysOf(next)).toEqual(names.slice(17))
    expect(next.IsTruncated).toBe(false)

    for (const name of ['m/x', 'm/y', 'n', 'k&<>"\'\r\n']) await put(client, name, '')
    const folders: string[] = []
    let token: string | undefined
    do {
      const some = await list({ Delimiter: '/', MaxKeys: 1, ...(token !== undefined && { ContinuationToken: token }) })
      folders.push(...keysOf(some).map(String), ...(some.CommonPrefixes ?? []).map(({ Prefix }) => Prefix ?? ''))
      token = some.NextContinuationToken
    } while (token !== undefined)
    expect(folders).toEqual(['k&<>"\'\r\n', 'l/', 'm/', 'n'])

    const odd = 'z a+b%20ü=c/é'
    await put(client, odd, 'odd')
    expect(await textOf(client, odd)).toBe('odd')
    expect(keysOf(await list({ Prefix: 'z' }))).toEqual([odd])
    const encoded = await list({ Prefix: 'z', EncodingType: 'url' })
    expect(keysOf(encoded)).toEqual(['z+a%2Bb%2520%C3%BC%3Dc/%C3%A9'])
  }))

test('many objects are deleted at once, missing ones too', () =>
  withClient(async (client, server) => {
    for (const name of ['a', 'b&c', 'd']) await put(client, name, '')
    const Objects = [{ Key: 'a' }, { Key: 'b&c' }, { Key: 'missing' }]
    const { Deleted } = await client.send(new sdk.DeleteObjectsCommand({ Bucket, Delete: { Objects } }))
    expect(Deleted?.map(({ Key }) => Key)).toEqual(['a', 'b&c', 'missing'])
    expect(server.keys(Bucket)).toEqual(['d'])
  }))

test('bodies in aws-chunked encoding, with a checksum behind them, arrive as their content', () =>
  withClient(async (client, server) => {
    const Body = Readable.from([Buffer.alloc(70_000, 'a'), Buffer.from('b')])
    const input = { Bucket, Key: 'a', Body, ContentLength: 70_001 }
    expect(await answerOf(client.send(new sdk.PutObjectCommand(input)))).toBe('200')
    expect(server.object(Bucket, 'a')?.bytes.toString()).toBe(`${'a'.repeat(70_000)}b`)
  }))

test('a bucket is made once, and what is in none is not there', () =>
  withClient(async (client) => {
    const create = (): Promise<string> => answerOf(client.send(new sdk.CreateBucketCommand({ Bucket: 'new' })))
    expect(await create()).toBe('200')
    expect(await create()).toBe('409 BucketAlreadyOwnedByYou')
    expect(await answerOf(client.send(new sdk.GetObjectCommand({ Bucket: 'no', Key: 'a' })))).toBe('404 NoSuchBucket')
    expect(await answerOf(client.send(new sdk.HeadBucketCommand({ Bucket: 'no' })))).toMatch(/^404/)
  }))

test('who signs wrong, or not at all, or touches the bucket of others is refused', async () => {
  const other = { accessKeyId: 'AKOTHER', secretAccessKey: 'secret of other', buckets: ['theirs'] }
  const users = [{ accessKeyId: 'AKALL', secretAccessKey: 'secret of all' }, other]
  await using server = await S3TestServer.start({ users, buckets: ['lake', 'theirs'] })
  const asUser = (accessKeyId: string, secretAccessKey: string, bucket: string): Promise<string> =>
    answerOf(
      clientOf(server, { credentials: { accessKeyId, secretAccessKey } }).send(
        new sdk.ListObjectsV2Command({ Bucket: bucket }),
      ),
    )
  expect(await asUser('AKALL', 'secret of all', 'lake')).toBe('200')
  expect(await asUser('AKALL', 'wrong', 'lake')).toBe('403 SignatureDoesNotMatch')
  expect(await asUser('NOBODY', 'wrong', 'lake')).toBe('403 InvalidAccessKeyId')
  expect(await asUser('AKOTHER', 'secret of other', 'theirs')).toBe('200')
  expect(await asUser('AKOTHER', 'secret of other', 'lake')).toBe('403 AccessDenied')
  expect((await fetch(`${server.url}/lake/a`)).status).toBe(403)
})

describe('faults', () => {
  test.each<[S3Effect, string, boolean]>([
    ['slow-down', '503 SlowDown', false],
    ['unavailable', '503 ', false],
    ['internal-error', '500 InternalError', false],
    ['conflict', '409 ConditionalRequestConflict', false],
    ['precondition-failed', '412 PreconditionFailed', false],
    ['forbidden', '403 AccessDenied', false],
    ['clock-skew', '403 RequestTimeTooSkewed', false],
    ['cut-upload', 'no answer', false],
    ['lose-answer', 'no answer', true],
    ['error-after', '500 InternalError', true],
    ['none', '200', true],
  ])('%s: a PUT is answered with %s; the object is there: %s', (effect, answer, isDone) =>
    withClient(async (client, server) => {
      server.faults.add({ effect, on: 'PutObject' })
      expect(await put(client, 'a', 'x'.repeat(300_000))).toContain(answer)
      expect(server.object(Bucket, 'a')?.bytes.length).toBe(isDone ? 300_000 : undefined)
      const status = /^\d+/.exec(answer)
      expect(server.requests).toEqual([
        { operation: 'PutObject', bucket: Bucket, key: 'a', status: status === null ? undefined : Number(status[0]) },
      ])
      expect(await put(client, 'b', 'x')).toBe('200')
    }),
  )

  test('strike the requests they are meant for, as often as they are meant to, and no more once cleared', () =>
    withClient(async (client, server) => {
      server.faults.add({ effect: 'forbidden', on: 'PutObject', key: /^b/, nth: 2, times: 2 })
      const answers: string[] = []
      for (const key of ['b1', 'a', 'b2', 'b3', 'b4']) answers.push(await put(client, key, 'x'))
      expect(answers.map((answer) => answer.slice(0, 3))).toEqual(['200', '200', '403', '403', '200'])
      server.faults.add({ effect: 'forbidden', times: Number.POSITIVE_INFINITY })
      expect(await put(client, 'a', 'x')).toBe('403 AccessDenied')
      server.faults.clear()
      expect(await put(client, 'a', 'x')).toBe('200')
    }))

  test('from a seed are the same for the same seed, and as many as asked for', () =>
    withClient(async (client, server) => {
      const run = async (seed: number): Promise<string> => {
        server.faults.seed(seed, 0.3)
        let marks = ''
        for (let i = 0; i < 100; i++) marks += (await put(client, `${i}`, 'x')) === '200' ? '.' : 'x'
        return marks
      }
      const marks = await run(7)
      expect(await run(7)).toBe(marks)
      expect(await run(8)).not.toBe(marks)
      const failed = marks.replaceAll('.', '').length
      expect(failed).toBeGreaterThan(10)
      expect(failed).toBeLessThan(50)
    }))

  test('that are slow are answered when their time is over', async () => {
    const clock = new FakeClock({ now: Date.now() })
    await using server = await S3TestServer.start({ clock })
    const client = clientOf(server)
    server.faults.add({ effect: 'none', delayMs: 30_000 })
    const slow = put(client, 'a', 'x')
    while (clock.sleeping === 0) await new Promise((resolve) => setImmediate(resolve))
    expect(await put(client, 'b', 'x')).toBe('200')
    expect(server.keys(Bucket)).toEqual(['b'])
    clock.advance(30_000)
    expect(await slow).toBe('200')
  })

  test('that never answer end with the server', async () => {
    const server = await S3TestServer.start()
    const client = clientOf(server)
    const met: true[] = []
    const meet = async (): Promise<unknown> => met.push(true)
    server.faults.add({ effect: 'hang', meanwhile: meet }, { effect: 'hang-after', nth: 2, meanwhile: meet })
    const waiting = [put(client, 'a', 'x'), put(client, 'b', 'x')]
    while (met.length < 2) await new Promise((resolve) => setImmediate(resolve))
    await server.stop()
    for (const answer of await Promise.all(waiting)) expect(answer).toContain('no answer')
  })
})
