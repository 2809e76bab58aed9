import { spawn, type ChildProcess } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { connect, valuesOf, type Kafka, type Producer } from '@sluice/kafka'
import { openObjectStore, type ObjectStore } from '@sluice/object-store'
import { MemoryMetrics, silentLogger, type Logger } from '@sluice/sdk'
import { KafkaStreams, Serdes, StreamsBuilder, streamsSettings, type StoreEngine } from '../../../src/index.ts'
import { inS3 } from '../../support/in-s3.ts'
import { keyedRecords } from '../../support/keyed-records.ts'
import { countsIn } from '../../support/read-committed.ts'

const address = process.env['SLUICE_TEST_KAFKA'] ?? ''
const onABroker = address === '' ? describe.skip : describe
const KEYS = 50
const KILLS = 4
const WAIT_MS = 30_000
const text = { key: Serdes.string, value: Serdes.string }

onABroker('state that was snapshotted (needs SLUICE_TEST_KAFKA)', () => {
  let kafka: Kafka
  let producer: Producer
  let folder: string
  const children: ChildProcess[] = []
  beforeAll(async () => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-streams-'))
    kafka = await connect({ bootstrapServers: address })
    producer = kafka.producer()
  })
  afterAll(async () => {
    for (const child of children) child.kill('SIGKILL')
    await producer.close()
    await kafka.close()
    fs.rmSync(folder, { recursive: true, force: true })
  })

  /** Counts by key, in an application whose instances each begin without a state directory. */
  async function counting(engine: StoreEngine, guarantee = 'exactly_once_v2', scheme = 'memory:') {
    const application = `snapshotted-${randomUUID().slice(0, 8)}`
    const [input, output] = [`${application}.in`, `${application}.out`]
    await kafka.admin.ensureTopics([
      { topic: input, partitions: 2 },
      { topic: output, partitions: 2 },
    ])
    const url = `${scheme}${application}`
    const snapshots = openObjectStore(url)
    const said: { readonly message: string; readonly facts: Readonly<Record<string, unknown>> }[] = []
    const logger: Logger = { ...silentLogger, child: () => logger, info: note, warn: note, error: note }
    function note(message: string, facts: object = {}): void {
      said.push({ message, facts: { ...facts } })
    }
    let written = 0
    let instances = 0
    const put = async (count: number): Promise<void> => {
      await producer.produce(keyedRecords(input, KEYS, written, count))
      written += count
    }
    /** Until everything is processed, and then as long as `isDone` says. */
    const run = async (isDone: () => Promise<boolean> | boolean = () => true, until = written): Promise<void> => {
      const builder = new StreamsBuilder()
      builder
        .stream(input, text)
        .groupByKey()
        .count({ materialized: { name: 'counts', engine, caching: false } })
        .toStream()
        .mapValues(String)
        .to(output, text)
      const settings = streamsSettings.parse({
        'application.id': application,
        'processing.guarantee': guarantee,
        'commit.interval.ms': '50',
        'state.dir': path.join(folder, application, String(instances++)),
        'snapshot.url': url,
        'snapshot.interval.ms': '1000',
      })
      const stop = new AbortController()
      const streams = new KafkaStreams(builder.build(), settings, { kafka, metrics: new MemoryMetrics(), logger })
      const running = streams.run({ signal: stop.signal })
      const isThere = (): boolean =>
        streams.progress().reduce((sum, { committed }) => sum + (committed === null ? 0 : 1), 0) === 2 &&
        streams.progress().reduce((sum, { position }) => sum + position, 0) >= until
      const deadline = performance.now() + WAIT_MS
      while (!isThere() || !(await isDone())) {
        if (performance.now() > deadline) throw new Error(`Not in time: ${JSON.stringify(said.slice(-5))}`)
        await Promise.race([sleep(50), running])
      }
      stop.abort()
      await running
    }
    const taken = (): number => said.filter(({ message }) => message === 'Snapshot taken').length
    return {
      application,
      snapshots,
      said,
      put,
      run,
      /** Until each task has so many more. */
      async runUntilSnapshots(more: number): Promise<void> {
        const before = taken()
        await run(() => taken() >= before + 2 * more)
      },
      restored: (): number =>
        said
          .filter(({ message }) => message === 'State restored from changelogs')
          .reduce((sum, { facts }) => sum + Number(facts['records']), 0),
      broughtBack: (): number => said.filter(({ message }) => message === 'State brought back from a snapshot').length,
      reasons: (): string[] =>
        said
          .filter(({ message }) => message === 'A snapshot is passed over')
          .map(({ facts }) => String(facts['reason'])),
      async expectEachCountOnce(): Promise<void> {
        const counts = await countsIn(kafka, output, 2)
        const sizes = Array.from({ length: KEYS }, (_, k) => Math.floor(written / KEYS) + (k < written % KEYS ? 1 : 0))
        expect(Object.fromEntries(counts)).toEqual(
          Object.fromEntries(sizes.map((size, k) => [`key ${k}`, Array.from({ length: size }, (_, i) => i + 1)])),
        )
      },
      async expectLastCounts(): Promise<void> {
        const counts = await countsIn(kafka, output, 2)
        expect([...counts.values()].reduce((sum, list) => sum + Math.max(...list), 0)).toBe(written)
      },
    }
  }

  test.each(['lmdb', 'memory'] as const)(
    'comes back with the rest of its changelog, and nothing is counted twice: %s',
    async (engine) => {
      const app = await counting(engine)
      await app.put(1_000)
      await app.runUntilSnapshots(1)
      await app.put(100)
      await app.run()
      const [restoredBefore, broughtBefore] = [app.restored(), app.broughtBack()]
      await app.put(100)
      await app.run()
      expect(app.broughtBack() - broughtBefore).toBe(2)
      // Of 1,100 counts by then those of the last hundred were read, or of fewer where a snapshot was taken at the end.
      expect(app.restored() - restoredBefore).toBeLessThanOrEqual(200)
      await app.expectEachCountOnce()
    },
    90_000,
  )

  test.each(['lmdb', 'memory'] as const)(
    'is kept in S3, reached as the environment says: %s',
    async (engine) => {
      await inS3(async (server) => {
        const app = await counting(engine, 'exactly_once_v2', 's3://state/')
        await app.put(500)
        await app.runUntilSnapshots(1)
        // What is torn on its way there is none, and the next one takes its place.
        server.faults.add({ effect: 'forbidden', on: 'PutObject', key: /\.json$/, times: 2 })
        await app.put(100)
        await app.run(() => count(app, 'A snapshot could not be taken') >= 2)
        expect(count(app, 'A snapshot is passed over')).toBe(0)
        await app.put(100)
        await app.runUntilSnapshots(1)
        expect(app.broughtBack()).toBe(4)
        await app.expectEachCountOnce()
        const kept = server.keys('state').filter((key) => key.endsWith('.json'))
        expect(kept.every((key) => key.startsWith(`${app.application}/${app.application}/`))).toBe(true)
      })
    },
    90_000,
  )

  test('at least once: the counts go on from a snapshot', async () => {
    const app = await counting('lmdb', 'at_least_once')
    await app.put(500)
    await app.runUntilSnapshots(1)
    await app.put(100)
    await app.run()
    expect(app.broughtBack()).toBe(2)
    await app.expectLastCounts()
  }, 90_000)

  test.each(['lmdb', 'memory'] as const)(
    'whose newest snapshot is damaged comes from the one before; without any, from the changelog: %s',
    async (engine) => {
      const app = await counting(engine)
      await app.put(500)
      await app.runUntilSnapshots(1)
      await app.put(500)
      await app.runUntilSnapshots(1)
      await damage(app.snapshots, /^[^/]+\/[^/]+\/000000000002-.*\/0$/)
      await app.put(100)
      await app.run()
      expect(count(app, 'A snapshot is torn') + app.reasons().length).toBeGreaterThanOrEqual(2)
      await app.expectEachCountOnce()
      await damage(app.snapshots, /\/0$/)
      const before = app.restored()
      await app.put(100)
      await app.run()
      expect(app.restored() - before).toBeGreaterThanOrEqual(1_100)
      await app.expectEachCountOnce()
    },
    90_000,
  )

  test('whose changelog has lost its beginning since is not used, and the application does not go on with half of its state', async () => {
    const app = await counting('lmdb')
    await app.put(500)
    await app.runUntilSnapshots(1)
    const name = `${app.application}-counts-changelog`
    const policy = { name: 'cleanup.policy', operation: 'set', value: 'delete' } as const
    valuesOf(await kafka.admin.configs.alter([{ type: 'topic', name, changes: [policy] }]))
    const places = [0, 1].map((partition) => ({ topic: name, partition, before: 'end' as const }))
    valuesOf(await kafka.admin.partitions.deleteRecords(places))
    await expect(app.run()).rejects.toMatchObject({ code: 'CHANGELOG_TRUNCATED', place: { topic: name } })
    expect(app.broughtBack()).toBe(0)
    expect(app.reasons()).toEqual([expect.stringContaining('too old'), expect.stringContaining('too old')])
  }, 90_000)

  test.each(['lmdb', 'memory'] as const)(
    'of an application that is killed again and again, and each time begins elsewhere, counts each record once: %s',
    async (engine) => {
      const name = `killed-${randomUUID().slice(0, 8)}`
      const topics = [`${name}.in`, `${name}.out`]
      await kafka.admin.ensureTopics(topics.map((topic) => ({ topic, partitions: 2 })))
      const start = (round: number) => {
        const app = new URL('../count-in-child.ts', import.meta.url).pathname
        const child = spawn(process.execPath, ['--conditions=@sluice/source', app], {
          env: {
            ...process.env,
            ADDRESS: address,
            NAME: name,
            STATE: path.join(folder, name, String(round)),
            SNAPSHOTS: path.join(folder, name, 'snapshots'),
            ENGINE: engine,
          },
          stdio: ['ignore', 'pipe', 'inherit'],
        })
        children.push(child)
        const lines: string[] = []
        createInterface({ input: child.stdout }).on('line', (line) => lines.push(line))
        return { child, lines }
      }
      let written = 0
      let brought = 0
      const feeding = new AbortController()
      const feed = async (): Promise<void> => {
        while (!feeding.signal.aborted) {
          await producer.produce(keyedRecords(`${name}.in`, KEYS, written, 50))
          written += 50
          await sleep(10)
        }
      }
      const fed = feed()
      for (let round = 0; round < KILLS; round++) {
        const { child, lines } = start(round)
        // In the midst of whatever it is at, with at least one snapshot behind it.
        await eventually(() => lines.filter((line) => line === 'Snapshot taken').length >= 2)
        await sleep(Math.random() * 150)
        child.kill('SIGKILL')
        await once(child, 'exit')
        brought += lines.filter((line) => line === 'State brought back from a snapshot').length
      }
      feeding.abort()
      await fed
      const { child } = start(KILLS)
      await eventually(async () => total(await countsIn(kafka, `${name}.out`, 2)) >= written)
      child.kill('SIGKILL')
      await once(child, 'exit')
      expect(brought).toBeGreaterThanOrEqual(2 * (KILLS - 1))
      const counts = await countsIn(kafka, `${name}.out`, 2)
      const sizes = Array.from({ length: KEYS }, (_, k) => Math.floor(written / KEYS) + (k < written % KEYS ? 1 : 0))
      expect(Object.fromEntries(counts)).toEqual(
        Object.fromEntries(sizes.map((size, k) => [`key ${k}`, Array.from({ length: size }, (_, i) => i + 1)])),
      )
    },
    120_000,
  )
})

function total(counts: ReadonlyMap<string, readonly number[]>): number {
  return [...counts.values()].reduce((sum, list) => sum + list.length, 0)
}

async function eventually(isSo: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + WAIT_MS
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error('It did not come about in time')
    await sleep(50)
  }
}

interface Said {
  readonly said: readonly { readonly message: string }[]
}

function count({ said }: Said, word: string): number {
  return said.filter(({ message }) => message.includes(word)).length
}

async function damage(store: ObjectStore, which: RegExp): Promise<void> {
  for (const { path: object } of (await store.list('')).objects) {
    if (!which.test(object)) continue
    await store.put(object, Buffer.concat([await store.get(object), Buffer.from('x')]))
  }
}
