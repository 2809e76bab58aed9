/** What a store refuses for good is said in words that lead to the remedy. */
import { describe, expect, test } from '@jest/globals'
import { openObjectStore, probeObjectStore } from '@sluice/object-store'
import type { ObjectStore } from '@sluice/object-store'
import { S3TestServer } from '@sluice/object-store/testing'

const one = new Uint8Array([1])
const users = [
  { accessKeyId: 'AKALL', secretAccessKey: 'secret of all' },
  { accessKeyId: 'AKOTHER', secretAccessKey: 'secret of other', buckets: ['other'] },
  { accessKeyId: 'AKTEMP', secretAccessKey: 'secret of temp', sessionToken: 'token of temp' },
]

const everyCall: Readonly<Record<string, (store: ObjectStore) => Promise<unknown>>> = {
  put: (store) => store.put('a', one),
  putIfAbsent: (store) => store.putIfAbsent('a', one),
  get: (store) => store.get('a'),
  getRange: (store) => store.getRange('a', 0, 1),
  head: (store) => store.head('a'),
  list: (store) => store.list(''),
  delete: (store) => store.delete('a'),
}

async function refusalOf(act: () => Promise<unknown>): Promise<Error> {
  try {
    await act()
  } catch (error) {
    return error as Error
  }
  throw new Error('it was not refused')
}

describe.each(Object.keys(everyCall))('%s', (name) => {
  const call = everyCall[name]!

  test.each([
    ['a wrong secret', { 'aws.secret.access.key': 'wrong' }],
    ['an unknown access key', { 'aws.access.key.id': 'NOBODY' }],
  ])('%s: the settings of the credentials are named, and no secret is', async (_, settings) => {
    await using server = await S3TestServer.start({ users })
    const error = await refusalOf(() => call(server.open('lake', settings)))
    expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE', retriable: false })
    // A HEAD has no body to say more than 403.
    expect(error).toMatchObject({
      remedy: expect.stringMatching(name === 'head' ? /policies/ : /aws\.access\.key\.id/),
    })
    expect(String(error)).not.toContain('wrong')
    expect(server.requests.length).toBe(1)
  })

  test('no right: the action and the bucket are named', async () => {
    await using server = await S3TestServer.start({ users, buckets: ['lake', 'other'] })
    const settings = server.settingsOf('AKOTHER')
    await openObjectStore('s3://other', { settings }).put('a', one)
    const error = await refusalOf(() => call(openObjectStore('s3://lake', { settings })))
    expect(error).toMatchObject({
      code: 'STORE_UNAVAILABLE',
      retriable: false,
      message: expect.stringContaining('403'),
      remedy: expect.stringMatching(/^Allow s3:(Put|Get|Delete|List)\w+ on bucket lake/),
    })
  })

  test('a bucket that is not there is told from an object that is not', async () => {
    await using server = await S3TestServer.start()
    expect(await refusalOf(() => call(server.open('nowhere')))).toMatchObject({
      code: 'STORE_UNAVAILABLE',
      retriable: false,
      message: expect.stringContaining('there is no bucket nowhere'),
      remedy: expect.stringContaining('Create the bucket'),
    })
  })
})

test('a temporary key works with its token, and not without', async () => {
  await using server = await S3TestServer.start({ users })
  const { 'aws.session.token': token = '', ...settings } = server.settingsOf('AKTEMP')
  await openObjectStore('s3://lake', { settings: { ...settings, 'aws.session.token': token } }).put('a', one)
  await expect(openObjectStore('s3://lake', { settings }).get('a')).rejects.toMatchObject({
    remedy: expect.stringContaining('aws.session.token'),
  })
})

test('a store that takes conditions and ignores them is refused, with what to use instead', async () => {
  await using server = await S3TestServer.start({ honoursConditions: false })
  await expect(probeObjectStore(server.open())).rejects.toMatchObject({
    code: 'STORE_UNAVAILABLE',
    retriable: false,
    message: expect.stringContaining('two in a row were answered created and created'),
    remedy: expect.stringContaining('Use a store with conditional writes'),
  })
  expect(server.keys('lake')).toEqual([])
})

test('a store that keeps its promise passes the probe, and nothing stays behind', async () => {
  await using server = await S3TestServer.start()
  await probeObjectStore(server.open('lake/deep'))
  expect(server.keys('lake')).toEqual([])
})
