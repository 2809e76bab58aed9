/**
 * The connectors for operators in a worker as it is installed, each in a cell: made up records, beats, and what is printed; workers are
 * killed in the middle.
 */
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { datagenSource } from '@sluice/connector-datagen'
import { connect, type Kafka } from '@sluice/kafka'
import type { RawSettings, Value } from '@sluice/sdk'
import { FakeSourceContext, SourceRun } from '@sluice/sdk/testing'
import { ConnectWorkerProcess, until } from '../trials/connect/connect-worker.ts'

const bootstrap = process.env['SLUICE_TEST_KAFKA'] ?? ''
if (bootstrap === '') console.warn('SLUICE_TEST_KAFKA is not set: the connectors for operators are not tested')
const onBroker = bootstrap === '' ? describe.skip : describe

const TEST_MS = 180_000
const ARRIVE_MS = 60_000
const JSON_CONVERTER = 'org.apache.kafka.connect.json.JsonConverter'
const BARE_JSON: RawSettings = {
  'key.converter': JSON_CONVERTER,
  'key.converter.schemas.enable': 'false',
  'value.converter': JSON_CONVERTER,
  'value.converter.schemas.enable': 'false',
}

interface Found {
  readonly key: string | null
  readonly value: string | null
}

let kafka: Kafka
beforeAll(async () => {
  if (bootstrap !== '') kafka = await connect({ bootstrapServers: bootstrap })
})
afterAll(async () => {
  await kafka?.close()
})

/** What a reader finds in the only partition of a topic. */
async function read(topic: string, isolation: 'read_committed' | 'read_uncommitted'): Promise<readonly Found[]> {
  const [end] = await kafka.admin.listOffsets([{ topic, partition: 0 }], 'latest')
  const found: Found[] = []
  const fetcher = kafka.fetcher({ maxWaitMs: 50, isolation })
  const text = (bytes: Uint8Array | null): string | null => (bytes === null ? null : Buffer.from(bytes).toString())
  try {
    fetcher.assign([{ topic, partition: 0, offset: 0 }])
    while (fetcher.position({ topic, partition: 0 })! < end!.offset)
      for (const { batches } of await fetcher.poll(1000))
        for (const batch of batches)
          for (let i = 0; i < batch.count; i++) found.push({ key: text(batch.key(i)), value: text(batch.value(i)) })
  } finally {
    await fetcher.close()
  }
  return found
}

/** What one task of the source makes, as JSON without schemas. */
async function madeBy(connector: string, settings: RawSettings, task = 0): Promise<readonly Found[]> {
  const context = Object.assign(new FakeSourceContext(), { task, connector })
  const run = new SourceRun(
    datagenSource,
    { ...settings, 'max.interval': '0', 'records.per.second': '100000000' },
    context,
  )
  const text = (value: Value): string | null => (value === null ? null : JSON.stringify(value))
  await run.start()
  const records = await run.drain()
  await run.stop()
  return records.map(({ key, value }) => ({ key: text(key), value: text(value) }))
}

/** A worker that can be killed: another one takes its place. */
class Workers {
  readonly folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-operators-'))
  readonly groupId = `operators-${randomUUID().slice(0, 8)}`
  readonly #settings: RawSettings
  #now: ConnectWorkerProcess | null = null

  constructor(settings: RawSettings = {}) {
    this.#settings = settings
  }

  get now(): ConnectWorkerProcess {
    return this.#now!
  }

  async start(): Promise<void> {
    const { groupId, folder } = this
    this.#now = await ConnectWorkerProcess.start('sluice', { bootstrap, groupId, folder, settings: this.#settings })
  }

  async kill(): Promise<void> {
    await this.now.end('SIGKILL')
    await this.start()
  }

  async create(name: string, config: RawSettings): Promise<void> {
    await this.now.must('PUT', `/connectors/${name}/config`, config)
  }

