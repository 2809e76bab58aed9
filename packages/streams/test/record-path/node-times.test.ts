import { describe, expect, test } from '@jest/globals'
import { Serdes, SessionWindows, SlidingWindows, StreamsBuilder, TimeWindows, type Topology } from '../../src/index.ts'
import { TopologyTestDriver } from '../../src/testing/index.ts'
import { latestTimes, NodeTimes } from '../../src/record-path/node-times.ts'

describe('times of nodes', () => {
  test('are -1 until there is one, as they were committed after a restart, and only those that there are are committed', () => {
    const first = new NodeTimes()
    first.of('a').at = 5
    expect(first.of('b').at).toBe(-1)
    expect(first.of('a')).toBe(first.of('a'))
    expect(first.snapshot()).toEqual({ a: 5 })
    expect(new NodeTimes(first.snapshot()).of('a').at).toBe(5)
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
