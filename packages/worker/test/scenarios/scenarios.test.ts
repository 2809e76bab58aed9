/** docs/reference/connect-scenarios.md says of each scenario of Kafka Connect's own tests where it is tried: that is so, and none is left out. */
import { describe, expect, test } from '@jest/globals'
import fs from 'node:fs'
import path from 'node:path'
import { SCENARIOS } from './scenario-names.ts'

const PACKAGE = path.join(import.meta.dirname, '../..')
const ROOT = path.join(PACKAGE, '../..')
const PAGE = path.join(ROOT, 'docs/reference/connect-scenarios.md')

interface Row {
  readonly scenario: string
  /** '' where it is not tried. */
  readonly file: string
  /** How a title begins, or the reason. */
  readonly words: string
}

const page = fs.readFileSync(PAGE, 'utf8')
const rows = [...page.matchAll(/^\| ([^|]+?) +\| (?:`([^`|]+)`)? +\| ([^|]*?) +\|$/gm)]
  .map(([, scenario = '', file = '', words = '']): Row => ({ scenario, file, words }))
  .filter(({ scenario }) => !/^-+$/.test(scenario) && scenario !== 'Scenario')

function source(file: string): string {
  const folder = file.startsWith('test/') ? PACKAGE : ROOT
  return fs.readFileSync(path.join(folder, file), 'utf8')
}

describe('the page of scenarios', () => {
  test.each(rows.map((row) => [row.scenario, row] as const))('%s', (_, { file, words }) => {
    expect(words).not.toBe('')
    if (file === '') return
    const titles = source(file)
    const isThere = ["'", '`', '"'].some((quote) => titles.includes(quote + words))
    expect(isThere ? '' : `${file} has no title that begins with "${words}"`).toBe('')
  })

  test('has every scenario of Kafka Connect’s tests', () => {
    const told = rows.map(({ scenario }) => scenario).join('\n')
    expect(SCENARIOS.filter((name) => !new RegExp(`\\b${name}\\b`).test(told))).toEqual([])
  })
})
