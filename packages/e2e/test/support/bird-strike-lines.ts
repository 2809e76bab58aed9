/** The FAA's file, read with a line splitter and judged with plain conditions: what must be in the table, without any of our code. */
import fs from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'

export interface Strike {
  readonly size: string
  readonly damage: string
  readonly operator: string
  readonly airport: string
  readonly date: string
  readonly speed: string
  readonly otherDollars: number
  readonly repairDollars: number
  readonly totalDollars: number
}

export interface CountedStrikes {
  readonly lines: number
  readonly duplicates: number
  readonly oddDamage: number
  readonly repairWithoutDamage: number
  /** Those that belong into the table. */
  readonly good: readonly Strike[]
  /** How many of them are doubtful in some way. */
  readonly doubtful: number
  /** How many of all lines have this fault, by the rule that must find it; rules that are not here must find nothing. */
  readonly faults: Readonly<Record<string, number>>
}

export function countStrikes(): CountedStrikes {
  const file = path.join(
    path.dirname(createRequire(import.meta.url).resolve('vega-datasets')),
    '..',
    'data',
    'birdstrikes.csv',
  )
  const [header, ...lines] = fs
    .readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
  const columns = cells(header!)
  const strikes = lines.map((line) => ({ line, strike: strikeOf(columns, cells(line)) }))
  const odd = strikes.filter(({ strike }) => !CODE_BOOK.has(strike.damage))
  const contradicting = strikes.filter(({ strike }) => strike.damage === 'None' && strike.repairDollars !== 0)
  const fit = strikes.filter((one) => !odd.includes(one) && !contradicting.includes(one))
  const good = [...new Map(fit.map(({ line, strike }) => [line, strike])).values()]
  return {
    lines: lines.length,
    duplicates: fit.length - good.length,
    oddDamage: odd.length,
    repairWithoutDamage: contradicting.length,
    good,
    doubtful: good.filter(isDoubtful).length,
    faults: faultsOf(strikes.map(({ strike }) => strike)),
  }
}

function faultsOf(all: readonly Strike[]): Readonly<Record<string, number>> {
  const count = (fault: (strike: Strike) => boolean): number => all.filter(fault).length
  return {
    damage_code: count(({ damage }) => !CODE_BOOK.has(damage)),
    repair_without_damage: count(({ damage, repairDollars }) => damage === 'None' && repairDollars !== 0),
    cost_without_damage: count(({ damage, totalDollars }) => damage === 'None' && totalDollars !== 0),
    damage_without_cost: count(({ damage, totalDollars }) => damage !== 'None' && totalDollars === 0),
    speed_known: count(({ speed }) => speed === ''),
    speed_not_zero: count(({ speed }) => speed === '0'),
    speed_within_limit: count(({ speed }) => Number(speed) > 250),
    operator_known: count(({ operator }) => operator === 'UNKNOWN'),
  }
}

const CODE_BOOK: ReadonlySet<string> = new Set(['None', 'Minor', 'Medium', 'Substantial', 'Destroyed'])

function isDoubtful({ damage, totalDollars, speed, operator }: Strike): boolean {
  if ((damage === 'None') !== (totalDollars === 0)) return true
  return speed === '' || speed === '0' || Number(speed) > 250 || operator === 'UNKNOWN'
}

function strikeOf(columns: readonly string[], row: readonly string[]): Strike {
  if (row.length !== columns.length) throw new Error(`not understood: ${row.join('|')}`)
  const of = (column: string): string => row[columns.indexOf(column)]!
  return {
    size: of('Wildlife Size'),
    damage: of('Effect Amount of damage'),
    operator: of('Aircraft Airline Operator'),
    airport: of('Airport Name'),
    date: of('Flight Date'),
    speed: of('Speed IAS in knots'),
    otherDollars: Number(of('Cost Other')),
    repairDollars: Number(of('Cost Repair')),
    totalDollars: Number(of('Cost Total $')),
  }
}

/** No cell of this file holds a line end. */
function cells(line: string): string[] {
  const found = line.replace(/\r$/, '').matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)
  return [...found].map(([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain!)
}
