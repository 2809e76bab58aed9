/** Snapshots where most of them are: the contract against an S3 server, and what only that can do to them. */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import type { Kafka } from '@sluice/kafka'
import type { ObjectStore } from '@sluice/object-store'
import { S3TestServer, type S3Effect } from '@sluice/object-store/testing'
import { silentLogger, type Logger } from '@sluice/sdk'
import { FakeClock } from '@sluice/sdk/testing'
import { Snapshots } from '../../../src/runtime/snapshots/snapshots.ts'
import { newestUsable, readRows, type Wanted } from '../../../src/state/snapshots/read-snapshot.ts'
import { SnapshotCatalogue } from '../../../src/state/snapshots/snapshot-catalogue.ts'
import type { StateCut } from '../../../src/state/snapshots/state-cut.ts'
import { writeSnapshot } from '../../../src/state/snapshots/write-snapshot.ts'
import { testSnapshots } from './contract.ts'

const TOPIC = 'app-store-changelog'
const FACTS = { application: 'app', task: '0_0', cluster: 'c1', takenAtMs: 5, sources: [], changelogOf: () => TOPIC }
const WANTED: Wanted = {
  application: 'app',
  task: '0_0',
  cluster: 'c1',
  notBeforeMs: 0,
  stores: [{ name: 'store', shape: 'keyValue', isOnDisk: false, changelog: { topic: TOPIC, begin: 0, end: 100 } }],
}
const MANIFEST = /\d{12}\.json$/
const never = new AbortController().signal

let server: S3TestServer
let runs = 0
beforeAll(async () => void (server = await S3TestServer.start()))
afterAll(() => server.stop())
beforeEach(() => server.faults.clear())

/** A place of its own, where requests are tried so often. */
function opened(attempts = 1): ObjectStore {
  return server.open(`lake/${runs++}`, { 's3.attempts.max': String(attempts), 's3.retry.backoff.ms': '1' })
}

function cutOf(value: string): StateCut {
  const rows = [{ key: Buffer.from('k'), value: Buffer.from(value), timestamp: 0 }]
  return { stores: [{ name: 'store', shape: 'keyValue', position: 7, image: { rows, counters: {} } }], copyTo: null }
}

const write = (catalogue: SnapshotCatalogue, value: string): ReturnType<typeof writeSnapshot> =>
  writeSnapshot(cutOf(value), FACTS, catalogue, path.join(os.tmpdir(), 'none'), never)

/** The number of the newest that can be used, and what is in it. */
async function newest(catalogue: SnapshotCatalogue): Promise<string | null> {
  const found = await newestUsable(catalogue, WANTED, new Set(), silentLogger, never)
  if (found === null) return null
  const values: string[] = []
  for await (const rows of readRows(found, 'store', catalogue, never))
    values.push(...rows.map(({ value }) => Buffer.from(value!).toString()))
  return `${found.number} ${values.join()}`
}

describe('in S3', () => {
  testSnapshots(() => opened(5))
})

describe('an upload to S3 that comes to grief', () => {
  test.each<S3Effect>(['cut-upload', 'internal-error', 'slow-down', 'unavailable', 'forbidden'])(
    'leaves nothing that is found, whichever object it is, and the next snapshot clears away what is left: %s',
    async (effect) => {
      for (const key of [/-[0-9a-f]{8}\/0$/, MANIFEST]) {
        const catalogue = new SnapshotCatalogue(opened(), 'app', '0_0')
        await write(catalogue, 'before')
        server.faults.add({ effect, on: 'PutObject', key })
        await expect(write(catalogue, 'torn')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
        server.faults.clear()
        expect([await catalogue.numbers(), await newest(catalogue)]).toEqual([[1], '1 before'])
        await write(catalogue, 'after')
        await catalogue.prune(1)
        expect(await newest(catalogue)).toBe('2 after')
        expect(server.keys('lake').filter((name) => name.startsWith(`${runs - 1}/`))).toHaveLength(2)
      }
    },
  )

  test.each<S3Effect>(['lose-answer', 'error-after'])(
    'whose answer is lost is there whole, or not at all: %s',
    async (effect) => {
      for (const key of [/-[0-9a-f]{8}\/0$/, MANIFEST]) {
        const catalogue = new SnapshotCatalogue(opened(5), 'app', '0_0')
        server.faults.add({ effect, on: 'PutObject', key })
        await write(catalogue, 'one').catch(() => undefined)
        server.faults.clear()
        expect([null, '1 one']).toContain(await newest(catalogue))
        await write(catalogue, 'two')
        expect(await newest(catalogue)).toMatch(/^[12] two$/)
      }
    },
  )

  test('an object that comes back with a wrong bit, or half of it, is not taken for the state', async () => {
    const catalogue = new SnapshotCatalogue(opened(1), 'app', '0_0')
    await write(catalogue, 'one')
    for (const effect of ['garble-answer', 'cut-answer'] as const) {
      server.faults.add({ effect, on: 'GetObject', key: /-[0-9a-f]{8}\/0$/ })
      await expect(newest(catalogue)).rejects.toMatchObject({
        code: expect.stringMatching(/^(SNAPSHOT_UNUSABLE|STORE_UNAVAILABLE)$/) as unknown,
      })
    }
    expect(await newest(catalogue)).toBe('1 one')
  })
})

test('credentials that S3 does not accept are named where a snapshot is taken, and where one is wanted: the state comes from the changelogs', async () => {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-snapshots-'))
  const said: string[] = []
  const note = (message: string, facts?: object): void => void said.push(`${message}: ${JSON.stringify(facts)}`)
  const logger: Logger = { ...silentLogger, child: () => logger, warn: note }
  const offsets = () => Promise.resolve([{ topic: TOPIC, partition: 0, offset: 0 }])
  const admin = { listOffsets: offsets, describeCluster: () => Promise.resolve({ clusterId: 'c1', brokers: 1 }) }
  const clock = new FakeClock()
  const snapshots = new Snapshots({
    store: server.open('lake', { 'aws.secret.access.key': 'wrong' }),
    application: 'app',
    kafka: { admin } as unknown as Kafka,
    clock,
    logger,
    stateDirectory: directory,
    settings: { intervalMs: 1, keep: 1, ageMaxMs: 60_000 },
  })
  clock.advance(1)
  snapshots.take([{ task: '0_0', state: cutOf('x'), sources: [], changelogOf: () => TOPIC }])
  // It is under way, and waited for by the end of the next one.
  while (said.length === 0) await new Promise((resolve) => setImmediate(resolve))
  const definition = { kind: 'keyValue', name: 'store', engine: 'memory', logging: {} } as never
  const stores = [{ definition, changelog: { topic: TOPIC, partition: 0 }, until: null }]
  expect(await snapshots.bringBack('0_0', stores, never)).toBeNull()
  await snapshots.close()
  expect(said).toHaveLength(2)
  expect(said[0]).toContain('A snapshot could not be taken')
  expect(said[1]).toContain('Snapshots cannot be reached')
  for (const one of said) expect(one).toContain('SignatureDoesNotMatch')
  fs.rmSync(directory, { recursive: true })
})