  async delete(name: string): Promise<void> {
    await this.now.must('DELETE', `/connectors/${name}`)
  }

  /** All that workers have told, oldest first. */
  log(): string {
    const files = fs.readdirSync(this.folder).filter((file) => file.endsWith('.log'))
    const at = (file: string): number => fs.statSync(path.join(this.folder, file)).birthtimeMs
    const inOrder = files.toSorted((a, b) => at(a) - at(b))
    return inOrder.map((file) => fs.readFileSync(path.join(this.folder, file), 'utf8')).join('\n')
  }

  async stop(): Promise<void> {
    await this.#now?.end('SIGTERM')
    fs.rmSync(this.folder, { recursive: true, force: true })
  }
}

/** What two tasks make at a rate, of which a reader can tell what has to be there. */
const STREAMS: Readonly<Record<string, RawSettings>> = {
  rows: { quickstart: 'orders' },
  changes: { quickstart: 'users', 'change.events': 'true', 'change.events.rows': '50' },
}
const TASKS = 2
const ITERATIONS = 3000
const KILLS = 2

onBroker.each(['enabled', 'disabled'] as const)(
  'with exactly.once.source.support=%s, killed again and again',
  (support) => {
    const isOnce = support === 'enabled'
    const isolation = isOnce ? 'read_committed' : 'read_uncommitted'
    const workers = new Workers({ 'exactly.once.source.support': support, 'offset.flush.interval.ms': '300' })
    const topicOf = (what: string): string => `${what}-${workers.groupId}`
    const settingsOf = (what: string): RawSettings => ({
      ...STREAMS[what],
      'kafka.topic': topicOf(what),
      seed: '11',
      iterations: String(ITERATIONS),
    })
    const expectedOf = (what: string): Promise<readonly (readonly Found[])[]> =>
      Promise.all(Array.from({ length: TASKS }, (_, task) => madeBy(topicOf(what), settingsOf(what), task)))
    const countOf = async (what: string): Promise<number> => (await read(topicOf(what), isolation)).length
    /** How many records there were as a worker was killed the first time. */
    const killedAt = new Map<string, number>()
    jest.setTimeout(TEST_MS)

    beforeAll(async () => {
      const all = [...Object.keys(STREAMS), 'beats']
      await kafka.admin.ensureTopics(all.map((what) => ({ topic: topicOf(what), partitions: 1 })))
      await workers.start()
      for (const what of Object.keys(STREAMS))
        await workers.create(topicOf(what), {
          'connector.class': 'io.confluent.kafka.connect.datagen.DatagenConnector',
          'tasks.max': String(TASKS),
          'records.per.second': '300',
          ...settingsOf(what),
          ...BARE_JSON,
        })
      const beats = {
        'connector.class': 'heartbeat',
        topic: topicOf('beats'),
        'heartbeat.interval.ms': '20',
        ...BARE_JSON,
      }
      await workers.create(topicOf('beats'), beats)
      for (let kill = 0; kill < KILLS; kill++) {
        const before = await Promise.all(all.map(countOf))
        // One that has begun late may be what all wait for while another comes to its end.
        const enough = before.map((count, i) =>
          all[i] === 'beats' ? count + 20 : Math.min(count + 20, TASKS * ITERATIONS),
        )
        let now = before
        const isFurther = async (): Promise<boolean> => {
          now = await Promise.all(all.map(countOf))
          return now.every((count, i) => count >= enough[i]!)
        }
        await until('more has come of each', isFurther, ARRIVE_MS).catch((cause: unknown) => {
          throw new Error(`${all.join(', ')}: ${before.join(', ')} became ${now.join(', ')}\n${workers.now.tail()}`, {
            cause,
          })
        })
        await workers.kill()
        for (const [i, what] of all.entries()) if (!killedAt.has(what)) killedAt.set(what, now[i]!)
      }
    }, TEST_MS)
    afterAll(() => workers.stop(), TEST_MS)

    test.each(Object.keys(STREAMS))(
      isOnce
        ? 'each record is there once, in its order: %s'
        : 'no record is missing, and what is there twice is the same: %s',
      async (what) => {
        const textOf = ({ key, value }: Found): string => `${key} ${value}`
        const expected = (await expectedOf(what)).map((one) => one.map(textOf))
        const wanted = expected.flat()
        expect(killedAt.get(what)).toBeLessThan(wanted.length)
        const isWhole = async (): Promise<boolean> => {
          const found = new Set((await read(topicOf(what), isolation)).map(textOf))
          return wanted.every((one) => found.has(one))
        }
        await until('all has come', isWhole, ARRIVE_MS, 300)
        const found = (await read(topicOf(what), isolation)).map(textOf)
        expect(new Set(found)).toEqual(new Set(wanted))
        if (!isOnce) return
        expect(found.length).toBe(wanted.length)
        for (const one of expected) {
          const own = new Set(one)
          expect(found.filter((text) => own.has(text))).toEqual(one)
        }
      },
    )

    test('the sequence of beats has no gaps', async () => {
      const before = await countOf('beats')
      await until('beats come', async () => (await countOf('beats')) > before + 5, ARRIVE_MS)
      await workers.delete(topicOf('beats'))
      const beats = await read(topicOf('beats'), isolation)
      const found = beats.map(({ value }) => (JSON.parse(value!) as { readonly sequence: number }).sequence)
      const inOrder = isOnce ? found : [...new Set(found)].toSorted((a, b) => a - b)
      expect(inOrder).toEqual(inOrder.map((_, i) => i))
      expect(beats[0]!.key).toBe(JSON.stringify(topicOf('beats')))
    })
  },
)

