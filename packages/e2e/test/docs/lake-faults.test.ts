/** docs/reference/lake-faults.md says for each point of failure where it is tried: that is so, and none is left out. */
import { describe, expect, test } from '@jest/globals'
import fs from 'node:fs'
import path from 'node:path'

const ROOT = path.join(import.meta.dirname, '../../../..')
const page = fs.readFileSync(path.join(ROOT, 'docs/reference/lake-faults.md'), 'utf8')
const FAULTS = fs.readFileSync(path.join(ROOT, 'packages/lake/test/record-path/s3-faults.test.ts'), 'utf8')

/** What the page has to have, in words that are there. */
const POINTS = [
  'Crash while rows are encoded',
  'Crash after upload, before commit',
  'Commit carried out, response lost',
  'Commit carried out, process dies',
  'Commit times out',
  'Two processes own one partition',
  'Rebalance during a flush, eager',
  'Rebalance during a flush, cooperative',
  '20 writers, one table',
  'Compaction runs meanwhile',
  'Another process adds a column',
  '503 for a minute',
  'The store ignores If-None-Match',
  'Topic deleted and created again',
  'Table restored to an older version',
  'Clock jumps',
]

const rows = [...page.matchAll(/^\| ([^|]+?) +\| ([^|]+?) +\| `([^`|]+)` +\| ([^|]+?) +\|$/gm)].map(
  ([, point = '', , file = '', title = '']) => ({ point, file, title }),
)

describe('the page of what may go wrong', () => {
  test.each(rows.map(({ point, file, title }) => [point, file, title] as const))('%s', (_, file, title) => {
    const source = fs.readFileSync(path.join(ROOT, file), 'utf8')
    const isThere = ["'", '`', '"'].some((quote) => source.includes(quote + title))
    expect(isThere ? '' : `${file} has no title that begins with "${title}"`).toBe('')
  })

  test.each(POINTS)('has the point %s', (point) => {
    expect(rows.filter((row) => row.point.startsWith(point))).not.toEqual([])
  })

  test('tells of every fault that is tried, and of no other', () => {
    const table = page.slice(page.indexOf('## Faults of the store'))
    const told = [...table.matchAll(/^\| ([a-z, -]+?) +\| /gm)].flatMap(([, names = '']) => names.split(', '))
    const tried = [...FAULTS.matchAll(/^ +(?:\[)?'([a-z-]+)',/gm)].map(([, name = '']) => name)
    expect(told.filter((name) => !/^-+$/.test(name)).toSorted()).toEqual([...new Set(tried)].toSorted())
  })
})
