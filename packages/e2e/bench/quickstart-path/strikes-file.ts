import fs from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'

export interface StrikesFile {
  readonly file: string
  readonly rows: number
}

/** The bird strikes several times over, in one file: without their duplicates, and each copy with species of its own. */
export function strikesFile(dir: string, name: string, copies: number): StrikesFile {
  const csv = path.join(
    path.dirname(createRequire(import.meta.url).resolve('vega-datasets')),
    '..',
    'data',
    'birdstrikes.csv',
  )
  const [header, ...lines] = fs.readFileSync(csv, 'utf8').trimEnd().split(/\r?\n/)
  const rows = [...new Set(lines)].map(cells)
  const species = cells(header!).indexOf('Wildlife Species')
  const file = path.join(dir, `${name}.csv`)
  fs.writeFileSync(file, `${header}\n`)
  for (let copy = 1; copy <= copies; copy++) {
    const copied = rows.map((row) => row.map((cell, i) => quoted(i === species ? `${cell} ${copy}` : cell)).join(','))
    fs.appendFileSync(file, `${copied.join('\n')}\n`)
  }
  return { file, rows: rows.length * copies }
}

/** No cell of this file holds a line end. */
function cells(line: string): string[] {
  const found = line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)
  return [...found].map(([, inQuotes, plain]) => inQuotes?.replaceAll('""', '"') ?? plain!)
}

function quoted(cell: string): string {
  return /[",]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell
}
