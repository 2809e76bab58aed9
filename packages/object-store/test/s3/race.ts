import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect } from '@jest/globals'
import { openObjectStore } from '@sluice/object-store'

const PROCESSES = 5
const ROUNDS = 20

/** Ten writers in each of five processes create the same objects, 200 kB each, at the same time. */
export async function expectOneWinnerEach(url: string, settings: Readonly<Record<string, string>>): Promise<void> {
  const startAt = String(Date.now() + 3000)
  const runs = await Promise.all(
    Array.from({ length: PROCESSES }, (_, process_) =>
      promisify(execFile)(process.execPath, [
        '--conditions=@sluice/source',
        join(import.meta.dirname, 'racing-s3-writer.ts'),
        url,
        JSON.stringify(settings),
        String(process_),
        String(ROUNDS),
        startAt,
      ]),
    ),
  )
  const won = runs.flatMap((run) => JSON.parse(run.stdout) as [round: number, bytes: string][])
  expect(won.map(([round]) => round).toSorted((a, b) => a - b)).toEqual(Array.from({ length: ROUNDS }, (_, i) => i))
  const store = openObjectStore(url, { settings })
  for (const [round, writer] of won)
    expect(new TextDecoder().decode(await store.get(`race/${round}`)) === writer.repeat(50_000)).toBe(true)
}
