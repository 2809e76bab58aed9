import { describe, expect, test } from '@jest/globals'
import { EMPTY_TALLY } from '@sluice/kafka'
import { FakeClock } from '@sluice/sdk/testing'
import { AsyncCalls, PendingRecord } from '../../src/record-path/async-calls.ts'
import { OutputBatch } from '../../src/record-path/output-batch.ts'
import { PartitionTally } from '../../src/record-path/partition-tally.ts'
import { RecordContext } from '../../src/record-path/record-context.ts'
import { Serdes, StreamsBuilder, type AsyncMapping, type AsyncValueMapper } from '../../src/index.ts'
import { TopologyTestDriver, type TopologyTestDriverOptions } from '../../src/testing/index.ts'

type Mapper = AsyncValueMapper<string | null, string | null, string>
const texts = { key: Serdes.string, value: Serdes.string }

/** Calls that end when the test says so. */
class Calls {
  readonly begun: string[] = []
  readonly #ends = new Map<string, { resolve(value: string): void; reject(error: unknown): void }>()

  readonly mapper: Mapper = (value) => {
    this.begun.push(value!)
    return new Promise((resolve, reject) => this.#ends.set(value!, { resolve, reject }))
  }

  async end(value: string): Promise<void> {
    this.#ends.get(value)!.resolve(`${value}!`)
    await turn()
  }

  async fail(value: string): Promise<void> {
    this.#ends.get(value)!.reject(new Error(`${value} is out`))
    await turn()
  }
}
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

class Run {
  readonly driver: TopologyTestDriver
  readonly #input
  readonly #output
  readonly #quarantine

  constructor(mapper: Mapper, mapping: AsyncMapping = {}, options: TopologyTestDriverOptions = {}) {
    const builder = new StreamsBuilder()
    const stream = builder.stream('in', { ...texts, quarantine: 'in.quarantine' })
    stream.filter((_key, value) => value === 'both').to('besides')
    stream.mapValuesAsync(mapper, mapping).to('out', texts)
    this.driver = new TopologyTestDriver(builder.build(), options)
    this.#input = this.driver.createInputTopic('in', Serdes.string, Serdes.string)
    this.#output = this.driver.createOutputTopic('out', Serdes.string, Serdes.string)
    this.#quarantine = this.driver.createOutputTopic('in.quarantine', Serdes.string, Serdes.string)
  }

  pipe(...records: readonly (readonly [key: string | null, value: string])[]): this {
    for (const [i, [key, value]] of records.entries()) this.#input.pipeInput(key, value, { timestamp: 100 + i })
    return this
  }

