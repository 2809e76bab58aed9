/** The quickstart's tour from outside: killed in the middle, run to its end, and run again, its table counted by DuckDB. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { ask } from './support/delta-folder.ts'
import { leftBehind, QuickstartRun } from './support/quickstart-run.ts'

const TEST_MS = 150_000

let dir: string
beforeAll(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-tour-'))
})
afterAll(() => fs.rmSync(dir, { recursive: true, force: true }))

/** How many rows, and how many flights in them. */
async function rowsOf(): Promise<readonly unknown[]> {
  const table = path.join(dir, 'tour', 'lake', 'flights_delays')
  return (await ask(table, 'select count(*)::int, sum(flights)::int from t'))[0]!
}

test(
  'flights become days of states, each once, also when the tour is killed in its middle and run again',
  async () => {
    const killed = new QuickstartRun(dir, ['--tour'])
    // Once of the bird strikes, then of the flights.
    await killed.said('The tour')
    await killed.said('sources')
    killed.kill()
    await killed.ended()

    const run = new QuickstartRun(dir, ['--tour'])
    expect(await run.ended()).toBe(0)
    expect(run.output).toContain('each row has the flights that were reported in time')
    // In order of their reports, with an hour of grace: what a model of a few lines counts too (processors/flights/test).
    expect(run.output).toMatch(
      /in days that are over +19,790\n +reported too late +8\n +in days that are not over +202\n/,
    )
    expect(await rowsOf()).toEqual([3_300, 19_790])

    const again = new QuickstartRun(dir, ['--tour'])
    expect(await again.ended()).toBe(0)
    expect(await rowsOf()).toEqual([3_300, 19_790])
    expect(leftBehind(dir)).toEqual([])
  },
  TEST_MS,
)
