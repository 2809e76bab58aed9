import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, test } from '@jest/globals'
import { readQuarantineHeaders } from '@sluice/quality'
import type { StructValue } from '@sluice/sdk'
import { Serdes, StreamsBuilder } from '@sluice/streams'
import { TopologyTestDriver, type TestRecord } from '@sluice/streams/testing'
import processor, { delaysSchema, flightSchema, type Delays, type Flight } from '../src/index.ts'

const data = new URL('../../../node_modules/vega-datasets/data/', import.meta.url)
const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

interface Line extends StructValue {
  readonly date: string
  readonly delay: number
  readonly distance: number
  readonly origin: string
  readonly destination: string
}

const AUS = { iata: 'AUS', name: 'Austin-Bergstrom', city: 'Austin', state: 'TX', country: 'USA' }
const line = (over: StructValue = {}): StructValue => ({
  date: '2001/01/01 12:00',
  delay: 5,
  distance: 189,
  origin: 'AUS',
  destination: 'DFW',
  ...over,
})
/** Cells with a comma in them stand in quotes. */
const cellsOf = (row: string): readonly string[] =>
  [...row.matchAll(/(?:^|,)(?:"([^"]*)"|([^,]*))/g)].map(([, quoted, plain]) => quoted ?? plain ?? '')
const timeOf = ({ date }: Line): number => Date.parse(`${date.replaceAll('/', '-').replace(' ', 'T')}Z`)

class Run {
  readonly driver: TopologyTestDriver
  readonly #flights

  constructor(airports: readonly StructValue[], settings: Record<string, string> = {}) {
    const builder = new StreamsBuilder()
    processor.topology(builder, processor.settings.parse(settings))
    this.driver = new TopologyTestDriver(builder.build())
    const table = this.driver.createInputTopic('airports.raw', Serdes.string, Serdes.json<StructValue>())
    for (const airport of airports) table.pipeInput(airport['iata'] as string, airport)
    this.#flights = this.driver.createInputTopic('flights.raw', Serdes.string, Serdes.json<StructValue | null>())
  }

  report(...lines: readonly StructValue[]): this {
    for (const one of lines) this.#flights.pipeInput(one['origin'] as string, one)
    return this
  }

  clean = (): readonly TestRecord<string, Flight>[] => this.#read('flights.clean', Serdes.json<Flight>(flightSchema))
  late = (): readonly TestRecord<string, Flight>[] => this.#read('flights.late', Serdes.json<Flight>(flightSchema))
  delays = (): readonly TestRecord<string, Delays>[] => this.#read('flights.delays', Serdes.json<Delays>(delaysSchema))
  quarantined = (): readonly TestRecord<string, Uint8Array>[] => this.#read('flights.quarantine', Serdes.bytes)

  #read<V>(
    topic: string,
    value: Parameters<typeof this.driver.createOutputTopic<string, V>>[2],
  ): readonly TestRecord<string, V>[] {
    return this.driver.createOutputTopic(topic, Serdes.string, value).readRecordsToList()
  }
}

test('every stateful node and every topic of its own has a given name', () => {
  const builder = new StreamsBuilder()
  processor.topology(builder, processor.settings.parse({}))
  const topology = builder.build()
  expect([topology.unnamedStores(), topology.unnamedTopics()]).toEqual([[], []])
})

describe('one report', () => {
  test('gets city and state of the airport that it left, at its own time', () => {
    const run = new Run([AUS]).report(line())
    const scheduled = Date.UTC(2001, 0, 1, 12)
    expect(run.clean()).toMatchObject([
      {
        key: 'AUS',
        timestamp: scheduled,
        value: { scheduled, delay: 5, distance: 189, origin: 'AUS', destination: 'DFW', city: 'Austin', state: 'TX' },
      },
    ])
  })

  test('from an airport that nobody knows goes on without', () => {
    const run = new Run([]).report(line(), line({ date: '2001/01/02 01:00' }))
    expect(run.clean()[0]!.value).toMatchObject({ city: null, state: null })
    expect(run.delays()).toMatchObject([{ key: 'unknown', value: { flights: 1 } }])
  })

  test.each([
    ['a day that no calendar has', { date: '2001/02/30 10:00' }, 'date'],
    ['an hour that no clock has', { date: '2001/02/20 24:00' }, 'date'],
    ['no date', { date: null }, 'date'],
    ['a delay in words', { delay: 'long' }, 'delay'],
    ['a distance with a fraction', { distance: 1.5 }, 'distance'],
    ['no destination', { destination: '' }, 'destination'],
    ['two days late', { delay: 2881 }, 'delay'],
  ])('%s waits in quarantine with the bytes it came with', (_name, over, field) => {
    const run = new Run([AUS]).report(line(over))
    const [letter] = run.quarantined()
    expect(JSON.parse(new TextDecoder().decode(letter!.value as Uint8Array))).toEqual(line(over))
    expect(JSON.stringify(readQuarantineHeaders(letter!.headers))).toContain(field)
    expect(run.clean()).toEqual([])
  })

  test('that landed where it began is marked and counted', () => {
    const run = new Run([AUS]).report(line({ destination: 'AUS' }), line({ date: '2001/01/02 01:00' }))
    expect(run.driver.tally()).toMatchObject({ marked: 1, quarantined: {} })
    expect(run.delays()).toMatchObject([{ value: { flights: 1 } }])
  })
})