  out = () => this.#output.readKeyValuesToList().map(([key, value]) => `${key}:${value}`)
  quarantined = () => this.#quarantine.readKeyValuesToList()
}

test('what a call comes to goes on, with the time and headers of its record; until then the record counts for nothing', async () => {
  const run = new Run(async (value, key) => `${key}/${value}`)
  run.pipe(['a', '1'])
  expect([run.out(), run.driver.tally().in]).toEqual([[], 0])
  await run.driver.completed()
  const [record] = run.driver.createOutputTopic('out', Serdes.string, Serdes.string).readRecordsToList()
  expect(record).toMatchObject({ key: 'a', value: 'a/1', timestamp: 100 })
  expect(run.driver.tally()).toMatchObject({ in: 1, passed: 1 })
})

describe('the order', () => {
  test('of one key is that of its records: the next is called for when the one before is over', async () => {
    const calls = new Calls()
    const run = new Run(calls.mapper).pipe(['a', '1'], ['a', '2'], ['b', '3'])
    expect(calls.begun).toEqual(['1', '3'])
    await calls.end('3')
    await calls.end('1')
    expect(calls.begun).toEqual(['1', '3', '2'])
    await calls.end('2')
    await run.driver.completed()
    expect(run.out()).toEqual(['b:3!', 'a:1!', 'a:2!'])
  })

  test('with keepsOrder is that of all records', async () => {
    const calls = new Calls()
    const run = new Run(calls.mapper, { keepsOrder: true }).pipe(['a', '1'], ['b', '2'], ['c', '3'])
    await calls.end('3')
    await calls.end('2')
    await calls.end('1')
    await run.driver.completed()
    expect(run.out()).toEqual(['a:1!', 'b:2!', 'c:3!'])
  })

  test('records without a key are in none', async () => {
    const calls = new Calls()
    new Run(calls.mapper).pipe([null, '1'], [null, '2'])
    expect(calls.begun).toEqual(['1', '2'])
  })
})

test('no more than so many calls are under way', async () => {
  const calls = new Calls()
  const run = new Run(calls.mapper, { concurrency: 2 })
  run.pipe(...Array.from({ length: 30 }, (_, i) => [`k${i}`, String(i)] as const))
  expect(calls.begun).toEqual(['0', '1'])
  await calls.end('0')
  expect(calls.begun).toEqual(['0', '1', '2'])
  const done = run.driver.completed()
  for (let i = 1; i < 30; i++) {
    while (!calls.begun.includes(String(i))) await turn()
    await calls.end(String(i))
    expect(calls.begun.length).toBeLessThanOrEqual(i + 3)
  }
  await done
  expect(run.out()).toHaveLength(30)
  expect(run.driver.tally()).toMatchObject({ in: 30, passed: 30 })
})

describe('no more records are begun', () => {
  const at = new RecordContext({ output: new OutputBatch(), clock: new FakeClock() })
  const record = { topic: 'in', partition: 0, tally: new PartitionTally(EMPTY_TALLY) }
  const askAll = (calls: AsyncCalls, keys: readonly (string | null)[]): AsyncCalls => {
    for (const key of keys) calls.begin(lane, key, 'v', new PendingRecord(at, record), at)
    return calls
  }
  const lane = {
    node: 'ask',
    concurrency: 10,
    timeoutMs: 1,
    keepsOrder: false,
    call: () => new Promise(() => {}),
    next: () => {},
  }

  test('when four wait for each call', () => {
    const calls = askAll(new AsyncCalls(new FakeClock()), Array<null>(49).fill(null))
    expect(calls.isFull).toBe(false)
    expect(askAll(calls, [null]).isFull).toBe(true)
  })

  test('when more than sixteen of one key wait: a commit waits for all of them', () => {
    const calls = askAll(new AsyncCalls(new FakeClock()), [...Array<string>(17).fill('a'), 'b', 'b'])
    expect(calls.isFull).toBe(false)
    expect(askAll(calls, ['a']).isFull).toBe(true)
  })

  test('until fewer wait again', async () => {
    const clock = new FakeClock()
    const calls = askAll(new AsyncCalls(clock), Array<string>(18).fill('a'))
    expect(calls.isFull).toBe(true)
    // Too long, and told to give up.
    for (let i = 0; i < 2; i++) {
      clock.advance(1)
      await turn()
    }
    expect(calls.isFull).toBe(false)
  })
})

describe('a call that fails', () => {
  test('sends its record to quarantine with its bytes; the others go on', async () => {
    const calls = new Calls()
    const run = new Run(calls.mapper).pipe(['a', '1'], ['a', '2'])
    await calls.fail('1')
    await calls.end('2')
    await run.driver.completed()
    expect(run.out()).toEqual(['a:2!'])
    expect(run.quarantined()).toEqual([['a', '1']])
    expect(run.driver.tally()).toMatchObject({ in: 2, passed: 1, quarantined: { process: 1 } })
  })

  test('is dealt with as its node says', async () => {
    const calls = new Calls()
    const builder = new StreamsBuilder()
    builder.stream('in', texts).mapValuesAsync(calls.mapper, { name: 'ask' }).onError('drop').to('out', texts)
    const driver = new TopologyTestDriver(builder.build())
    driver.createInputTopic('in', Serdes.string, Serdes.string).pipeInput('a', '1')
    await calls.fail('1')
    await driver.completed()
    expect(driver.tally()).toMatchObject({ in: 1, dropped: { process: 1 } })
  })

  test('by which its record is dropped: other calls for it go on no more', async () => {
    const calls = new Calls()
    const others = new Calls()
    const builder = new StreamsBuilder()
    const stream = builder.stream('in', texts)
    stream.mapValuesAsync(calls.mapper, { name: 'ask' }).onError('drop').to('out', texts)
    stream.mapValuesAsync(others.mapper, { name: 'other' }).to('others', texts)
    const driver = new TopologyTestDriver(builder.build())
    driver.createInputTopic('in', Serdes.string, Serdes.string).pipeInput('a', '1')
    await calls.fail('1')
    driver.advanceWallClockTime(1)
    const completed = driver.completed()
    await others.end('1')
    await completed
    expect(driver.createOutputTopic('others').isEmpty).toBe(true)
    expect(driver.tally()).toMatchObject({ in: 1, passed: 0, dropped: { process: 1 } })
  })

  test('leaves what its record has put out by another way', async () => {
    const calls = new Calls()
    const run = new Run(calls.mapper).pipe(['a', 'both'])
    await calls.fail('both')
    await run.driver.completed()
    expect(run.driver.createOutputTopic('besides', Serdes.string, Serdes.string).readKeyValuesToList()).toEqual([
      ['a', 'both'],
    ])
    expect(run.driver.tally()).toMatchObject({ in: 1, passed: 0, quarantined: { process: 1 } })
  })

  test('stops the task where exceptions do, naming the record', async () => {
    const calls = new Calls()
    const run = new Run(calls.mapper, { name: 'ask' }, { settings: { 'processing.exception.handler': 'fail' } }).pipe([
      'a',
      '1',
    ])
    await calls.fail('1')
    await expect(run.driver.completed()).rejects.toMatchObject({
      code: 'TASK_FAILED',
      place: { topic: 'in', offset: 0, node: 'ask' },
    })
  })

  test('by taking too long is told so, and told to give up', async () => {
    let given: AbortSignal | null = null
    const run = new Run((_value, _key, signal) => new Promise(() => (given = signal)), { timeoutMs: 5_000 }).pipe([
      'a',
      '1',
    ])
    run.driver.advanceWallClockTime(4_999)
    await turn()
    expect(given!).toMatchObject({ aborted: false })
    run.driver.advanceWallClockTime(1)
    await run.driver.completed()
    expect(given!).toMatchObject({ aborted: true })
    expect(run.quarantined()).toEqual([['a', '1']])
  })
})

describe('a call that takes too long, and goes on though it is told to give up', () => {
  const LONG_MS = 800
  async function late(): Promise<{ run: Run; calls: Calls }> {
    const calls = new Calls()
    const run = new Run(calls.mapper, { timeoutMs: LONG_MS }).pipe(['a', '1'], ['a', '2'])
    run.driver.advanceWallClockTime(LONG_MS)
    await turn()
    run.driver.advanceWallClockTime(0)
    expect(calls.begun).toEqual(['1'])
    return { run, calls }
  }

  test('keeps the next of its key waiting until it has ended, though its record has gone on', async () => {
    const { run, calls } = await late()
    await calls.end('1')
    expect(calls.begun).toEqual(['1', '2'])
    await calls.end('2')
    await run.driver.completed()
    expect(run.out()).toEqual(['a:2!'])
    expect(run.quarantined()).toEqual([['a', '1']])
  })

  test('does so for a second at the most, and no longer than its time-out', async () => {
    const { run, calls } = await late()
    run.driver.advanceWallClockTime(LONG_MS - 1)
    await turn()
    expect(calls.begun).toEqual(['1'])
    run.driver.advanceWallClockTime(1)
    await turn()
    expect(calls.begun).toEqual(['1', '2'])
  })
})

test('exactly once, a queue of one key may take longer than a transaction: only its own time-out ends a call', async () => {
  const settings = { 'processing.guarantee': 'exactly_once_v2', 'transaction.timeout.ms': '1350' }
  const calls = new Calls()
  const values = Array.from({ length: 17 }, (_, i) => String(i))
  const run = new Run(calls.mapper, { timeoutMs: 1_000 }, { settings })
  run.pipe(...values.map((value) => ['a', value] as const))
  const done = run.driver.completed()
  for (const value of values) {
    while (!calls.begun.includes(value)) await turn()
    run.driver.advanceWallClockTime(999)
    await calls.end(value)
  }
  await done
  expect(run.out()).toEqual(values.map((value) => `a:${value}!`))
  expect(run.quarantined()).toEqual([])
})

test('two calls one behind the other, with state between them', async () => {
  const builder = new StreamsBuilder()
  builder
    .stream('in', texts)
    .mapValuesAsync(async (value) => `${value}x`)
    .groupByKey(texts)
    .reduce((all, one) => `${all}${one}`, { materialized: { name: 'all' } })
    .toStream()
    .mapValuesAsync(async (value) => `<${value}>`)
    .to('out', texts)
  const driver = new TopologyTestDriver(builder.build())
  const input = driver.createInputTopic('in', Serdes.string, Serdes.string)
  for (const value of ['1', '2', '3']) input.pipeInput('a', value)
  await driver.completed()
  expect(driver.createOutputTopic('out', Serdes.string, Serdes.string).readKeyValuesToList()).toEqual([
    ['a', '<1x>'],
    ['a', '<1x2x>'],
    ['a', '<1x2x3x>'],
  ])
  expect(driver.tally()).toMatchObject({ in: 3, passed: 3 })
})

test('a task that is closed tells those it has called', () => {
  let given: AbortSignal | null = null
  const run = new Run((_value, _key, signal) => new Promise(() => (given = signal))).pipe(['a', '1'])
  run.driver.close()
  expect(given!).toMatchObject({ aborted: true })
})

test('no calls at a time are refused', () => {
  expect(() => new StreamsBuilder().stream('in', texts).mapValuesAsync(async () => '', { concurrency: 0 })).toThrow(
    /0 calls at a time are none/,
  )
})
