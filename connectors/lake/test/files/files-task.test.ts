import { describe, expect, test } from '@jest/globals'
import { primitive, struct } from '@sluice/sdk'
import type { SinkRecord } from '@sluice/sdk'
import type { MemoryStore } from '@sluice/object-store'
import { FaultyStore, S3TestServer } from '@sluice/object-store/testing'
import type { S3Effect } from '@sluice/object-store/testing'
import { FakeClock, FakeSinkContext } from '@sluice/sdk/testing'
import type { SinkRun } from '@sluice/sdk/testing'
import { P0, filesIn, filesInto, idsIn, memory, order, span, textOf } from './file-runs.ts'

const COMMITS = 'topics/_commits/orders/0'
const commitIn = async (store: MemoryStore, number: number): Promise<Record<string, unknown>> =>
  JSON.parse(await textOf(store, `${COMMITS}/${String(number).padStart(20, '0')}.json`)) as Record<string, unknown>
const at = (record: SinkRecord, timestamp: number): SinkRecord => ({ ...record, timestamp })

describe('files and their names', () => {
  test('are Confluent’s: topic, folder, then topic, partition and first offset', async () => {
    const store = memory()
    const run = filesInto(store, { 'flush.size': '3' })
    await run.start([P0])
    await run.put(span(0, 6))
    expect(await run.flush()).toEqual([{ ...P0, offset: 6 }])
    expect(await filesIn(store)).toEqual([
      'topics/orders/partition=0/orders+0+0000000000.json',
      'topics/orders/partition=0/orders+0+0000000003.json',
    ])
    expect(await textOf(store, 'topics/orders/partition=0/orders+0+0000000003.json')).toBe(
      '{"id":3,"shop":null}\n{"id":4,"shop":null}\n{"id":5,"shop":null}\n',
    )
    await run.stop()
  })

  test('a commit names the files of all folders, and the offset behind them', async () => {
    const store = memory()
    const run = filesInto(store, { 'flush.size': '4', 'partitioner.class': 'field', 'partition.field.name': 'shop' })
    await run.start([P0])
    await run.put([0, 1, 2, 3].map((offset) => order(offset, { id: offset, shop: offset === 2 ? 'b' : 'a' })))
    expect(await commitIn(store, 0)).toMatchObject({
      connector: 'test',
      from: 0,
      to: 4,
      rows: 4,
      files: [
        { path: 'topics/orders/shop=a/orders+0+0000000000.json' },
        { path: 'topics/orders/shop=b/orders+0+0000000002.json' },
      ],
    })
    await run.stop()
  })

  test('keys and headers are in files of their own, one entry per record, bad ones left out of all', async () => {
    const store = memory()
    const run = filesInto(store, {
      'flush.size': '2',
      'store.kafka.keys': 'true',
      'keys.format.class': 'json',
      'store.kafka.headers': 'true',
      'headers.format.class': 'json',
    })
    await run.start([P0])
    const headers = [{ key: 'h', schema: null, value: 7 }]
    await run.put([
      { ...order(0), key: 'k0', headers },
      order(1),
      { ...order(2, { id: 'seven' }), key: 'k2' },
      { ...order(3), key: 'k3' },
    ])
    expect(run.context.reported.map(({ record }) => record.offset)).toEqual([1, 2])
    const name = 'topics/orders/partition=0/orders+0+0000000000'
    expect(await textOf(store, `${name}.keys.json`)).toBe('"k0"\n"k3"\n')
    expect(await textOf(store, `${name}.headers.json`)).toBe('[{"key":"h","value":"7"}]\n[]\n')
    expect(await textOf(store, `${name}.json`)).toBe('{"id":0,"shop":null}\n{"id":3,"shop":null}\n')
    await run.stop()
  })
})

test('a record that comes late is dropped and counted where that is asked for, and does not hold up the others', async () => {
  const store = memory()
  const late = { 'timestamp.extractor': 'Record', 'late.after.ms': '0', 'late.records': 'drop' }
  const run = filesInto(store, { 'partitioner.class': 'daily', ...late })
  await run.start([P0])
  await run.put([at(order(0), 1000), at(order(1), 999), at(order(2), 1000)])
  expect(await run.flush(true)).toEqual([{ ...P0, offset: 3 }])
  await run.stop()
  expect(await idsIn(store)).toEqual([0, 2])
  expect(run.context.dropped).toMatchObject([{ record: { offset: 1 }, reason: 'late-record' }])
})

test('more than a thousand open files of a partition are worth a warning, once', async () => {
  const run = filesInto(memory(), { 'partitioner.class': 'field', 'partition.field.name': 'id', 'flush.size': '5000' })
  await run.start([P0])
  await run.put(span(0, 999))
  expect(run.context.logger.lines).toEqual([])
  await run.put(span(1000, 1001))
  await run.put(span(1002, 1003))
  expect(run.context.logger.lines).toMatchObject([
    { level: 'warn', message: expect.stringContaining('partitioner.max.open.files'), fields: { openFiles: 1002 } },
  ])
  await run.stop()
})

