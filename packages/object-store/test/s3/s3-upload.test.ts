/** Large objects in parts: seen whole or not at all, and nothing left of what failed. */
import { describe, expect, test } from '@jest/globals'
import { openObjectStore } from '@sluice/object-store'
import type { ObjectStore } from '@sluice/object-store'
import { FakeClock } from '@sluice/sdk/testing'
import { S3TestServer } from '@sluice/object-store/testing'
import type { S3Effect } from '@sluice/object-store/testing'

const MIB = 1024 * 1024
const large = new Uint8Array(11 * MIB).map((_, i) => (i * 31) ^ (i >>> 11))
const small = { 's3.multipart.threshold': String(5 * MIB), 's3.part.size': String(5 * MIB) }

function storeOn(server: S3TestServer, settings: Readonly<Record<string, string>> = {}): ObjectStore {
  return openObjectStore('s3://lake', {
    settings: { ...server.settings, ...small, 's3.vendor': 'versitygw', ...settings },
    clock: new FakeClock({ impatient: true }),
  })
}

function operationsOf(server: S3TestServer): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { operation } of server.requests) counts[operation] = (counts[operation] ?? 0) + 1
  return counts
}

function isLarge(server: S3TestServer): boolean {
  return server.object('lake', 'a')?.bytes.equals(large) === true
}

describe.each(['put', 'putIfAbsent'] as const)('a large %s', (name) => {
  test('goes in parts and becomes one object', async () => {
    await using server = await S3TestServer.start()
    await storeOn(server)[name]('a', large)
    expect(isLarge(server)).toBe(true)
    expect(operationsOf(server)).toEqual({ CreateMultipartUpload: 1, UploadPart: 3, CompleteMultipartUpload: 1 })
    expect(Buffer.from(await storeOn(server).get('a')).equals(large)).toBe(true)
  })

  test.each<S3Effect>(['slow-down', 'internal-error', 'cut-upload', 'lose-answer'])(
    'sends a part again that failed (%s)',
    async (effect) => {
      await using server = await S3TestServer.start()
      server.faults.add({ effect, on: 'UploadPart', nth: 2, times: 2 })
      await storeOn(server)[name]('a', large)
      expect(isLarge(server)).toBe(true)
      expect(operationsOf(server)).toMatchObject({ UploadPart: 5, CompleteMultipartUpload: 1 })
    },
  )

  test('that fails for good is aborted, and no part of it stays', async () => {
    await using server = await S3TestServer.start()
    server.faults.add({ effect: 'forbidden', on: 'UploadPart', nth: 3 })
    await expect(storeOn(server)[name]('a', large)).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      retriable: false,
      message: expect.stringContaining('403 AccessDenied'),
    })
    expect(server.keys('lake')).toEqual([])
    expect(server.openUploads('lake')).toBe(0)
  })

  test('that the caller stops is aborted', async () => {
    await using server = await S3TestServer.start()
    const stop = new AbortController()
    server.faults.add({ effect: 'hang', on: 'UploadPart', nth: 2, times: 9, meanwhile: async () => stop.abort() })
    await expect(storeOn(server)[name]('a', large, { signal: stop.signal })).rejects.toMatchObject({
      code: 'INTERRUPTED',
    })
    expect(server.keys('lake')).toEqual([])
    expect(server.openUploads('lake')).toBe(0)
  })
})

test('a large put whose completion was lost is made whole again', async () => {
  await using server = await S3TestServer.start()
  server.faults.add({ effect: 'lose-answer', on: 'CompleteMultipartUpload' })
  await storeOn(server).put('a', large)
  expect(isLarge(server)).toBe(true)
  expect(server.openUploads('lake')).toBe(0)
})

describe('a large putIfAbsent', () => {
  test('meets an object that is there when it completes, leaves it alone and is aborted', async () => {
    await using server = await S3TestServer.start()
    server.faults.add({
      effect: 'none',
      on: 'CompleteMultipartUpload',
      meanwhile: () => server.open('lake').put('a', new Uint8Array([1])),
    })
    expect(await storeOn(server).putIfAbsent('a', large)).toBe('exists')
    expect(server.object('lake', 'a')?.bytes.length).toBe(1)
    expect(server.openUploads('lake')).toBe(0)
  })

  test('whose completion was lost has an unknown outcome and is not begun again', async () => {
    await using server = await S3TestServer.start()
    server.faults.add({ effect: 'lose-answer', on: 'CompleteMultipartUpload' })
    await expect(storeOn(server).putIfAbsent('a', large)).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      retriable: true,
    })
    expect(isLarge(server)).toBe(true)
    expect(operationsOf(server)).toMatchObject({ CreateMultipartUpload: 1, CompleteMultipartUpload: 1 })
  })

  test('that met a conflict is begun again from the start, and at last given up', async () => {
    await using server = await S3TestServer.start()
    server.faults.add({ effect: 'conflict', on: 'CompleteMultipartUpload' })
    expect(await storeOn(server).putIfAbsent('a', large)).toBe('created')
    expect(operationsOf(server)).toMatchObject({ CreateMultipartUpload: 2, UploadPart: 6 })
    server.faults.add({ effect: 'conflict', on: 'CompleteMultipartUpload', times: Number.POSITIVE_INFINITY })
    await expect(storeOn(server).putIfAbsent('b', large)).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      retriable: true,
    })
    expect(server.keys('lake')).toEqual(['a'])
    expect(server.openUploads('lake')).toBe(0)
  })

  test('of racing ones exactly one wins', async () => {
    await using server = await S3TestServer.start()
    const answers = await Promise.all([1, 2, 3, 4].map(() => storeOn(server).putIfAbsent('a', large)))
    expect(answers.toSorted()).toEqual(['created', 'exists', 'exists', 'exists'])
    expect(server.openUploads('lake')).toBe(0)
  })

  test('goes in one piece where the condition on a completion is not known to be honoured', async () => {
    await using server = await S3TestServer.start()
    expect(await storeOn(server, { 's3.vendor': 'other' }).putIfAbsent('a', large)).toBe('created')
    expect(operationsOf(server)).toEqual({ PutObject: 1 })
  })
})
