import { describe, expect, test } from '@jest/globals'
import { openObjectStore } from '@sluice/object-store'
import type { ObjectStore } from '@sluice/object-store'
import { FakeClock } from '@sluice/sdk/testing'
import { S3TestServer, testObjectStore } from '@sluice/object-store/testing'
import type { S3Effect, S3ServerOptions } from '@sluice/object-store/testing'
import { expectOneWinnerEach } from './race.ts'

const text = (value: string): Uint8Array => new TextEncoder().encode(value)

/** A server, and a store on it that never really pauses. */
async function withServer(
  body: (server: S3TestServer, store: ObjectStore) => Promise<void>,
  options: S3ServerOptions = {},
  settings: Readonly<Record<string, string>> = {},
): Promise<void> {
  await using server = await S3TestServer.start(options)
  const store = openObjectStore('s3://lake/t', {
    settings: { ...server.settings, ...settings },
    clock: new FakeClock({ impatient: true }),
  })
  await body(server, store)
}

const operationsOf = (server: S3TestServer): string[] => server.requests.map(({ operation }) => operation)

describe('s3:', () => {
  testObjectStore(test, {
    open: async () => {
      const server = await S3TestServer.start()
      return { store: server.open('lake/some prefix'), close: () => server.stop() }
    },
  })
})

describe('putIfAbsent on S3', () => {
  test.each<S3Effect>(['lose-answer', 'error-after', 'cut-answer'])(
    'an answer that is lost (%s) is never made up for by a second attempt, which would meet the first',
    (effect) =>
      withServer(async (server, store) => {
        server.faults.add({ effect, on: 'PutObject' })
        const put = store.putIfAbsent('log/0', text('mine'))
        if (effect === 'cut-answer') expect(await put).toBe('created')
        else await expect(put).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', retriable: true })
        expect(operationsOf(server)).toEqual(['PutObject'])
        expect(server.object('lake', 't/log/0')?.bytes.toString()).toBe('mine')
      }),
  )

  test.each<S3Effect>(['internal-error', 'unavailable', 'cut-upload'])(
    'what may have come to pass (%s) is not tried again, and the caller is told that it may',
    (effect) =>
      withServer(async (server, store) => {
        server.faults.add({ effect, on: 'PutObject' })
        await expect(store.putIfAbsent('log/0', text('mine'))).rejects.toMatchObject({
          code: 'STORE_UNAVAILABLE',
          retriable: true,
        })
        expect(operationsOf(server)).toEqual(['PutObject'])
        expect(server.keys('lake')).toEqual([])
        expect(await store.putIfAbsent('log/0', text('mine'))).toBe('created')
      }),
  )

  test.each<S3Effect>(['hang', 'hang-after'])('no answer in time (%s) is an unknown outcome', (effect) =>
    withServer(
      async (server, store) => {
        server.faults.add({ effect, on: 'PutObject' })
        await expect(store.putIfAbsent('log/0', text('mine'))).rejects.toMatchObject({
          code: 'STORE_UNAVAILABLE',
          retriable: true,
          message: expect.stringContaining('no answer within 300 ms'),
        })
        expect(server.keys('lake')).toEqual(effect === 'hang' ? [] : ['t/log/0'])
      },
      {},
      { 's3.request.timeout.ms': '300' },
    ),
  )

  test.each<S3Effect>(['slow-down', 'conflict', 'clock-skew'])(
    'what was refused before anything was written (%s) is tried again until it is decided',
    (effect) =>
      withServer(async (server, store) => {
        server.faults.add({ effect, on: 'PutObject', times: 4 })
        expect(await store.putIfAbsent('log/0', text('mine'))).toBe('created')
        server.faults.add({ effect, on: 'PutObject' })
        expect(await store.putIfAbsent('log/0', text('again'))).toBe('exists')
        expect(server.object('lake', 't/log/0')?.bytes.toString()).toBe('mine')
      }),
  )

  test('a conflict is not an object that exists: after the last attempt the store is unavailable', () =>
    withServer(async (server, store) => {
      server.faults.add({ effect: 'conflict', times: Number.POSITIVE_INFINITY })
      await expect(store.putIfAbsent('log/0', text('mine'))).rejects.toMatchObject({
        code: 'STORE_UNAVAILABLE',
        retriable: true,
        message: 'Cannot write log/0 in s3://lake/t: 409 ConditionalRequestConflict, 5 times',
      })
    }))

  test('of 50 writers in five processes exactly one creates each object, and its bytes stay', async () => {
    await using server = await S3TestServer.start()
    await expectOneWinnerEach('s3://lake/race', server.settings)
  }, 120_000)

  test('somebody else who is first in the meantime has won', () =>
    withServer(async (server, store) => {
      const other = server.open('lake/t')
      server.faults.add({ effect: 'none', on: 'PutObject', meanwhile: () => other.put('log/0', text('theirs')) })
      expect(await store.putIfAbsent('log/0', text('mine'))).toBe('exists')
      expect(await store.get('log/0')).toEqual(text('theirs'))
    }))
})