describe('a day', () => {
  test('is told once, when it and its grace are over', () => {
    const run = new Run([AUS]).report(line(), line({ delay: 60 }), line({ delay: -7, date: '2001/01/01 23:59' }))
    run.report(line({ date: '2001/01/02 00:59' }))
    expect(run.delays()).toEqual([])
    run.report(line({ date: '2001/01/02 01:00' }))
    expect(run.delays()).toMatchObject([
      {
        key: 'TX',
        value: {
          day: Date.UTC(2001, 0, 1) / DAY_MS,
          state: 'TX',
          flights: 3,
          delayed: 1,
          mean_delay: 19.3,
          worst_delay: 60,
        },
      },
    ])
  })

  test('takes what comes within the grace, and leaves what comes later to a topic of its own', () => {
    const run = new Run([AUS]).report(line(), line({ date: '2001/01/02 00:30' }), line({ delay: 30 }))
    run.report(line({ date: '2001/01/02 03:00' }), line({ delay: 300 }))
    expect(run.delays()).toMatchObject([{ value: { flights: 2, worst_delay: 30 } }])
    expect(run.late()).toMatchObject([{ value: { delay: 300 } }])
  })

  test('waits for as long as it is told', () => {
    const run = new Run([AUS], { 'grace.hours': '4' }).report(line(), line({ date: '2001/01/02 03:00' }))
    run.report(line({ delay: 300 }), line({ date: '2001/01/02 04:00' }))
    expect(run.delays()).toMatchObject([{ value: { flights: 2, worst_delay: 300 } }])
    expect(run.late()).toEqual([])
  })
})

describe('the 20,000 flights of 2001, reported when they have left', () => {
  let reported: readonly Line[]
  let states: ReadonlyMap<string, string>
  let run: Run

  beforeAll(() => {
    const flights = JSON.parse(readFileSync(new URL('flights-20k.json', data), 'utf8')) as Line[]
    reported = flights
      .map((flight) => ({ flight, at: timeOf(flight) + Math.max(flight.delay, 0) * MINUTE_MS }))
      .toSorted((a, b) => a.at - b.at)
      .map(({ flight }) => flight)
    const [head = '', ...rows] = readFileSync(new URL('airports.csv', data), 'utf8').trim().split('\n')
    const headings = head.split(',')
    const airports = rows.map((row) => Object.fromEntries(cellsOf(row).map((cell, i) => [headings[i]!, cell])))
    states = new Map(airports.map(({ iata, state }) => [iata!, state!]))
    run = new Run(airports).report(...reported)
  })

  test('are all clean, and each is counted in its day, is late, or waits for its day to end', () => {
    // The model goes through the reports once; there is one partition, and so one clock.
    const days = new Map<string, { flights: number; minutes: number }>()
    let [clock, late] = [0, 0]
    for (const flight of reported) {
      const state = states.get(flight.origin)!
      const time = timeOf(flight)
      clock = Math.max(clock, time)
      const day = Math.floor(time / DAY_MS)
      if (clock >= (day + 1) * DAY_MS + HOUR_MS) {
        late += 1
        continue
      }
      const row = days.get(`${state} ${day}`) ?? { flights: 0, minutes: 0 }
      days.set(`${state} ${day}`, { flights: row.flights + 1, minutes: row.minutes + flight.delay })
    }
    const isOver = (key: string): boolean => clock >= (Number(key.split(' ')[1]) + 1) * DAY_MS + HOUR_MS
    const closed = [...days].filter(([key]) => isOver(key))

    const delays = run.delays().map(({ value }) => value!)
    expect(run.driver.tally()).toMatchObject({ quarantined: {} })
    expect(run.clean()).toHaveLength(20_000)
    expect(run.late()).toHaveLength(late)
    expect(late).toBeGreaterThan(0)
    const told = delays.map(({ state, day, flights, mean_delay }) => `${state} ${day}: ${flights}, ${mean_delay}`)
    const right = closed.map(
      ([key, { flights, minutes }]) => `${key}: ${flights}, ${Math.round((minutes / flights) * 10) / 10}`,
    )
    expect(new Set(told)).toEqual(new Set(right))
    expect(told).toHaveLength(right.length)
    const open = [...days].filter(([key]) => !isOver(key)).reduce((sum, [, { flights }]) => sum + flights, 0)
    expect(delays.reduce((sum, { flights }) => sum + flights, 0) + late + open).toBe(20_000)
  })
})
