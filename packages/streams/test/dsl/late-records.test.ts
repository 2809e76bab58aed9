import { expect, test } from '@jest/globals'
import { Serdes, SessionWindows, SlidingWindows, StreamsBuilder, TimeWindows } from '../../src/index.ts'
import { TopologyTestDriver } from '../../src/testing/index.ts'

const text = { key: Serdes.string, value: Serdes.string }

test.each([
  ['tumbling', TimeWindows.ofSizeWithNoGrace(10)],
  ['sliding', SlidingWindows.ofTimeDifferenceWithNoGrace(10)],
  ['session', SessionWindows.ofInactivityGapWithNoGrace(10)],
] as const)('%s windows: late records are a stream of their own, and none of the table', (_kind, windows) => {
  const builder = new StreamsBuilder()
  const grouped = builder.stream('in', text).groupByKey()
  const windowed = windows.kind === 'session' ? grouped.windowedBy(windows) : grouped.windowedBy(windows)
  windowed
    .late((records) => records.mapValues((value) => `late: ${value}`).to('late', text))
    .count({ name: 'counts', materialized: { value: Serdes.long } })
    .toStream(({ key }) => key)
    .to('out', { key: Serdes.string, value: Serdes.long })
  const topology = builder.build()
  expect(topology.nodes.map(({ name }) => name)).toContain('counts-late')
  const driver = new TopologyTestDriver(topology)
  const input = driver.createInputTopic('in', Serdes.string, Serdes.string)
  for (const timestamp of [5, 100, 7]) input.pipeInput('k', String(timestamp), { timestamp })
  expect(driver.createOutputTopic('late', Serdes.string, Serdes.string).readRecordsToList()).toEqual([
    { key: 'k', value: 'late: 7', timestamp: 7, headers: [] },
  ])
  expect(driver.createOutputTopic('out', Serdes.string, Serdes.long).readValuesToList()).toEqual([1, 1])
  expect([driver.droppedRecords(), driver.tally().passed]).toEqual([{}, 3])
})
