/** What the promises of the port are for: writers who share a log, on a store that fails one request in three. */
import { expect, test } from '@jest/globals'
import { SluiceError } from '@sluice/sdk'
import { listAll, openObjectStore } from '@sluice/object-store'
import type { ObjectStore } from '@sluice/object-store'
import { FakeClock } from '@sluice/sdk/testing'
import { S3TestServer } from '@sluice/object-store/testing'

const pathOf = (version: number): string => `log/${String(version).padStart(20, '0')}.json`

/** Takes the first free version. Believes `exists` unless an attempt of its own had an unknown outcome: then it reads. */
async function append(store: ObjectStore, entry: string, from: number): Promise<number> {
  for (let version = from; ; version++) {
    for (let isInDoubt = false; ;) {
      try {
        if (isInDoubt) {
          const there = await readIfThere(store, pathOf(version))
          if (there === entry) return version
          if (there !== undefined) break
        }
        if ((await store.putIfAbsent(pathOf(version), new TextEncoder().encode(entry))) === 'created') return version
        if (!isInDoubt) break
      } catch (error) {
        if (!(error instanceof SluiceError) || !error.retriable) throw error
        isInDoubt = true
      }
    }
  }
}

async function readIfThere(store: ObjectStore, path: string): Promise<string | undefined> {
  return (await store.head(path)) === undefined ? undefined : new TextDecoder().decode(await store.get(path))
}

test.each([1, 2, 3])(
  'every entry is in the log exactly once, and its writer knows where (seed %i)',
  async (seed) => {
    await using server = await S3TestServer.start()
    server.faults.seed(seed, 1 / 3)
    const written = new Map<string, number>()
    const writers = Array.from({ length: 6 }, async (_, writer) => {
      const clock = new FakeClock({ impatient: true })
      const store = openObjectStore('s3://lake/t', { settings: server.settings, clock })
      let next = 0
      for (let i = 0; i < 15; i++) {
        const entry = `writer ${writer}, entry ${i}, ${'x'.repeat(1000)}`
        const version = await append(store, entry, next)
        written.set(entry, version)
        next = version + 1
      }
    })
    await Promise.all(writers)

    server.faults.clear()
    const store = server.open('lake/t')
    const paths: string[] = []
    for await (const { path } of listAll(store, 'log/')) paths.push(path)
    expect(paths).toEqual(Array.from({ length: 90 }, (_, version) => pathOf(version)))
    for (const [entry, version] of written) expect(await readIfThere(store, pathOf(version))).toBe(entry)
    expect(written.size).toBe(90)
    expect(server.requests.filter(({ status }) => status === undefined || status >= 500).length).toBeGreaterThan(50)
  },
  60_000,
)
