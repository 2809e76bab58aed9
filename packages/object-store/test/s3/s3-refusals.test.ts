/** What a store refuses for good is said in words that lead to the remedy. */
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { promisify } from 'node:util'
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

describe('what answers is no S3 server', () => {
  test.each([200, 301, 400, 405])(
    '%i with a page of HTML is an error that says so, whatever was asked',
    async (status) => {
      const portal = createServer((message, response) => {
        message.resume()
        response.writeHead(status).end(message.method === 'HEAD' ? undefined : '<html><body>Log in</body></html>')
      }).listen(0, '127.0.0.1')
      await once(portal, 'listening')
      const settings = {
        's3.endpoint': `http://127.0.0.1:${(portal.address() as AddressInfo).port}`,
        'aws.access.key.id': 'a',
        'aws.secret.access.key': 'b',
      }
      try {
        for (const [name, call] of Object.entries(everyCall)) {
          // A delete has no answer to tell it by.
          if (name === 'delete' && status === 200) continue
          expect(await refusalOf(() => call(openObjectStore('s3://lake', { settings })))).toMatchObject({
            code: 'STORE_UNAVAILABLE',
            retriable: false,
            remedy: expect.stringMatching(/^Check s3\.endpoint/),
          })
        }
      } finally {
        portal.closeAllConnections()
        portal.close()
      }
    },
  )
})

test.each([
  ['region', {}, 'Region is missing', 's3.region'],
  ['credentials', { AWS_REGION: 'eu-central-1' }, 'Could not load credentials', 'aws.access.key.id'],
])(
  'no %s anywhere: the setting is named',
  async (_, environment, message, setting) => {
    const script = `
    import { openObjectStore } from '@sluice/object-store'
    await openObjectStore('s3://lake').get('a').catch((error) => console.log(JSON.stringify({ ...error, message: error.message })))`
    const options = ['--conditions=@sluice/source', '--input-type=module', '-e', script]
    // As on a machine that AWS does not know.
    const env = {
      PATH: process.env['PATH'],
      HOME: import.meta.dirname,
      AWS_EC2_METADATA_DISABLED: 'true',
      ...environment,
    }
    const run = await promisify(execFile)(process.execPath, options, { cwd: import.meta.dirname, env })
    expect(JSON.parse(run.stdout)).toMatchObject({
      code: 'STORE_UNAVAILABLE',
      retriable: false,
      message: expect.stringContaining(message),
      remedy: expect.stringContaining(setting),
    })
  },
  60_000,
)

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
