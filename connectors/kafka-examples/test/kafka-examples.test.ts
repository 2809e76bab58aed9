import { describe, expect, test } from '@jest/globals'
import fs from 'node:fs'
import {
  fileStreamSink,
  fileStreamSource,
  mockSink,
  mockSource,
  verifiableSink,
  verifiableSource,
} from '@sluice/connector-kafka-examples'
import { primitive, type SourceConnector } from '@sluice/sdk'
import { FakeClock, FakeSourceContext, sinkRecord, SinkRun, SourceRun } from '@sluice/sdk/testing'
import { printedBy } from './printed.ts'
import { temporaryFile, temporaryPath } from './temporary-files.ts'

const at = { topic: 't', partition: 0, offset: 0 }

describe('FileStreamSource', () => {
  test('writes what Java’s does: a string, no key, the time of reading, the place behind the line', async () => {
    const file = temporaryFile('one\nzwö\r\n')
    const run = new SourceRun(
      fileStreamSource,
      { file, topic: 't' },
      new FakeSourceContext(new FakeClock({ now: 1_000 })),
    )
    await run.start()
    const records = await run.drain()
    await run.stop()
    expect(records.map(({ key, value, timestamp }) => ({ key, value, timestamp }))).toEqual([
      { key: null, value: 'one', timestamp: 1_000 },
      { key: null, value: 'zwö', timestamp: 1_000 },
    ])
    expect(records[0]).toMatchObject({ keySchema: null, valueSchema: { type: 'string', optional: false } })
    expect(run.events.map(({ partition, position }) => ({ partition, position }))).toEqual([
      { partition: { filename: file }, position: { position: 4 } },
      { partition: { filename: file }, position: { position: 10 } },
    ])
  })

  test('waits for a file that is not there, and follows one that grows', async () => {
    const file = temporaryPath()
    const run = new SourceRun(fileStreamSource, { file, topic: 't' })
    await run.start()
    expect(await run.poll()).toEqual([])
    fs.writeFileSync(file, 'a\nb')
    expect((await run.drain()).map(({ value }) => value)).toEqual(['a'])
    fs.appendFileSync(file, 'c\nd\n')
    await run.drain()
    await run.stop()
    expect(run.records.map(({ value }) => value)).toEqual(['a', 'bc', 'd'])
  })

  test('gives no more than batch.size records at once', async () => {
    const file = temporaryFile('1\n2\n3\n4\n5\n')
    const run = new SourceRun(fileStreamSource, { file, topic: 't', 'batch.size': '2' })
    await run.start()
    const sizes = [await run.poll(), await run.poll(), await run.poll(), await run.poll()].map(({ length }) => length)
    await run.stop()
    expect(sizes).toEqual([2, 2, 1, 0])
  })

  test('reads each record once only from a file', () => {
    const supports = (file: string | null): string | undefined =>
      fileStreamSource.exactlyOnceSupport?.({ file, topic: 't', 'batch.size': 1 })
    expect([supports('f'), supports(''), supports(null)]).toEqual(['supported', 'unsupported', 'unsupported'])
  })

  test.each([
    [
      { filename: 'f' },
      { position: '4' },
      "The value for the 'position' key in the offset is expected to be a Long value",
    ],
    [
      { filename: 'f' },
      { position: -1 },
      "The value for the 'position' key in the offset should be a non-negative value",
    ],
    [{ filename: 'f' }, { other: 1 }, "Offset objects should either be null or contain the key 'position'"],
    [{ nope: 'f' }, { position: 4 }, "Partition objects should contain the key 'filename'"],
  ])('refuses the offset %j %j', (partition, position, message) => {
    expect(() => alter(fileStreamSource, 'f', partition, position)).toThrow(message)
  })

  test('takes offsets of any file, forgets anything, and has none of standard input', () => {
    expect(alter(fileStreamSource, 'f', { filename: 'other' }, { position: 4 })).toBe(true)
    expect(alter(fileStreamSource, 'f', { nope: 'f' }, null)).toBe(true)
    expect(() => alter(fileStreamSource, '', { filename: 'f' }, null)).toThrow(/stdin is used for input/)
  })
})

describe('FileStreamSink', () => {
  test('writes values as Java prints them', async () => {
    const file = temporaryPath()
    const run = new SinkRun(fileStreamSink, { file })
    await run.start([at])
    const values = [{ a: 1, b: [true, null] }, null, 1.5, 'text']
    await run.put(values.map((value, offset) => sinkRecord({ ...at, offset }, value, null)))
    await run.put([sinkRecord({ ...at, offset: 4 }, 100, primitive('float64'))])
    await run.flush(true)
    await run.stop()
    expect(fs.readFileSync(file, 'utf8')).toBe('{a=1, b=[true, null]}\nnull\n1.5\ntext\n100.0\n')
  })
})

