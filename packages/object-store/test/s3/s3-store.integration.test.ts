/**
 * The same contract on a real S3 server: the one at SLUICE_TEST_S3, else versitygw if it was built here (`deploy/dev/versitygw.sh
 * build`), else said aloud and left out. Keys: SLUICE_TEST_S3_KEY, SLUICE_TEST_S3_SECRET; those of versitygw.sh by default.
 */
import { execFileSync, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { listAll, openObjectStore, probeObjectStore } from '@sluice/object-store'
import { testObjectStore } from '@sluice/object-store/testing'
import { expectOneWinnerEach } from './race.ts'

const SCRIPT = join(import.meta.dirname, '../../../../deploy/dev/versitygw.sh')
const { SLUICE_TEST_S3, SLUICE_TEST_S3_KEY, SLUICE_TEST_S3_SECRET } = process.env
const BUCKET = 'sluice-test'

function isBuilt(): boolean {
  try {
    execFileSync('bash', [SCRIPT, 'built'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

const isThere = SLUICE_TEST_S3 !== undefined || isBuilt()
if (!isThere)
  console.warn('No S3 server: set SLUICE_TEST_S3, or run deploy/dev/versitygw.sh build. Its tests are left out.')
const whenThere = isThere ? describe : describe.skip

whenThere('a real S3 server', () => {
  let settings: Readonly<Record<string, string>> = {}
  let server: ChildProcess | undefined
  let folder: string | undefined
  const prefix = `s3://${BUCKET}/${randomUUID()}`

  beforeAll(async () => {
    let endpoint = SLUICE_TEST_S3
    if (endpoint === undefined) {
      folder = await mkdtemp(join(tmpdir(), 'sluice-versitygw-'))
      const port = String(await freePort())
      server = spawn('bash', [SCRIPT, 'hold', folder, port, BUCKET], { stdio: ['pipe', 'pipe', 'inherit'] })
      const [said] = (await once(server.stdout!, 'data')) as [Buffer]
      endpoint = said.toString().trim()
    }
    settings = {
      's3.endpoint': endpoint,
      's3.vendor': 'versitygw',
      'aws.access.key.id': SLUICE_TEST_S3_KEY ?? 'SLUICETEST',
      'aws.secret.access.key': SLUICE_TEST_S3_SECRET ?? 'a-secret-of-no-worth',
    }
  }, 60_000)

  afterAll(async () => {
    if (server !== undefined) {
      server.stdin!.end()
      await once(server, 'exit')
    }
    if (folder !== undefined) await rm(folder, { recursive: true, force: true })
  }, 60_000)

  testObjectStore(test, {
    open: async () => {
      const store = openObjectStore(`${prefix}/${randomUUID()}`, { settings })
      const close = async (): Promise<void> => {
        for await (const { path } of listAll(store, '')) await store.delete(path)
      }
      return { store, close }
    },
  })

  test('passes the probe', () => probeObjectStore(openObjectStore(`${prefix}/probe`, { settings })))

  test('of 50 writers in five processes exactly one creates each object, and its bytes stay', async () => {
    await expectOneWinnerEach(`${prefix}/race`, settings)
  }, 120_000)

  test('large objects go in parts, also under the condition, and of racing ones one wins', async () => {
    const parts = { ...settings, 's3.multipart.threshold': '5242880', 's3.part.size': '5242880' }
    const store = openObjectStore(`${prefix}/large`, { settings: parts })
    const bytesOf = (writer: number): Uint8Array => new Uint8Array(12_000_000).fill(writer)
    await store.put('put', bytesOf(9))
    expect(Buffer.from(await store.get('put')).equals(bytesOf(9))).toBe(true)
    const answers = await Promise.all([0, 1, 2, 3].map((writer) => store.putIfAbsent('race', bytesOf(writer))))
    expect(answers.toSorted()).toEqual(['created', 'exists', 'exists', 'exists'])
    expect(Buffer.from(await store.get('race')).equals(bytesOf(answers.indexOf('created')))).toBe(true)
  }, 60_000)

  test('a wrong secret and a missing bucket are told apart', async () => {
    const wrong = openObjectStore(`s3://${BUCKET}`, { settings: { ...settings, 'aws.secret.access.key': 'wrong' } })
    await expect(wrong.put('a', new Uint8Array(1))).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      retriable: false,
      remedy: expect.stringContaining('aws.access.key.id'),
    })
    const nowhere = openObjectStore('s3://no-such-bucket-here', { settings })
    const calls = [
      () => nowhere.put('a', new Uint8Array(1)),
      () => nowhere.get('a'),
      () => nowhere.head('a'),
      () => nowhere.list(''),
    ]
    for (const call of calls)
      await expect(call()).rejects.toMatchObject({ message: expect.stringContaining('there is no bucket') })
  })
})

async function freePort(): Promise<number> {
  const listener = createServer().listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const { port } = listener.address() as AddressInfo
  listener.close()
  await once(listener, 'close')
  return port
}
