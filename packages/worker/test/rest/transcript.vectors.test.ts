/** The whole captured conversation with Kafka Connect, played against real workers: processes of their own, on an embedded broker. */
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { readRestCases, type CaseReport } from '../support/rest-transcript.ts'
import { summaryOf, titled, TranscriptRun, type TranscriptWorker } from '../support/transcript-run.ts'

jest.setTimeout(300_000)

/** A follower in a group of two is asked this. */
const OF_A_FOLLOWER = 'rest-280'
const SETTINGS: readonly string[] = [
  'group.id=rest',
  ...['config', 'offset', 'status'].flatMap((kind) => [
    `${kind}.storage.topic=${kind}`,
    `${kind}.storage.replication.factor=1`,
  ]),
]

describe('a distributed worker answers as Kafka Connect', () => {
  const cases = readRestCases()
  let run: TranscriptRun
  let reports: ReadonlyMap<string, CaseReport>

  beforeAll(async () => {
    run = await TranscriptRun.begin()
    const start = (): Promise<TranscriptWorker> => run.start('connect-distributed', SETTINGS)
    const first = await run.play(
      await start(),
      cases.filter(({ id }) => id !== OF_A_FOLLOWER),
    )
    const last = await run.play(
      await start(),
      cases.filter(({ id }) => id === OF_A_FOLLOWER),
    )
    process.stdout.write(summaryOf('a real worker', [...first, ...last]))
    reports = new Map([...first, ...last].map((report) => [report.id, report]))
  })
  afterAll(() => run.end())

  test.each(cases.map(titled))('%s: %s', (id) => {
    const { outcome, detail } = reports.get(id)!
    expect(outcome === 'wrong' ? detail : '').toBe('')
  })
})
