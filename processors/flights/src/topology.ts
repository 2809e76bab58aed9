import type { StructValue } from '@sluice/sdk'
import { CalendarWindows, Serdes, type StreamsBuilder, type TimestampExtractor } from '@sluice/streams'
import { toAirport } from './airport.ts'
import {
  dayOfFlightsSchema,
  delaysSchema,
  noFlights,
  toDelays,
  withFlight,
  type DayOfFlights,
  type Delays,
} from './delays.ts'
import { flightSchema, reportSchema, timeOf, toFlight, toReport, type Flight, type Report } from './flight.ts'
import { flightGate } from './rules.ts'
import type { FlightsSettings } from './settings.ts'

const HOUR_MS = 3_600_000

/** A flight belongs to the time at which it was to leave, whenever it is reported. */
const scheduled: TimestampExtractor<string, StructValue> = (record, _key, line) =>
  line === null ? record.timestamp : timeOf(line['date'])

/** Airports have been there before every flight: their rows are read first. */
const longAgo: TimestampExtractor = () => 0

/** A changelog of old events would be deleted as fast as it is written, had it the usual retention. */
const KEPT = { 'retention.ms': '-1' }

/**
 * reports → typed → gate → joined with the airport that they left → clean flights
 *                                                                  → by state → by day → delays, once a day is over for good
 *                                                                                      → late flights
 */
export function flights(builder: StreamsBuilder, settings: FlightsSettings): void {
  const quarantine = settings['quarantine.topic']
  const text = Serdes.string
  const report = Serdes.json<Report>(reportSchema)
  const flight = Serdes.json<Flight>(flightSchema)

  const airports = builder
    .table(settings['airports.topic'], {
      key: text,
      value: Serdes.json<StructValue>(),
      quarantine,
      timestampExtractor: longAgo,
      materialized: { name: 'airports' },
    })
    .mapValues(toAirport, { name: 'airport' })

  const departed = builder
    .stream(settings['flights.topic'], {
      key: text,
      value: Serdes.json<StructValue>(),
      quarantine,
      timestampExtractor: scheduled,
    })
    .filter((_origin, line): line is StructValue => line !== null, { name: 'without-tombstones' })
    .mapValues(toReport, { name: 'report' })
    .gate(flightGate, { valueSchema: reportSchema })
    .leftJoin(airports, toFlight, { key: text, value: report, name: 'with-airport' })

  departed.to(settings['clean.topic'], { key: text, value: flight })

  departed
    .groupBy((_origin, { state }) => state ?? 'unknown', { key: text, value: flight, name: 'by-state' })
    .windowedBy(CalendarWindows.ofUnitAndGrace('day', 'UTC', settings['grace.hours'] * HOUR_MS))
    .emitStrategy('close')
    .late((reports) => reports.to(settings['late.topic'], { key: text, value: flight }))
    .aggregate<DayOfFlights>(noFlights, (_state, reported, day) => withFlight(day, reported), {
      name: 'delays-by-day',
      materialized: { name: 'delays', value: Serdes.json<DayOfFlights>(dayOfFlightsSchema), logging: KEPT },
    })
    .toStream({ name: 'closed' })
    .map((window, day) => [window.key, day === null ? null : toDelays(day, window)], { name: 'row' })
    .to(settings['delays.topic'], { key: text, value: Serdes.json<Delays>(delaysSchema) })
}
