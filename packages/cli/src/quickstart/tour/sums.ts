/** Whether each flight is where it belongs: what the tour counts in the end. */
import type { Delays, Flight } from '@sluice/processor-flights'

export interface TourSums {
  readonly clean: number
  /** Flights in the rows of days that are over. */
  readonly counted: number
  readonly late: number
  /** Of days that are not over. */
  readonly waiting: number
  readonly days: number
  /** A day of a state whose row has other flights than were reported in time; null: none has. */
  readonly wrong: string | null
}

const DAY_MS = 86_400_000

export function sumsOf(clean: readonly Flight[], late: readonly Flight[], delays: readonly Delays[]): TourSums {
  const inTime = new Map<string, number>()
  const add = (flight: Flight, count: number): void => {
    const key = `${flight.state ?? 'unknown'}, ${new Date(flight.scheduled).toISOString().slice(0, 10)}`
    inTime.set(key, (inTime.get(key) ?? 0) + count)
  }
  for (const flight of clean) add(flight, 1)
  for (const flight of late) add(flight, -1)
  const rows = delays.map(({ state, day, flights }) => ({
    key: `${state}, ${new Date(day * DAY_MS).toISOString().slice(0, 10)}`,
    flights,
  }))
  const isTwice = new Set(rows.map(({ key }) => key)).size < rows.length
  const wrong = rows.find(({ key, flights }) => inTime.get(key) !== flights)
  const counted = rows.reduce((sum, { flights }) => sum + flights, 0)
  return {
    clean: clean.length,
    counted,
    late: late.length,
    waiting: clean.length - counted - late.length,
    days: rows.length,
    wrong: wrong?.key ?? (isTwice ? 'a day is told twice' : null),
  }
}

export function printSums({ clean, counted, late, waiting, days, wrong }: TourSums): string {
  const rows: readonly (readonly [string, number])[] = [
    ['flights reported', clean],
    ['  in days that are over', counted],
    ['  reported too late', late],
    ['  in days that are not over', waiting],
    ['rows, a state and a day each', days],
  ]
  const width = Math.max(...rows.map(([what]) => what.length))
  const lines = rows.map(([what, count]) => `  ${what.padEnd(width)}  ${count.toLocaleString('en')}`)
  const verdict =
    wrong === null ? '✓ each row has the flights that were reported in time' : `✗ this does not hold: ${wrong}`
  return `${[...lines, '', `  ${verdict}`].join('\n')}\n`
}