describe('everything else on S3', () => {
  const calls: Readonly<Record<string, (store: ObjectStore) => Promise<unknown>>> = {
    put: (store) => store.put('a', text('one')),
    get: async (store) => expect(await store.get('a')).toEqual(text('one')),
    getRange: async (store) => expect(await store.getRange('a', 1, 2)).toEqual(text('ne')),
    head: async (store) => expect(await store.head('a')).toMatchObject({ size: 3 }),
    list: async (store) => expect((await store.list('')).objects).toMatchObject([{ path: 'a', size: 3 }]),
    delete: (store) => store.delete('a'),
  }
  const effects: readonly S3Effect[] = [
    'slow-down',
    'unavailable',
    'internal-error',
    'clock-skew',
    'cut-upload',
    'lose-answer',
    'error-after',
    'cut-answer',
  ]

  test.each(Object.keys(calls))('%s is tried again after whatever passes', (name) =>
    withServer(async (server, store) => {
      for (const effect of effects) {
        // A HEAD has no body that could say what is wrong with the clock.
        if (effect === 'clock-skew' && name === 'head') continue
        await server.open('lake/t').put('a', text('one'))
        server.faults.add({ effect })
        await calls[name]!(store)
      }
      expect(server.keys('lake')).toEqual(name === 'delete' ? [] : ['t/a'])
    }),
  )

  test.each(Object.keys(calls))('%s gives up after the last attempt, and says how often it tried', (name) =>
    withServer(
      async (server, store) => {
        server.faults.add({ effect: 'internal-error', times: Number.POSITIVE_INFINITY })
        await expect(calls[name]!(store)).rejects.toMatchObject({
          code: 'STORE_UNAVAILABLE',
          retriable: true,
          message: expect.stringMatching(
            /^Cannot (read|write|list|delete) (a|objects) in s3:\/\/lake\/t: 500.*, 3 times$/,
          ),
        })
        expect(server.requests.length).toBe(3)
      },
      {},
      { 's3.attempts.max': '3' },
    ),
  )

  test('pauses are random, and their bound doubles', async () => {
    await using server = await S3TestServer.start()
    server.faults.add({ effect: 'slow-down', times: 4 })
    const slept: number[] = []
    const clock = new FakeClock({ impatient: true })
    const sleep = clock.sleep.bind(clock)
    clock.sleep = (ms, signal) => {
      slept.push(ms)
      return sleep(ms, signal)
    }
    const store = openObjectStore('s3://lake', { settings: server.settings, clock, random: { next: () => 0.5 } })
    await store.put('a', text('one'))
    expect(slept).toEqual([100, 200, 400, 800])
  })

  test('an upload that is torn leaves nothing to be seen', () =>
    withServer(
      async (server, store) => {
        server.faults.add({ effect: 'cut-upload', on: 'PutObject' })
        await expect(store.put('a', new Uint8Array(3_000_000))).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
        expect(server.keys('lake')).toEqual([])
      },
      {},
      { 's3.attempts.max': '1' },
    ))

  test('a body whose bytes changed on the way is read again where checksums are on', () =>
    withServer(
      async (server, store) => {
        await store.put('a', text('one'))
        server.faults.add({ effect: 'garble-answer', on: 'GetObject' })
        expect(await store.get('a')).toEqual(text('one'))
        expect(operationsOf(server)).toEqual(['PutObject', 'GetObject', 'GetObject'])
      },
      {},
      { 's3.checksums': 'when_supported' },
    ))

  test("a clock that is an hour wrong is corrected by the server's", async () => {
    await using server = await S3TestServer.start({ clock: new FakeClock({ now: Date.now() + 3_600_000 }) })
    const store = openObjectStore('s3://lake', {
      settings: server.settings,
      clock: new FakeClock({ impatient: true }),
    })
    expect(await store.head('a')).toBeUndefined()
    expect(await store.putIfAbsent('a', text('one'))).toBe('created')
    expect(server.requests.map(({ status }) => status)).toEqual([403, 404, 200, 200])
  })

  test('a call that is stopped while it waits ends at once', () =>
    withServer(async (server, store) => {
      server.faults.add({ effect: 'hang', times: Number.POSITIVE_INFINITY })
      const stop = new AbortController()
      const reading = expect(store.get('a', { signal: stop.signal })).rejects.toMatchObject({ code: 'INTERRUPTED' })
      const late = AbortSignal.timeout(50)
      await expect(store.get('a', { signal: late })).rejects.toMatchObject({
        code: 'STORE_UNAVAILABLE',
        retriable: true,
      })
      stop.abort()
      await reading
    }))

  test('nothing listens at the endpoint: said, with the endpoint as what to check', async () => {
    const server = await S3TestServer.start()
    await server.stop()
    const store = openObjectStore('s3://lake', {
      settings: server.settings,
      clock: new FakeClock({ impatient: true }),
    })
    await expect(store.putIfAbsent('a', text('one'))).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      retriable: true,
      message: expect.stringMatching(/^Cannot write a in s3:\/\/lake: connect ECONNREFUSED 127\.0\.0\.1:\d+, 5 times$/),
      remedy: expect.stringContaining('s3.endpoint'),
    })
  })
})

