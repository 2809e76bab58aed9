import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { promisify } from 'node:util'
import { expect, test } from '@jest/globals'
import { openObjectStore, s3Settings } from '@sluice/object-store'
import { defineSettings } from '@sluice/sdk'
import { S3TestServer } from '@sluice/object-store/testing'

const bytes = new Uint8Array([1, 2, 3])

test('encryption, KMS key, storage class and tags go with every write, in one piece or in parts', async () => {
  await using server = await S3TestServer.start()
  const store = server.open('lake', {
    's3.sse.kms.key.id': 'key-of-a-tenant',
    's3.storage.class': 'STANDARD_IA',
    's3.object.tags': 'team:lake, cost center:a&b:c',
    's3.multipart.threshold': '5242880',
    's3.part.size': '5242880',
    's3.vendor': 'minio',
  })
  await store.put('put', bytes)
  await store.putIfAbsent('absent', bytes)
  await store.put('parts', new Uint8Array(6_000_000))
  await store.putIfAbsent('parts-absent', new Uint8Array(6_000_000))
  for (const key of ['put', 'absent', 'parts', 'parts-absent'])
    expect(server.object('lake', key)?.headers).toMatchObject({
      'x-amz-server-side-encryption': 'aws:kms',
      'x-amz-server-side-encryption-aws-kms-key-id': 'key-of-a-tenant',
      'x-amz-server-side-encryption-bucket-key-enabled': 'true',
      'x-amz-storage-class': 'STANDARD_IA',
      'x-amz-tagging': 'team=lake&cost%20center=a%26b%3Ac',
    })
})

test("settings that are part of a connector's serve as they are", async () => {
  await using server = await S3TestServer.start()
  const own = defineSettings({ 'lake.url': { type: 'string', importance: 'high', documentation: 'Where.' } })
  const settings = own.extend(s3Settings).parse({ ...server.settings, 'lake.url': 's3://lake' })
  await openObjectStore(settings['lake.url'], { s3: settings }).put('a', bytes)
  expect(server.keys('lake')).toEqual(['a'])
})

test('s3.ssea.name AES256 asks for keys of the store', async () => {
  await using server = await S3TestServer.start()
  await server.open('lake', { 's3.ssea.name': 'AES256' }).put('a', bytes)
  expect(server.object('lake', 'a')?.headers).toMatchObject({ 'x-amz-server-side-encryption': 'AES256' })
})

test.each([
  ['other', undefined, false],
  ['versitygw', undefined, true],
  ['other', 'when_supported', true],
  ['versitygw', 'when_required', false],
])('vendor %s, s3.checksums %s: checksums are sent: %s', async (vendor, checksums, isSent) => {
  await using server = await S3TestServer.start()
  const settings = { 's3.vendor': vendor, ...(checksums !== undefined && { 's3.checksums': checksums }) }
  await server.open('lake', settings).put('a', bytes)
  expect('x-amz-checksum-crc32' in server.object('lake', 'a')!.headers).toBe(isSent)
})

test('the bucket is in the path with an endpoint, and in the host for AWS or when told so', async () => {
  await using server = await S3TestServer.start()
  const asked = async (settings: Readonly<Record<string, string>>): Promise<string> => {
    const failure = openObjectStore('s3://bucket-of-ours', { settings: { ...settings, 's3.attempts.max': '1' } }).get(
      'a',
    )
    return String(await failure.catch((error: unknown) => error))
  }
  expect(await asked(server.settings)).toContain('404 NoSuchBucket')
  const inHost = {
    ...server.settings,
    's3.endpoint': 'http://no-such-host.invalid',
    's3.path.style.access.enabled': 'false',
  }
  expect(await asked(inHost)).toContain('bucket-of-ours.no-such-host.invalid')
})

test('requests go through the proxy that is named, with its credentials, and fail when it is gone', async () => {
  await using server = await S3TestServer.start()
  const seen: string[] = []
  const proxy = createServer((message, response) => {
    seen.push(message.headers['proxy-authorization'] ?? '')
    const { method, headers } = message
    const onward = request(message.url ?? '', { method: method ?? 'GET', headers, agent: false }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers)
      answer.pipe(response)
    })
    message.pipe(onward)
  }).listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  const settings = {
    's3.proxy.url': `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    's3.proxy.user': 'us',
    's3.proxy.password': 'sesame @/:',
    's3.attempts.max': '1',
  }
  try {
    await server.open('lake', settings).put('a', bytes)
    expect(await server.open('lake', settings).get('a')).toEqual(bytes)
    expect(seen.length).toBe(2)
    expect(seen[0]).toBe(`Basic ${Buffer.from('us:sesame @/:').toString('base64')}`)
  } finally {
    proxy.closeAllConnections()
    proxy.close()
  }
  await expect(server.open('lake', settings).get('a')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
})

test('who opens no S3 store does not load the SDK, nor does who opens one and does not use it', async () => {
  const script = `
    import { createRequire } from 'node:module'
    const { openObjectStore } = await import('@sluice/object-store')
    openObjectStore('memory:')
    openObjectStore('s3://bucket/lake')
    const loaded = Object.keys(createRequire(process.cwd() + '/x.js').cache).filter((file) => file.includes('aws-sdk'))
    console.log(JSON.stringify(loaded))`
  const run = await promisify(execFile)(
    process.execPath,
    ['--conditions=@sluice/source', '--input-type=module', '-e', script],
    { cwd: import.meta.dirname },
  )
  expect(JSON.parse(run.stdout)).toEqual([])
}, 60_000)