onBroker('in a worker', () => {
  const workers = new Workers()
  const name = `seen-${randomUUID().slice(0, 8)}`
  jest.setTimeout(TEST_MS)
  beforeAll(async () => {
    await kafka.admin.ensureTopics([{ topic: name, partitions: 1 }])
    await workers.start()
  }, TEST_MS)
  afterAll(() => workers.stop(), TEST_MS)

  test('they are among the plugins, and their settings are validated', async () => {
    const plugins = (await workers.now.must('GET', '/connector-plugins')) as readonly {
      readonly class: string
      readonly type: string
    }[]
    expect(plugins).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ class: 'io.confluent.kafka.connect.datagen.DatagenConnector', type: 'source' }),
        expect.objectContaining({ class: 'heartbeat', type: 'source' }),
        expect.objectContaining({ class: 'console-sink', type: 'sink' }),
      ]),
    )
    const errorsOf = async (config: RawSettings): Promise<readonly string[]> => {
      const answer = (await workers.now.must('PUT', `/connector-plugins/${config['connector.class']}/config/validate`, {
        name: 'x',
        ...config,
      })) as {
        readonly configs: readonly { readonly value: { readonly name: string; readonly errors: readonly string[] } }[]
      }
      return answer.configs.filter(({ value }) => value.errors.length > 0).map(({ value }) => value.name)
    }
    expect(await errorsOf({ 'connector.class': 'datagen', 'kafka.topic': 't', quickstart: 'orders' })).toEqual([])
    expect(await errorsOf({ 'connector.class': 'datagen', 'kafka.topic': 't', 'schema.string': '{}' })).toEqual([
      'schema.string',
    ])
    expect(await errorsOf({ 'connector.class': 'console-sink', topics: 't', template: '{color}' })).toEqual([
      'template',
    ])
    expect(await errorsOf({ 'connector.class': 'heartbeat' })).toEqual(['topic'])
  })

  test('the console has every record, also those of a worker that was killed, and a cell that prints stays alive', async () => {
    const producer = kafka.producer()
    const total = 3000
    const values = Array.from({ length: total }, (_, n) => `the-record-${n}.`)
    await producer.produce(
      values.map((value) => ({
        topic: name,
        partition: 0,
        key: null,
        value: Buffer.from(value),
        timestamp: null,
        headers: null,
      })),
    )
    await producer.close()
    await workers.create(`${name}-console`, {
      'connector.class': 'console-sink',
      topics: name,
      'consumer.override.auto.offset.reset': 'earliest',
    })
    const printed = (): ReadonlySet<string> => new Set(workers.log().match(/the-record-\d+\./g))
    await until('some are printed', () => printed().size > 300, ARRIVE_MS)
    // More than a cell may print in a second: the others are not there yet.
    expect(printed().size).toBeLessThan(total)
    await workers.kill()
    await until('all are printed', () => printed().size === total, ARRIVE_MS)
    const log = workers.log()
    expect(log).toContain(`${name}-0@0 null the-record-0.`)
    expect(log).not.toMatch(/ended|stall|stuck/i)
    await workers.delete(`${name}-console`)
  })

  test('changes that are unwrapped are the table, in the lake as well', async () => {
    const id = randomUUID().slice(0, 8)
    const [source, sink, table, lake] = [
      `changes-${id}`,
      `lake-${id}`,
      `transactions_${id}`,
      path.join(workers.folder, 'lake'),
    ]
    await kafka.admin.ensureTopics([{ topic: table, partitions: 1 }])
    const json = { 'key.converter': JSON_CONVERTER, 'value.converter': JSON_CONVERTER }
    const settings = {
      'kafka.topic': table,
      quickstart: 'transactions',
      seed: '3',
      iterations: '2000',
      'change.events': 'true',
      'tombstones.on.delete': 'false',
    }
    await workers.create(source, {
      'connector.class': 'datagen',
      ...settings,
      'max.interval': '0',
      transforms: 'unwrap',
      'transforms.unwrap.type': 'io.debezium.transforms.ExtractNewRecordState',
      'transforms.unwrap.delete.tombstone.handling.mode': 'rewrite',
      'transforms.unwrap.add.fields': 'op,source.position',
      ...json,
    })
    await workers.create(sink, {
      'connector.class': 'lake',
      topics: table,
      'lake.url': lake,
      'flush.size': '500',
      'rotate.interval.ms': '1000',
      'consumer.override.auto.offset.reset': 'earliest',
      ...json,
    })
    const rows = new Map<unknown, number>()
    for (const { value } of await madeBy(source, settings)) {
      const { before, after } = JSON.parse(value!) as Record<
        'before' | 'after',
        { transaction_id: number; store_id: number } | null
      >
      if (after === null) rows.delete(before!.transaction_id)
      else rows.set(after.transaction_id, after.store_id)
    }
    const folder = path.join(lake, table)
    const query = async (sql: string): Promise<readonly Readonly<Record<string, unknown>>[]> => {
      const instance = await DuckDBInstance.create(':memory:')
      const connection = await instance.connect()
      try {
        const answer = await connection.runAndReadAll(sql.replace('$files', `read_parquet('${folder}/**/*.parquet')`))
        return answer.getRowObjectsJson()
      } finally {
        connection.closeSync()
        instance.closeSync()
      }
    }
    const isThere = async (): Promise<boolean> => {
      const [found] = await query('select count(*) as n from $files').catch(() => [{ n: 0 }])
      return Number(found!['n']) === 2000
    }
    await until('all changes are in the lake', isThere, ARRIVE_MS, 500)
    const last = await query(`select transaction_id as id, arg_max(store_id, __source_position) as store,
      arg_max(__deleted, __source_position) as deleted from $files group by transaction_id`)
    const alive = last
      .filter(({ deleted }) => deleted === 'false')
      .map(({ id: row, store }) => [Number(row), Number(store)] as const)
    expect(new Map(alive)).toEqual(rows)
    expect(last.length).toBeGreaterThan(rows.size)
    await workers.delete(source)
    await workers.delete(sink)
  })
})
