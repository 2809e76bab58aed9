import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { FileStore, openObjectStore } from '@sluice/object-store'
import { testObjectStore } from '@sluice/object-store/testing'

const text = (value: string): Uint8Array => new TextEncoder().encode(value)

async function folder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'sluice-store-'))
}

describe('file:', () => {
  testObjectStore(test, {
    open: async () => {
      const root = await folder()
      return { store: new FileStore(root), close: () => rm(root, { recursive: true, force: true }) }
    },
  })

  let root = ''
  beforeEach(async () => {
    root = await folder()
  })
  afterEach(async () => {
    await rm(root, { recursive: true, force: true })
  })

  test('of racing processes exactly one creates each object', async () => {
    const [processes, rounds] = [5, 40]
    const script = join(import.meta.dirname, 'racing-writer.ts')
    const startAt = Date.now() + 1500
    const runs = await Promise.all(
      Array.from({ length: processes }, (_, writer) =>
        promisify(execFile)(process.execPath, [
          '--conditions=@sluice/source',
          script,
          root,
          String(writer),
          String(rounds),
          String(startAt),
        ]),
      ),
    )
    const won = runs.map((run) => JSON.parse(run.stdout) as number[])
    expect(won.flat().toSorted((a, b) => a - b)).toEqual(Array.from({ length: rounds }, (_, round) => round))
    const store = new FileStore(root)
    for (const [writer, wonRounds] of won.entries())
      for (const round of wonRounds) expect(await store.get(`race/${round}`)).toEqual(text(String(writer)))
    expect(await readdir(join(root, '.sluice-tmp'))).toEqual([])
  }, 60_000)

  test('no temporary file stays behind, whoever wins or fails', async () => {
    const store = new FileStore(root)
    await store.put('a/b', text('1'))
    await store.putIfAbsent('a/b', text('2'))
    await expect(store.put('a/b/c', text('3'))).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', retriable: false })
    await expect(store.put('a', text('3'))).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', retriable: false })
    await expect(store.put('x'.repeat(300), text('3'))).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    expect(await readdir(join(root, '.sluice-tmp'))).toEqual([])
  })

  test('what a crash left behind is never listed, and swept a day later', async () => {
    const temps = join(root, '.sluice-tmp')
    await mkdir(temps)
    await writeFile(join(temps, 'old'), 'half')
    await writeFile(join(temps, 'young'), 'half')
    const twoDaysAgo = Date.now() / 1000 - 2 * 86_400
    await utimes(join(temps, 'old'), twoDaysAgo, twoDaysAgo)
    const store = new FileStore(root)
    expect((await store.list('')).objects).toEqual([])
    await store.put('a', text('1'))
    expect(await readdir(temps)).toEqual(['young'])
    await expect(store.get('.sluice-tmp/young')).rejects.toMatchObject({ code: 'DATA_INVALID' })
  })

  test('a folder removed behind the store is made again', async () => {
    const store = new FileStore(join(root, 'lake'))
    await store.put('t/a', text('1'))
    await rm(join(root, 'lake'), { recursive: true })
    await store.put('t/b', text('2'))
    expect(await store.putIfAbsent('t/a', text('3'))).toBe('created')
    await rm(join(root, 'lake', 't'), { recursive: true })
    expect(await store.putIfAbsent('t/a', text('4'))).toBe('created')
  })

  test('the URL of a folder with spaces, percent signs and Unicode is that folder', async () => {
    const odd = join(root, 'my %20 läke')
    await openObjectStore(pathToFileURL(odd).href).put('a', text('1'))
    expect(await openObjectStore(odd).get('a')).toEqual(text('1'))
    expect(await readdir(odd)).toContain('a')
    expect(openObjectStore(odd).url).toBe(pathToFileURL(odd).href)
  })

  test('a root that cannot be made is refused, and does not hang', async () => {
    const store = new FileStore('/proc/no/such/folder')
    await expect(store.put('a', text('1'))).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', retriable: false })
  })

  test('a root that is a file is refused with the reason', async () => {
    await writeFile(join(root, 'plain'), 'x')
    const store = new FileStore(join(root, 'plain'))
    await expect(store.put('a', text('1'))).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', retriable: false })
    await expect(store.get('a')).rejects.toMatchObject({ code: 'OBJECT_MISSING' })
  })

  test('two stores on one folder see each other, as two processes do', async () => {
    const [one, two] = [new FileStore(root), new FileStore(`${root}/`)]
    expect(await one.putIfAbsent('a', text('1'))).toBe('created')
    expect(await two.putIfAbsent('a', text('2'))).toBe('exists')
    expect(one.url).toBe(two.url)
  })
})
