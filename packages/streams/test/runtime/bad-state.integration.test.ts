import { spawn, type ChildProcess } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { connect, type Kafka, type Producer } from '@sluice/kafka'
import { MemoryMetrics, silentLogger, type Logger } from '@sluice/sdk'
import { KafkaStreams, Serdes, StreamsBuilder, streamsSettings } from '../../src/index.ts'
import { LmdbState } from '../../src/state/lmdb/lmdb-state.ts'

const address = process.env['SLUICE_TEST_KAFKA'] ?? ''
const onABroker = address === '' ? describe.skip : describe
const WAIT_MS = 30_000
const text = { key: Serdes.string, value: Serdes.string }

onABroker('a task whose state is in no state (needs SLUICE_TEST_KAFKA)', () => {
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

  async function counting() {
    const application = `bad-${randomUUID().slice(0, 8)}`
    const input = `${application}.in`
    await kafka.admin.ensureTopics([{ topic: input, partitions: 1 }])
    const said: string[] = []
    const note = (message: string): void => void said.push(message)
    const logger: Logger = { ...silentLogger, child: () => logger, info: note, warn: note, error: note }
    return {
      application,
      said,
      directory: path.join(folder, application, application, '0_0'),
      async put(count: number): Promise<void> {
        await producer.produce(
          Array.from({ length: count }, (_, i) => ({
            topic: input,
            partition: null,
            key: Buffer.from(`key ${i}`),
            value: Buffer.from('x'),
            timestamp: null,
            headers: null,
          })),
        )
      },
      run(): Promise<unknown> {
        const builder = new StreamsBuilder()
        builder
          .stream(input, text)
          .groupByKey()
          .count({ materialized: { name: 'counts' } })
        const settings = streamsSettings.parse({
          'application.id': application,
          'commit.interval.ms': '50',
          'retry.backoff.ms': '10',
          'state.dir': path.join(folder, application),
        })
        const ports = { kafka, metrics: new MemoryMetrics(), logger }
        return new KafkaStreams(builder.build(), settings, ports).run({ until: 'end' })
      },
    }
  }

  test('because somebody else has its directory waits until that is gone, and says who it is', async () => {
    const app = await counting()
    const other = new LmdbState({ directory: app.directory, application: app.application, task: '0_0' })
    await app.put(10)
    const run = app.run()
    run.catch(() => undefined)
    await eventually(() => app.said.some((message) => message.startsWith('Going back to what is committed')))
    await other.close()
    await run
  }, 60_000)

  test('because a later version wrote its directory does not touch it, and ends with STATE_FOREIGN', async () => {
    const app = await counting()
    await app.put(10)
    await app.run()
    const manifest = path.join(app.directory, 'state.json')
    const written = JSON.parse(fs.readFileSync(manifest, 'utf8')) as Record<string, unknown>
    fs.writeFileSync(manifest, JSON.stringify({ ...written, format: 99 }))
    await app.put(10)
    await expect(app.run()).rejects.toMatchObject({ code: 'STATE_FOREIGN' })
    expect(fs.existsSync(path.join(app.directory, 'state.mdb'))).toBe(true)
    fs.writeFileSync(manifest, JSON.stringify(written))
    await app.run()
  }, 60_000)

  test('because its changelog was made anew does not go on with less than it had, and ends with CHANGELOG_TRUNCATED', async () => {
    const app = await counting()
    await app.put(10)
    await app.run()
    await kafka.admin.deleteTopics([`${app.application}-counts-changelog`])
    await app.put(10)
    await expect(app.run()).rejects.toMatchObject({ code: 'CHANGELOG_TRUNCATED' })
    expect(fs.existsSync(path.join(app.directory, 'state.mdb'))).toBe(true)
    // Whoever means it begins anew.
    fs.rmSync(app.directory, { recursive: true })
    await app.run()
  }, 60_000)

  test('because the disk is full goes on when there is room, and has lost nothing', async () => {
    const name = `full-${randomUUID().slice(0, 8)}`
    await kafka.admin.ensureTopics([`${name}.in`, `${name}.out`].map((topic) => ({ topic, partitions: 1 })))
    await producer.produce(
      Array.from({ length: 20_000 }, (_, i) => ({
        topic: `${name}.in`,
        partition: null,
        key: Buffer.from(`a key of some length ${i}`),
        value: Buffer.from('x'),
        timestamp: null,
        headers: null,
      })),
    )
    const app = new URL('./count-in-child.ts', import.meta.url).pathname
    const start = (limit: string) => {
      // A file that may not grow is what a full disk is to who writes it.
      const run = `ulimit -f ${limit}; exec "$0" --conditions=@sluice/source "$1"`
      const child = spawn('bash', ['-c', run, process.execPath, app], {
        env: {
          ...process.env,
          ADDRESS: address,
          NAME: name,
          STATE: path.join(folder, name),
          SNAPSHOTS: `memory:${name}`,
          ENGINE: 'lmdb',
        },
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      children.push(child)
      const lines: string[] = []
      createInterface({ input: child.stdout }).on('line', (line) => lines.push(line))
      return { child, lines }
    }
    const full = start('1000')
    await eventually(() =>
      full.lines.some((line) => line.includes('A commit failed') && line.includes('Free disk space')),
    )
    full.child.kill('SIGKILL')
    await once(full.child, 'exit')
    const roomy = start('unlimited')
    const counts = async (): Promise<Map<string, string[]>> => {
      const place = { topic: `${name}.out`, partition: 0 }
      const [end] = await kafka.admin.listOffsets([place], 'latest')
      const fetcher = kafka.fetcher({ isolation: 'read_committed', maxWaitMs: 50 })
      const found = new Map<string, string[]>()
      fetcher.assign([{ ...place, offset: 0 }])
      while ((fetcher.position(place) ?? 0) < end!.offset)
        for (const { batches } of await fetcher.poll(100))
          for (const batch of batches)
            for (let i = 0; i < batch.count; i++) {
              const key = Buffer.from(batch.key(i)!).toString()
              found.set(key, [...(found.get(key) ?? []), Buffer.from(batch.value(i)!).toString()])
            }
      await fetcher.close()
      return found
    }
    await eventually(async () => (await counts()).size === 20_000)
    roomy.child.kill('SIGKILL')
    await once(roomy.child, 'exit')
    expect([...(await counts()).values()].every((list) => list.length === 1 && list[0] === '1')).toBe(true)
  }, 90_000)
})

async function eventually(isSo: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + WAIT_MS
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error('It did not come about in time')
    await sleep(20)
  }
}
