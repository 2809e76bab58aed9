import { describe, expect, test } from '@jest/globals'
import {
  Serdes,
  Stores,
  StreamRecord,
  StreamsBuilder,
  Timers,
  type ProcessorContext,
  type PunctuationType,
} from '../../src/index.ts'
import { TopologyTestDriver } from '../../src/testing/index.ts'

const texts = { key: Serdes.string, value: Serdes.string }

/** Commands are `+TIME` (absolute), `-`, or anything else, which only moves time. What fires goes out with the time it was due. */
function driverOf(
  type: PunctuationType,
  { continuing, again = null }: { continuing?: TopologyTestDriver; again?: number | null } = {},
): {
  readonly pipe: (key: string, command: string, timestamp: number) => void
  readonly fired: () => string[]
  readonly driver: TopologyTestDriver
} {
  const reminders = Stores.timers('reminders', { key: Serdes.string })
  const builder = new StreamsBuilder()
  builder
    .stream('in', texts)
    .process(
      () => {
        let timers: Timers<string>
        return {
          init(context: ProcessorContext<string, string>) {
            timers = new Timers(context, reminders, type, (key, dueAt) => {
              if (again !== null) timers.set(key, again)
              context.forward(new StreamRecord(key, String(dueAt), Math.max(dueAt, 0)))
            })
          },
          process({ key, value }: StreamRecord<string | null, string | null>) {
            if (value?.startsWith('+') === true) timers.set(key!, Number(value.slice(1)))
            if (value === '-') timers.cancel(key!)
          },
        }
      },
      { name: 'remind', stores: [reminders] },
    )
    .to('out', texts)
  const driver = new TopologyTestDriver(builder.build(), continuing === undefined ? {} : { continuing })
  const input = driver.createInputTopic('in', Serdes.string, Serdes.string)
  const output = driver.createOutputTopic('out', Serdes.string, Serdes.string)
  return {
    driver,
    pipe: (key, value, timestamp) => input.pipeInput(key, value, { timestamp }),
    fired: () => output.readKeyValuesToList().map(([key, dueAt]) => `${key}@${dueAt}`),
  }
}

test.each(['+soon', '+1.5'])(
  'a timer for no time (%s) diverts the record, and so does one without a key',
  (command) => {
    const { pipe, fired, driver } = driverOf('STREAM_TIME')
    pipe('a', command, 0)
    driver.createInputTopic('in', Serdes.string, Serdes.string).pipeInput(null, '+5', { timestamp: 1 })
    expect(driver.tally()).toMatchObject({ in: 2, quarantined: { process: 2 } })
    const [first] = driver.createOutputTopic('test.quarantine').readRecordsToList()
    const message = first!.headers.find(({ key }) => key === '__streams.errors.message')?.value
    expect(Buffer.from(message ?? []).toString()).toMatch(/A timer of reminders cannot be due at/)
    expect(fired()).toEqual([])
  },
)

describe('by stream time', () => {
  test('each key has its own, which fires once, when a record moves time there', () => {
    const { pipe, fired } = driverOf('STREAM_TIME')
    pipe('a', '+100', 0)
    pipe('b', '+50', 10)
    pipe('x', '', 49)
    expect(fired()).toEqual([])
    pipe('x', '', 50)
    expect(fired()).toEqual(['b@50'])
    pipe('x', '', 1000)
    pipe('x', '', 2000)
    expect(fired()).toEqual(['a@100'])
  })

  test('those that are due together fire in the order of their times, those before 1970 first', () => {
    const { pipe, fired } = driverOf('STREAM_TIME')
    for (const [key, time] of [
      ['c', 300],
      ['a', -5],
      ['b', 200],
    ] as const)
      pipe(key, `+${time}`, 1)
    pipe('x', '', 300)
    expect(fired()).toEqual(['a@-5', 'b@200', 'c@300'])
  })

  test('a key has one: it can be moved and cancelled', () => {
    const { pipe, fired } = driverOf('STREAM_TIME')
    pipe('a', '+100', 0)
    pipe('a', '+200', 1)
    pipe('b', '+100', 2)
    pipe('b', '-', 3)
    pipe('x', '', 150)
    expect(fired()).toEqual([])
    pipe('x', '', 200)
    expect(fired()).toEqual(['a@200'])
  })

  test('one that sets itself for the past fires again when time moves on, and not for ever', () => {
    const { pipe, fired } = driverOf('STREAM_TIME', { again: 5 })
    pipe('a', '+10', 0)
    pipe('x', '', 10)
    expect(fired()).toEqual(['a@10'])
    pipe('x', '', 11)
    expect(fired()).toEqual(['a@5'])
  })

  test('they survive a restart', () => {
    const { driver, pipe } = driverOf('STREAM_TIME')
    pipe('a', '+100', 0)
    const next = driverOf('STREAM_TIME', { continuing: driver })
    next.pipe('x', '', 99)
    expect(next.fired()).toEqual([])
    next.pipe('x', '', 100)
    expect(next.fired()).toEqual(['a@100'])
  })
})

test('by wall-clock time they fire when the clock is there, whatever the records say', () => {
  const { driver, pipe, fired } = driverOf('WALL_CLOCK_TIME')
  const now = driver.clock.now()
  pipe('a', `+${now + 5_000}`, now + 1_000_000)
  driver.advanceWallClockTime(4_900)
  expect(fired()).toEqual([])
  driver.advanceWallClockTime(100)
  expect(fired()).toEqual([`a@${now + 5_000}`])
  driver.advanceWallClockTime(10_000)
  expect(fired()).toEqual([])
})

test('their function answers at once: an async one is refused, and a promise is a timer that failed', () => {
  const pipe = (callback: () => unknown): TopologyTestDriver => {
    const timers = Stores.timers('timers', { key: Serdes.string })
    const builder = new StreamsBuilder()
    const supplier = () => {
      let own: Timers<string>
      return {
        init: (context: ProcessorContext<never, never>) =>
          void (own = new Timers(context, timers, 'STREAM_TIME', callback as () => undefined)),
        process: ({ key, timestamp }: StreamRecord<string | null, string | null>) => own.set(key!, timestamp + 1),
      }
    }
    builder.stream('timed', texts).process(supplier, { stores: [timers] })
    const driver = new TopologyTestDriver(builder.build())
    const input = driver.createInputTopic('timed', Serdes.string, Serdes.string)
    input.pipeInput('a', 'v', { timestamp: 1 })
    input.pipeInput('b', 'v', { timestamp: 5 })
    return driver
  }
  expect(() => pipe(async () => undefined)).toThrow('The timer of timers is an async function')
  const headers = pipe(() => Promise.resolve())
    .createOutputTopic('test.quarantine')
    .readRecord()
    .headers.map(({ key, value }) => `${key}: ${Buffer.from(value ?? []).toString()}`)
  expect(headers).toContain('__streams.errors.message: The timer of timers returned a promise, which nobody waits for')
})
