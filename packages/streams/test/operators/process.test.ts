import { describe, expect, test } from '@jest/globals'
import { process, processFixedKey, type ProcessorContext, type RecordProcessor } from '../../src/operators/process.ts'
import { FixedKeyRecord, StreamRecord } from '../../src/operators/stream-record.ts'
import { filter } from '../../src/operators/filter.ts'
import type { KeyValueStore } from '../../src/state/stores.ts'
import { OperatorRun, STORE } from '../support/run-operators.ts'

type Texts = ProcessorContext<unknown, unknown>
type Run = (record: StreamRecord<unknown, unknown>, context: Texts) => void

/** A processor of one function. */
function of(run: Run, init?: (context: Texts) => void): () => RecordProcessor<unknown, unknown, unknown, unknown> {
  return () => {
    let context: Texts
    return {
      init(given) {
        context = given
        init?.(given)
      },
      process: (record) => run(record, context),
    }
  }
}
const one = (supplier: Parameters<typeof process>[0]): OperatorRun =>
  new OperatorRun([{ name: 'p', from: ['in'], operator: process(supplier) }], [])

describe('process', () => {
  test('forwards any number of records, each with its own key, time and headers; those of the input stay as they were', () => {
    const times: number[] = []
    const run = one(
      of((record, context) => {
        context.forward(record.withKey('other').withTimestamp(99))
        context.forward(record.withValue('again'))
        times.push(record.timestamp)
      }),
    )
    expect(run.pipe({ key: 'x', value: 'a', timestamp: 5 })).toEqual([
      { key: 'other', value: 'a', timestamp: 99 },
      { key: 'x', value: 'again', timestamp: 5 },
    ])
    expect(times).toEqual([5])
  })

  test.each([-1, 1.5, Number.NaN])('cannot make a record of the time %d', (timestamp) => {
    expect(() => new StreamRecord('k', 'v', 5).withTimestamp(timestamp)).toThrow(/cannot have the time/)
    expect(() => new FixedKeyRecord('k', 'v', timestamp)).toThrow(/cannot have the time/)
  })

  test.each([
    ['a text as its value', { key: 'h', value: 'text' }],
    ['no key', { value: Buffer.from('x') }],
  ])('a header with %s is refused', (_, header) => {
    const record = new StreamRecord('k', 'v', 5)
    expect(() => record.withHeaders([header as never])).toThrow('A header has a text, and bytes or null')
  })

  test('forwards to one child by its name', () => {
    const operator = process(of((record, context) => context.forward(record, record.value === 'left' ? 'l' : 'r')))
    const tag = (name: string) => ({
      name,
      from: ['p'],
      operator: process(of((record, context) => context.forward(record.withKey(name)))),
    })
    const run = new OperatorRun(
      [
        { name: 'p', from: ['in'], operator },
        tag('l'),
        tag('r'),
        { name: 'both', from: ['l', 'r'], operator: filter(() => true, true) },
      ],
      [],
    )
    expect(run.pipe({ key: 'x', value: 'left', timestamp: 1 })).toEqual([{ key: 'l', value: 'left', timestamp: 1 }])
    expect(run.pipe({ key: 'x', value: 'right', timestamp: 1 })).toEqual([{ key: 'r', value: 'right', timestamp: 1 }])
  })

  test('has the stores it is connected to, and no others', () => {
    const operator = process(
      of((record, context) => {
        const store = context.getStateStore<KeyValueStore<string, string>>({ name: 's' })
        const before = store.get(record.key as string)
        store.put(record.key as string, record.value as string)
        context.forward(record.withValue(before))
      }),
    )
    const store = { ...STORE, name: 's', kind: 'keyValue' } as const
    const run = new OperatorRun([{ name: 'p', from: ['in'], operator, stores: ['s'] }], [store])
    run.pipe({ key: 'x', value: 'a', timestamp: 1 })
    expect(run.pipe({ key: 'x', value: 'b', timestamp: 2 })).toEqual([{ key: 'x', value: 'a', timestamp: 2 }])
    expect(() =>
      one(
        of(
          () => undefined,
          (context) => void context.getStateStore('t'),
        ),
      ),
    ).toThrow(expect.objectContaining({ code: 'TOPOLOGY_INVALID' }))
  })

  test('punctuates by stream time at each multiple of the interval that records pass, missed ones once', () => {
    const calls: number[] = []
    const run = one(
      of(
        () => undefined,
        (context) => void context.schedule(10, 'STREAM_TIME', (time) => calls.push(time)),
      ),
    )
    for (const timestamp of [3, 9, 10, 47, 49, 50]) run.pipe({ key: 'x', value: 'a', timestamp })
    // The first record is past 0; 47 is past 20, 30 and 40.
    expect(calls).toEqual([3, 10, 47, 50])
  })

  test('punctuates by the clock, forwards from there, and stops when it is cancelled', () => {
    const run = one(
      of(
        () => undefined,
        (context) => {
          const schedule = context.schedule(100, 'WALL_CLOCK_TIME', (time) => {
            expect(context.recordMetadata()).toBeNull()
            context.forward({ key: 'tick', value: time, timestamp: 7, headers: null } as never)
            if (time >= run.driver.clock.now() && time % 2 === 1) schedule.cancel()
          })
        },
      ),
    )
    run.driver.advanceWallClockTime(99)
    expect(run.take()).toEqual([])
    run.driver.advanceWallClockTime(1)
    expect(run.take()).toEqual([{ key: 'tick', value: run.driver.clock.now(), timestamp: 7 }])
    run.driver.advanceWallClockTime(301)
    expect(run.take()).toHaveLength(1)
    run.driver.advanceWallClockTime(1000)
    expect(run.take()).toEqual([])
  })

  test('knows where its record was read', () => {
    const seen: unknown[] = []
    const run = one(of((_record, context) => void seen.push(context.recordMetadata(), context.currentStreamTimeMs())))
    run.pipe({ key: 'x', value: 'a', timestamp: 5 })
    run.pipe({ key: 'x', value: 'a', timestamp: 4 })
    expect(seen).toEqual([{ topic: 'in', partition: 0, offset: 0 }, 5, { topic: 'in', partition: 0, offset: 1 }, 5])
  })

  test('one that returns a promise ends the run before its record', () => {
    const run = one(() => ({ process: () => Promise.resolve() as unknown as undefined }))
    expect(() => run.pipe({ key: 'x', value: 'a', timestamp: 1 })).toThrow(
      expect.objectContaining({
        code: 'TASK_FAILED',
        message: expect.stringContaining('The processor of p returned a promise'),
      }),
    )
    expect(run.driver.tally().in).toBe(0)
  })

  test('a supplier that gives the same object to two tasks is refused', () => {
    const same: RecordProcessor<unknown, unknown, unknown, unknown> = { process: () => undefined }
    const operator = process(() => same)
    const node = [{ name: 'p', from: ['in'], operator }]
    void new OperatorRun(node, [])
    expect(() => new OperatorRun(node, [])).toThrow(expect.objectContaining({ code: 'TOPOLOGY_INVALID' }))
  })
})

test('processValues forwards under the key it was given', () => {
  const operator = processFixedKey(() => {
    let forward: (value: unknown) => void
    return {
      init: (context) => {
        forward = (value) => context.forward(value as never)
      },
      process: (record) => forward(record.withValue(`${record.value as string}!`)),
    }
  })
  const run = new OperatorRun([{ name: 'p', from: ['in'], operator }], [])
  expect(run.pipe({ key: 'x', value: 'a', timestamp: 5 })).toEqual([{ key: 'x', value: 'a!', timestamp: 5 }])
})
