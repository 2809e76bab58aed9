import { describe, expect, test } from '@jest/globals'
import { decodeTally, EMPTY_TALLY, encodeTally } from '@sluice/kafka'
import { Serdes, SessionWindows, SlidingWindows, StreamsBuilder, TimeWindows, type Topology } from '../../src/index.ts'
import { TopologyTestDriver } from '../../src/testing/index.ts'
import { latestTimes, NodeTimes, timesIn, withTimes } from '../../src/record-path/node-times.ts'

describe('times of nodes', () => {
  test('are -1 until there is one, as they were committed after a restart, and only those that there are are committed', () => {
    const first = new NodeTimes()
    first.of('a').at = 5
    expect(first.of('b').at).toBe(-1)
    expect(first.of('a')).toBe(first.of('a'))
    expect(first.snapshot()).toEqual({ a: 5 })
    expect(new NodeTimes(first.snapshot()).of('a').at).toBe(5)
  })

  test('travel in the text of a committed offset, beside its tally; what is not ours has none', () => {
    const tally = { ...EMPTY_TALLY, in: 3, passed: 3 }
    const spare: number[] = []
    const text = withTimes({ agg: 1_700_000_000_000 }, (bytes) => {
      spare.push(bytes)
      return encodeTally(tally)
    })
    expect([decodeTally(text), timesIn(text)]).toEqual([tally, { agg: 1_700_000_000_000 }])
    expect(text.length - encodeTally(tally).length).toBe(spare[0]! - 1)
    expect(withTimes({}, () => encodeTally(tally))).toBe(encodeTally(tally))
    for (const foreign of ['', 'AgAAAA==', '{"times":7}', 'null', '{"times":{"a":"b"}}'])
      expect(timesIn(foreign)).toEqual({})
  })

  test('of several partitions the latest count', () =>
    expect(latestTimes([{ a: 1, b: 9 }, { a: 4 }, {}])).toEqual({ a: 4, b: 9 }))
})

const text = { key: Serdes.string, value: Serdes.string }
function closing(windows: TimeWindows | SlidingWindows | SessionWindows): Topology {
  const builder = new StreamsBuilder()
  const grouped = builder.stream('in', text).groupByKey()
  const windowed =
    windows.kind === 'session'
      ? grouped.windowedBy(windows).emitStrategy('close')
      : grouped.windowedBy(windows).emitStrategy('close')
  windowed
    .count({ name: 'agg', materialized: { name: 'counts', value: Serdes.long } })
    .toStream(({ key }) => key)
    .to('out', { key: Serdes.string, value: Serdes.long })
  return builder.build()
}

test.each([
  ['tumbling', TimeWindows.ofSizeAndGrace(10, 0)],
  ['sliding', SlidingWindows.ofTimeDifferenceAndGrace(10, 0)],
  ['session', SessionWindows.ofInactivityGapAndGrace(10, 0)],
] as const)(
  '%s: a task that goes on where another ended knows what is late, and closes no window again',
  (_kind, windows) => {
    const run = (driver: TopologyTestDriver, timestamp: number): (number | null)[] => {
      driver.createInputTopic('in', Serdes.string, Serdes.string).pipeInput('k', 'v', { timestamp })
      return driver.createOutputTopic('out', Serdes.string, Serdes.long).readValuesToList()
    }
    const whole = new TopologyTestDriver(closing(windows))
    const expected = [5, 40, 7, 80].map((timestamp) => run(whole, timestamp))
    const first = new TopologyTestDriver(closing(windows))
    const answers = [5, 40].map((timestamp) => run(first, timestamp))
    const second = new TopologyTestDriver(closing(windows), { continuing: first })
    answers.push(...[7, 80].map((timestamp) => run(second, timestamp)))
    expect(answers).toEqual(expected)
    expect(second.droppedRecords()).toEqual({ late: 1 })
  },
)