describe('a listing on S3', () => {
  test('leaves out what no path can name, such as the markers of folders', () =>
    withServer(async (server, store) => {
      const { S3Client, PutObjectCommand } = await import('@aws-sdk/client-s3')
      const client = new S3Client({
        endpoint: server.url,
        region: 'us-east-1',
        forcePathStyle: true,
        credentials: { accessKeyId: 'AKSLUICETEST', secretAccessKey: 'a-secret-of-no-worth' },
      })
      for (const Key of ['t/', 't/a/', 't/a//x', 't/b/', 't/c'])
        await client.send(new PutObjectCommand({ Bucket: 'lake', Key, Body: Buffer.from('x') }))
      expect(await store.list('', { limit: 1 })).toMatchObject({ objects: [{ path: 'c' }], more: false })
      await store.put('d', text('x'))
      expect(await store.list('', { limit: 1 })).toMatchObject({ objects: [{ path: 'c' }], more: true })
      client.destroy()
    }))

  test('shows names with characters that XML does not have', () =>
    withServer(async (_, store) => {
      const names = ['a\u0001', 'b\n', 'c\uffff', 'd+ %25&<']
      for (const name of names) await store.put(name, text('x'))
      expect((await store.list('')).objects.map(({ path }) => path)).toEqual(names)
    }))

  test('is of this prefix only, and does not show it', () =>
    withServer(async (server, store) => {
      await server.open('lake').put('t2/x', text('x'))
      await store.put('x', text('x'))
      expect((await store.list('')).objects.map(({ path }) => path)).toEqual(['x'])
    }))
})
