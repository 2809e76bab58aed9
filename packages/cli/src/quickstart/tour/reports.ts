import fs from 'node:fs'
import { dataFile } from '../data-file.ts'

interface Flight {
  /** When it was to leave, as `2001/01/31 23:05`. */
  readonly date: string
  /** Minutes. */
  readonly delay: number
}

/** Writes 20,000 flights of 2001, a line each, in the order in which they left: then they are reported. What is there is left alone. */
export function writeReports(file: string): void {
  if (fs.existsSync(file)) return
  const flights = JSON.parse(fs.readFileSync(dataFile('flights-20k.json'), 'utf8')) as readonly Flight[]
  const lines = flights
    .map((flight) => ({
      line: JSON.stringify(flight),
      leftAt: scheduledAt(flight) + Math.max(0, flight.delay) * 60_000,
    }))
    .toSorted((a, b) => a.leftAt - b.leftAt)
    .map(({ line }) => `${line}\n`)
  // Whole or not at all: a source would take half of it for the file.
  fs.writeFileSync(`${file}.part`, lines.join(''))
  fs.renameSync(`${file}.part`, file)
}

function scheduledAt({ date }: Flight): number {
  return Date.parse(`${date.replaceAll('/', '-').replace(' ', 'T')}Z`)
}
