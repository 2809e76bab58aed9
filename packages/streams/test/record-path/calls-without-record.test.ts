/** Calls for what is not the record under way: what a punctuator puts out, and what a record lets go of others. */
import { describe, expect, test } from '@jest/globals'
import { readQuarantineHeaders } from '@sluice/quality'
import {
  BufferConfig,
  Serdes,
  Stores,
  StreamRecord,
  StreamsBuilder,
  Suppressed,
  Timers,
  TimeWindows,
  type ProcessorContext,
  type PunctuationType,
} from '../../src/index.ts'
import { TopologyTestDriver } from '../../src/testing/index.ts'

const texts = { key: Serdes.string, value: Serdes.string }

/** Reminds of each key at the time that is its value, and asks what to say. */
function reminding(
  type: PunctuationType,
  ask: (value: string | null) => Promise<string>,
  settings: Readonly<Record<string, string>> = {},
): TopologyTestDriver {
  const reminders = Stores.timers('reminders', { key: Serdes.string })
  const builder = new StreamsBuilder()
  builder
    .stream('in', { ...texts, quarantine: 'in.quarantine' })
    .process(
      () => {
        let timers: Timers<string>
        return {
          init(context: ProcessorContext<string, string>) {
            timers = new Timers(context, reminders, type, (key, dueAt) =>
              context.forward(new StreamRecord(key, 'due', dueAt)),
            )
          },
          process: ({ key, value }: StreamRecord<string | null, string | null>) => timers.set(key!, Number(value)),
        }
      },
      { name: 'remind', stores: [reminders] },
    )
    .mapValuesAsync(ask, { name: 'ask' })
    .to('out', texts)
  return new TopologyTestDriver(builder.build(), { settings })
}

describe('behind a punctuator', () => {
  test.each(['STREAM_TIME', 'WALL_CLOCK_TIME'] as const)('by %s, what a call comes to goes on', async (type) => {
    const driver = reminding(type, async (value) => `${value}!`)
    const input = driver.createInputTopic('in', Serdes.string, Serdes.string)
    const dueAt = type === 'STREAM_TIME' ? 100 : driver.clock.now() + 100
    input.pipeInput('a', String(dueAt), { timestamp: 1 })
    input.pipeInput('b', String(dueAt * 2), { timestamp: 150 })
    driver.advanceWallClockTime(1_000)
    await driver.completed()
    const output = driver.createOutputTopic('out', Serdes.string, Serdes.string)
    expect(output.readRecordsToList()).toMatchObject([{ key: 'a', value: 'due!', timestamp: dueAt }])
    // The records count for themselves alone.
    input.pipeInput('c', String(dueAt * 2), { timestamp: 151 })
    expect(driver.tally().in).toBe(3)
  })

  test('a call that fails is dealt with as what a punctuator throws: a dead letter without a record', async () => {
    const failing = (settings: Readonly<Record<string, string>> = {}): TopologyTestDriver => {
      const driver = reminding('WALL_CLOCK_TIME', () => Promise.reject(new Error('nobody answers')), settings)
      driver
        .createInputTopic('in', Serdes.string, Serdes.string)
        .pipeInput('a', String(driver.clock.now()), { timestamp: 1 })
      driver.advanceWallClockTime(1_000)
      return driver
    }
    const driver = failing()
    await driver.completed()
    const letters = driver.createOutputTopic('in.quarantine').readRecordsToList()
    expect(letters).toMatchObject([{ key: null, value: null }])
    expect(readQuarantineHeaders(letters[0]!.headers)?.reasons[0]?.place).toEqual({ task: '0_0', node: 'ask' })
    expect(driver.tally()).toMatchObject({ in: 1, passed: 1 })
    const ended = failing({ 'processing.exception.handler': 'fail' }).completed()
    await expect(ended).rejects.toMatchObject({ code: 'TASK_FAILED', place: { node: 'ask' } })
  })
})

test('a call for what a record let go ends the run when it fails: the window is not lost with the record', async () => {
  const builder = new StreamsBuilder()
  builder
    .stream('in', { ...texts, quarantine: 'in.quarantine' })
    .groupByKey()
    .windowedBy(TimeWindows.ofSizeAndGrace(10, 0))
    .count({ materialized: { name: 's' } })
    .suppress(Suppressed.untilWindowCloses(BufferConfig.unbounded(), { name: 'final' }))
    .toStream(({ key }) => key)
    .mapValuesAsync(() => Promise.reject<string>(new Error('nobody answers')), { name: 'ask' })
    .to('out', texts)
  const driver = new TopologyTestDriver(builder.build())
  const input = driver.createInputTopic('in', Serdes.string, Serdes.string)
  input.pipeInput('a', '1', { timestamp: 5 })
  input.pipeInput('b', '2', { timestamp: 30 })
  const failure: unknown = await driver.completed().catch((error: unknown) => error)
  expect(failure).toMatchObject({ code: 'TASK_FAILED', retriable: false, place: { node: 'ask' } })
  expect(driver.createOutputTopic('in.quarantine').readRecordsToList()).toEqual([])
})

describe('a call for what a record let go', () => {
  /** Windows of two topics, put out when time has passed them: what they hold is asked about. */
  function asking(ask: (value: string | null) => Promise<string>) {
    const places: string[] = []
    const builder = new StreamsBuilder()
    builder
      .stream('in', texts)
      .merge(builder.stream('other', texts))
      .groupByKey(texts)
      .windowedBy(TimeWindows.ofSizeAndGrace(10, 0))
      .count({ materialized: { name: 's' } })
      .suppress(Suppressed.untilWindowCloses(BufferConfig.unbounded(), { name: 'final' }))
      .toStream(({ key }) => key)
      .mapValues((count) => String(count))
      .mapValuesAsync(ask, { name: 'ask' })
      .process<string, string>(() => {
        let context: ProcessorContext<string, string>
        return {
          init: (given: ProcessorContext<string, string>) => void (context = given),
          process(record: StreamRecord<string | null, string>) {
            const { topic, offset } = context.recordMetadata()!
            places.push(`${record.key} ${topic} ${offset}`)
            context.forward(record as StreamRecord<string, string>)
          },
        }
      })
      .to('out', texts)
    const driver = new TopologyTestDriver(builder.build())
    const pipe = (topic: string, key: string, timestamp: number): void =>
      driver.createInputTopic(topic, Serdes.string, Serdes.string).pipeInput(key, '', { timestamp })
    return { driver, pipe, places }
  }

  test('is made for the record under way: that one counts when it is over, and no other', async () => {
    const { driver, pipe, places } = asking(async (value) => `${value}!`)
    pipe('in', 'a', 5)
    pipe('in', 'a', 6)
    pipe('other', 'b', 30)
    expect([driver.tally('in').in, driver.tally('other').in]).toEqual([2, 0])
    await driver.completed()
    expect([driver.tally('in').in, driver.tally('other').in]).toEqual([2, 1])
    expect(driver.createOutputTopic('out', Serdes.string, Serdes.string).readKeyValuesToList()).toEqual([['a', '2!']])
    expect(places).toEqual(['a in 1'])
  })

  test('that fails names the record under way, before which the run ends, and what was let go', async () => {
    const { driver, pipe } = asking(() => Promise.reject(new Error('nobody answers')))
    pipe('in', 'a', 5)
    pipe('in', 'a', 6)
    pipe('other', 'b', 30)
    await expect(driver.completed()).rejects.toMatchObject({
      code: 'TASK_FAILED',
      place: { topic: 'other', offset: 0, letGo: 'in-0@1', node: 'ask' },
    })
  })
})
