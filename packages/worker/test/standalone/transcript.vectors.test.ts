/** The same conversation with a standalone worker, which has the same REST API but for what workers of a group ask of each other. */
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { readRestCases, type CaseReport, type RestCase } from '../support/rest-transcript.ts'
import { summaryOf, titled, TranscriptRun } from '../support/transcript-run.ts'

jest.setTimeout(300_000)

/** What workers of a group ask of each other: task configs, fencing, and what was handed on already. */
function isOfAGroup({ method, path: resource }: RestCase): boolean {
  const { pathname, searchParams } = new URL(resource, 'http://worker')
  return searchParams.has('forward') || /^(?:POST .*\/tasks|PUT .*\/fence)$/.test(`${method} ${pathname}`)
}

describe('a standalone worker answers as a distributed one', () => {
  const cases = readRestCases().filter((restCase) => !isOfAGroup(restCase))
  let run: TranscriptRun
  let reports: ReadonlyMap<string, CaseReport>

  beforeAll(async () => {
    run = await TranscriptRun.begin()
    const file = path.join(run.folder, 'positions.json')
    const worker = await run.start('connect-standalone', [`offset.storage.file.filename=${file}`])
    const all = await run.play(worker, cases)
    process.stdout.write(summaryOf('a real standalone worker', all))
    reports = new Map(all.map((report) => [report.id, report]))
  })
  afterAll(() => run.end())

  test.each(cases.map(titled))('%s: %s', (id) => {
    const { outcome, detail } = reports.get(id)!
    expect(outcome === 'wrong' ? detail : '').toBe('')
  })
})