describe('VerifiableSource and VerifiableSink', () => {
  test('each task counts for itself, tells of each number when it is made, and again when it is durable', async () => {
    const settings = { topic: 't', throughput: '-1' }
    const facts = await printedBy(async () => {
      const context = new FakeSourceContext(new FakeClock({ now: 5 }))
      context.store({ id: 0 }, { seqno: 6 })
      const run = new SourceRun(verifiableSource, settings, context)
      await run.start()
      const records = await run.poll()
      expect(records[0]).toMatchObject({
        key: 0,
        value: 7,
        keySchema: { type: 'int32' },
        valueSchema: { type: 'int64' },
      })
      await run.task.settled?.(new Map([[records[0]!.sourcePartition, { seqno: 8 }]]))
      await run.stop()
    })
    const of = { name: expect.any(String), task: 0, topic: 't', time_ms: 5 }
    expect(facts[0]).toEqual({ ...of, seqno: 7 })
    expect(facts.filter((fact) => 'committed' in fact)).toEqual([
      { ...of, seqno: 7, committed: true },
      { ...of, seqno: 8, committed: true },
    ])
    expect(verifiableSource.taskSettings?.({} as never, settings, 2)).toEqual([
      { ...settings, id: '0' },
      { ...settings, id: '1' },
    ])
  })

  test('keeps to the throughput', async () => {
    const clock = new FakeClock()
    await printedBy(async () => {
      const run = new SourceRun(verifiableSource, { topic: 't', throughput: '10' }, new FakeSourceContext(clock))
      await run.start()
      const first = run.poll()
      clock.advance(100)
      expect(await first).toHaveLength(1)
      clock.advance(2_000)
      expect(await run.poll()).toHaveLength(20)
      await run.stop()
    })
  })

  test('the sink says which task of the source has made a record, and when it is flushed', async () => {
    const facts = await printedBy(async () => {
      const run = new SinkRun(verifiableSink, {})
      await run.start([at])
      await run.put([{ ...sinkRecord(at, 7, primitive('int64')), key: 3 }])
      await run.flush()
      // What was told of once is not told of again.
      await run.flush(true)
      await run.stop()
    })
    const fact = { task: 3, sinkTask: 0, topic: 't', seqno: 7, offset: 0 }
    expect(facts).toEqual([expect.objectContaining(fact), expect.objectContaining({ ...fact, flushed: true })])
    expect(facts[0]).not.toHaveProperty('flushed')
  })
})

describe('MockSource and MockSink', () => {
  test('fail as a task when the time has come, and not before', async () => {
    const clock = new FakeClock()
    const settings = { mock_mode: 'task-failure', delay_ms: '100' }
    const run = new SourceRun(mockSource, settings, new FakeSourceContext(clock))
    await run.start()
    clock.advance(100)
    expect(await run.poll()).toEqual([])
    clock.advance(1)
    await expect(run.poll()).rejects.toThrow(/mock task fails/)
    await run.stop()
  })

  test('fail as a connector, unless it was stopped before', async () => {
    const outcomes = [false, true].map(async (isStopped) => {
      const clock = new FakeClock()
      const raised: unknown[] = []
      const context = { clock, raiseError: (error: unknown) => void raised.push(error) }
      const settings = mockSink.settings.parse({ mock_mode: 'connector-failure', delay_ms: '100' })
      const running = await mockSink.start?.(settings, context as never, new AbortController().signal)
      if (isStopped) await running?.stop()
      clock.advance(101)
      await new Promise((resolve) => setImmediate(resolve))
      if (!isStopped) await running?.stop()
      return raised.length
    })
    expect(await Promise.all(outcomes)).toEqual([1, 0])
  })

  test('drop everything otherwise', async () => {
    const run = new SinkRun(mockSink, {})
    await run.start([at])
    await run.put([sinkRecord(at, 'x', null)])
    expect(await run.flush(true)).toEqual([{ ...at, offset: 1 }])
    await run.stop()
  })
})

function alter(
  connector: SourceConnector<{ file: string | null; topic: string; 'batch.size': number }>,
  file: string,
  partition: Readonly<Record<string, string>>,
  position: Readonly<Record<string, string | number>> | null,
): boolean | Promise<boolean> | undefined {
  return connector.alterOffsets?.({ file, topic: 't', 'batch.size': 1 }, new Map([[partition, position]]), {})
}