describe('files end', () => {
  test('by the records’ own time, wherever that is in them', async () => {
    const store = memory()
    const run = filesInto(store, { 'rotate.interval.ms': '1000', 'timestamp.extractor': 'Record' })
    await run.start([P0])
    await run.put([at(order(0), 0), at(order(1), 999), at(order(2), 1000), at(order(3), 1999), at(order(4), 2500)])
    await run.flush()
    expect((await filesIn(store)).map((path) => path.slice(-15))).toEqual(['0000000000.json', '0000000002.json'])
    await run.stop()
  })

  test('by the clock’s schedule, and by age, also when no more records come', async () => {
    for (const settings of [{ 'rotate.schedule.interval.ms': '60000' }, { 'rotate.age.ms': '60000' }]) {
      const [store, clock] = [memory(), new FakeClock()]
      const run = filesInto(store, settings, new FakeSinkContext(clock))
      await run.start([P0])
      await run.put(span(0, 2))
      expect(await filesIn(store)).toEqual([])
      clock.advance(60_000)
      await run.put([])
      expect(await idsIn(store)).toEqual([0, 1, 2])
      expect(await run.flush()).toEqual([{ ...P0, offset: 3 }])
      await run.stop()
    }
  })

  test('by bytes, and by the number of folders', async () => {
    const bytes = memory()
    const run = filesInto(bytes, { 'flush.bytes': '60' })
    await run.start([P0])
    await run.put(span(0, 5))
    expect(await filesIn(bytes)).toHaveLength(2)
    await run.stop()
    const folders = memory()
    const wide = filesInto(folders, {
      'partitioner.class': 'field',
      'partition.field.name': 'id',
      'partitioner.max.open.files': '2',
    })
    await wide.start([P0])
    await wide.put(span(0, 4))
    expect(await commitIn(folders, 1)).toMatchObject({ from: 2, to: 4 })
    await wide.stop()
  })

  test('early, where the lake tasks of the process hold too much together', async () => {
    const store = memory()
    const run = filesInto(store, { 'memory.bytes': '50' })
    await run.start([P0])
    await run.put(span(0, 4))
    expect(await filesIn(store)).toEqual([])
    await run.put([])
    expect(await idsIn(store)).toEqual([0, 1, 2, 3, 4])
    await run.stop()
  })

  test('with another schema; with EVOLVE once, and then records of both are together', async () => {
    const wider = struct({
      id: primitive('int64'),
      shop: primitive('string', { optional: true }),
      note: primitive('string'),
    })
    const mixed = Array.from({ length: 10 }, (_, i) =>
      i % 2 === 0 ? order(i) : order(i, { id: i, shop: null, note: 'n' }, wider),
    )
    const counts: Record<string, number> = {}
    for (const mode of ['NONE', 'EVOLVE']) {
      const store = memory()
      const run = filesInto(store, { 'schema.compatibility': mode })
      await run.start([P0])
      await run.put(mixed)
      await run.flush(true)
      counts[mode] = (await filesIn(store)).length
      expect(await idsIn(store)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
      await run.stop()
    }
    expect(counts).toEqual({ NONE: 10, EVOLVE: 2 })
  })
})

describe('each record once', () => {
  test('killed when files are stored and no commit names them: they are written again under their names', async () => {
    const store = memory()
    const killed = filesInto(
      new FaultyStore(store, [{ effect: 'refuse', on: 'putIfAbsent', path: /0{19}1\.json$/, times: 1000 }]),
      { 'flush.size': '3' },
    )
    await killed.start([P0])
    await killed.put(span(0, 7))
    expect(await killed.flush()).toEqual([{ ...P0, offset: 3 }])
    expect(await filesIn(store)).toHaveLength(2)
    await killed.stop()
    // Files end elsewhere this time.
    const next = filesInto(store, { 'flush.size': '5' })
    expect(await next.start([P0])).toEqual([{ ...P0, offset: 3 }])
    await next.put(span(3, 12))
    await next.flush(true)
    await next.stop()
    expect(await idsIn(store)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
  })

  test('the commit is there and its answer was lost: it is known as the task’s own', async () => {
    const store = memory()
    const run = filesInto(
      new FaultyStore(store, [{ effect: 'lose-answer', on: 'putIfAbsent', path: /_commits/, times: 1 }]),
      { 'flush.size': '3' },
    )
    await run.start([P0])
    await run.put(span(0, 2))
    await run.put(span(3, 5))
    expect(await run.flush()).toEqual([{ ...P0, offset: 6 }])
    await run.stop()
    expect(await idsIn(store)).toEqual([0, 1, 2, 3, 4, 5])
  })

  test('a zombie is fenced', async () => {
    const store = memory()
    const [zombie, owner] = [filesInto(store), filesInto(store)]
    await zombie.start([P0])
    await zombie.put(span(0, 4))
    await owner.start([P0])
    await owner.put(span(0, 6))
    await owner.flush(true)
    await expect(zombie.flush(true)).rejects.toMatchObject({ code: 'TABLE_FENCED' })
    await Promise.all([owner.stop(), zombie.stop()])
  })

  test('the last of many commits is found', async () => {
    const store = memory()
    const run = filesInto(store, { 'flush.size': '1' })
    await run.start([P0])
    await run.put(span(0, 36))
    await run.stop()
    expect(await filesInto(store).start([P0])).toEqual([{ ...P0, offset: 37 }])
  })

  test('records that come again are skipped; positions wait for what is in memory', async () => {
    const store = memory()
    const run = filesInto(store, { 'flush.size': '4' })
    await run.start([P0])
    await run.put(span(0, 2))
    expect(await run.flush()).toEqual([])
    await run.put(span(0, 5))
    expect(await run.flush()).toEqual([{ ...P0, offset: 4 }])
    await run.flush(true)
    await run.stop()
    expect(await idsIn(store)).toEqual([0, 1, 2, 3, 4, 5])
  })

  test('a topic that was created again under its name is refused', async () => {
    const store = memory()
    const [one, two] = ['Ht3PBRVVQ_qyOvhcsWZzcA', 'q5hbnmoHSPq3Kv2Nc1ZHxg']
    const run = filesInto(store, { 'flush.size': '2' })
    await run.start([{ ...P0, topicId: one }])
    await run.put(span(0, 1))
    await run.stop()
    await expect(filesInto(store).start([{ ...P0, topicId: two }])).rejects.toMatchObject({ code: 'TOPIC_RECREATED' })
    const late = filesInto(store, { 'flush.size': '2' })
    await late.start([P0])
    await late.put(span(2, 5))
    await expect(late.task.flush([{ ...P0, offset: 6, topicId: two }], false)).rejects.toMatchObject({
      code: 'TOPIC_RECREATED',
    })
    expect(await idsIn(store)).toEqual([0, 1])
    await late.stop()
  })
})

describe('records without a value', () => {
  test.each([
    [{ 'behavior.on.null.values': 'ignore' }, { dropped: 1, reported: 0 }],
    [
      { 'behavior.on.null.values': 'ignore', 'report.null.values.to.dlq': 'true' },
      { dropped: 0, reported: 1 },
    ],
  ])('%j', async (settings, expected) => {
    const run = filesInto(memory(), settings)
    await run.start([P0])
    await run.put([order(0, null, null)])
    const { dropped, reported } = run.context
    expect({ dropped: dropped.length, reported: reported.length }).toEqual(expected)
    expect(await run.flush()).toEqual([{ ...P0, offset: 1 }])
    await run.stop()
  })

  test('fail the task otherwise', async () => {
    const run = filesInto(memory())
    await run.start([P0])
    await expect(run.put([order(0, null, null)])).rejects.toThrow('The value is null')
    await run.stop()
  })
})

describe('on S3, with a server that fails', () => {
  test.each<[S3Effect, RegExp]>([
    ['lose-answer', /_commits/],
    ['error-after', /_commits/],
    ['internal-error', /_commits/],
    ['conflict', /_commits/],
    ['unavailable', /orders\+/],
    ['cut-upload', /orders\+/],
    ['lose-answer', /orders\+/],
  ])('%s at %s: every record once, and the position moves on', async (effect, key) => {
    await using server = await S3TestServer.start()
    const store = server.open('lake', { 's3.retry.backoff.ms': '1', 's3.attempts.max': '2' })
    const run = filesInto(store, { 'flush.size': '5' })
    await run.start([P0])
    server.faults.add({ effect, on: 'PutObject', key, times: 3 })
    for (let from = 0; from < 20; from += 4) await putUntilTaken(run, span(from, from + 3))
    await putUntilTaken(run, [])
    expect(await run.flush(true)).toEqual([{ ...P0, offset: 20 }])
    await run.stop()
    expect(await idsIn(server.open('lake'))).toEqual(Array.from({ length: 20 }, (_, id) => id))
    expect(await filesInto(server.open('lake')).start([P0])).toEqual([{ ...P0, offset: 20 }])
  })
})

/** As the worker does: what is refused for now is put again. */
async function putUntilTaken(run: SinkRun, records: readonly SinkRecord[]): Promise<void> {
  for (let attempt = 0; attempt < 10; attempt++) {
    try {
      await run.put(records)
      return
    } catch (error) {
      expect(error).toMatchObject({ retriable: true })
    }
  }
  throw new Error('still refused')
}
