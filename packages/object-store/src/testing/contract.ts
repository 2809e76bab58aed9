import assert from 'node:assert/strict'
import { SluiceError } from '@sluice/sdk'
import type { ErrorCode } from '@sluice/sdk'
import { compareUtf8 } from '../object-path.ts'
import { listAll } from '../object-store.ts'
import type { ObjectStore } from '../object-store.ts'

/** The `test` of any runner: Jest, node:test, Vitest. */
export type TestFunction = (name: string, body: () => Promise<void>, timeoutMs?: number) => void

export interface ContractSubject {
  /** An empty store, and how to get rid of it. Called once per test. */
  open(): Promise<{ readonly store: ObjectStore; close(): Promise<void> }>
}

const text = (value: string): Uint8Array => new TextEncoder().encode(value)
const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

/** What an object store promises, as tests. Each store's own test file runs them with its runner's `test`. */
export function testObjectStore(test: TestFunction, subject: ContractSubject): void {
  const check = (name: string, body: (store: ObjectStore) => Promise<void>): void =>
    test(`object store: ${name}`, async () => {
      const opened = await subject.open()
      try {
        await body(opened.store)
      } finally {
        await opened.close()
      }
    }, 60_000)

  check('an object reads back as it was put, also empty and in deep folders', async (store) => {
    await store.put('a', text('one'))
    await store.put('deep/er/and/deeper', text('two'))
    await store.put('empty', new Uint8Array(0))
    assert.equal(textOf(await store.get('a')), 'one')
    assert.equal(textOf(await store.get('deep/er/and/deeper')), 'two')
    assert.equal((await store.get('empty')).length, 0)
    assert.equal((await store.head('empty'))?.size, 0)
  })

  check('put replaces the whole object', async (store) => {
    await store.put('a', text('a long first value'))
    await store.put('a', text('short'))
    assert.equal(textOf(await store.get('a')), 'short')
    assert.equal((await store.head('a'))?.size, 5)
  })

  check('putIfAbsent creates once and never changes what is there', async (store) => {
    assert.equal(await store.putIfAbsent('log/0', text('first')), 'created')
    assert.equal(await store.putIfAbsent('log/0', text('second')), 'exists')
    assert.equal(textOf(await store.get('log/0')), 'first')
    await store.delete('log/0')
    assert.equal(await store.putIfAbsent('log/0', text('third')), 'created')
    assert.equal(textOf(await store.get('log/0')), 'third')
  })

  check('of 20 racing putIfAbsent exactly one wins, and its bytes are the object', async (store) => {
    for (let round = 0; round < 10; round++) {
      const path = `race/${round}`
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, writer) => store.putIfAbsent(path, text(`writer ${writer} `.repeat(500)))),
      )
      const winners = answers.flatMap((answer, writer) => (answer === 'created' ? [writer] : []))
      assert.equal(winners.length, 1, `round ${round}: winners ${winners.join(', ')}`)
      assert.equal(textOf(await store.get(path)), `writer ${winners[0]} `.repeat(500))
    }
  })

  check('a reader never sees a part of an object that is being replaced', async (store) => {
    const versions = ['x'.repeat(300_000), 'y'.repeat(200_000)]
    await store.put('busy', text(versions[0]!))
    const write = async (): Promise<void> => {
      for (let i = 0; i < 20; i++) await store.put('busy', text(versions[i % 2]!))
    }
    const read = async (): Promise<void> => {
      for (let i = 0; i < 100; i++) assert.ok(versions.includes(textOf(await store.get('busy'))))
    }
    await Promise.all([write(), read()])
  })

  check('a missing object: get and getRange say OBJECT_MISSING, head undefined, delete nothing', async (store) => {
    await store.put('there/is', text('one'))
    for (const path of ['missing', 'there', 'there/is/not', 'there/not']) {
      await rejects(store.get(path), 'OBJECT_MISSING')
      await rejects(store.getRange(path, 0, 1), 'OBJECT_MISSING')
      assert.equal(await store.head(path), undefined)
      await store.delete(path)
    }
    assert.equal(textOf(await store.get('there/is')), 'one')
  })

  check('getRange reads the middle, and less where the object ends', async (store) => {
    await store.put('a', text('0123456789'))
    assert.equal(textOf(await store.getRange('a', 2, 3)), '234')
    assert.equal(textOf(await store.getRange('a', 8, 100)), '89')
    assert.equal(textOf(await store.getRange('a', 10, 5)), '')
    assert.equal(textOf(await store.getRange('a', 99, 5)), '')
  })

  check('bytes handed in and out are not shared', async (store) => {
    const mine = text('abc')
    await store.put('a', mine)
    mine[0] = 0
    const read = await store.get('a')
    assert.equal(textOf(read), 'abc')
    read[0] = 0
    assert.equal(textOf(await store.get('a')), 'abc')
  })

  check('a large object (20 MB) comes back whole', async (store) => {
    const large = new Uint8Array(20_000_000)
    for (let i = 0; i < large.length; i++) large[i] = (i * 31) ^ (i >>> 11)
    await store.put('large', large)
    assert.equal((await store.head('large'))?.size, large.length)
    assert.ok(Buffer.from(await store.get('large')).equals(large))
    assert.ok(Buffer.from(await store.getRange('large', 19_999_000, 1000)).equals(large.subarray(19_999_000)))
  })

  check('names are literal: spaces, percent signs, Unicode, quotes, dots', async (store) => {
    const names = [
      'a b',
      'a%20b',
      'p=a%2520b',
      'ümläut/東京',
      '𝒳',
      "it's",
      'a+b&c=d?e#f',
      '..a',
      'a..',
      '.hidden',
      '~',
      '\\',
    ]
    for (const name of names) await store.put(`n/${name}`, text(name))
    for (const name of names) assert.equal(textOf(await store.get(`n/${name}`)), name)
    assert.deepEqual(
      (await store.list('n/')).objects.map((object) => object.path),
      names.map((name) => `n/${name}`).toSorted(compareUtf8),
    )
  })

  check('paths that could lead out of the store are refused', async (store) => {
    for (const path of ['', '/', '/etc/passwd', '..', '../x', 'a/../../x', 'a/./b', 'a//b', 'a/', 'a\0b', '\ud800']) {
      await rejects(store.put(path, text('x')), 'DATA_INVALID')
      await rejects(store.putIfAbsent(path, text('x')), 'DATA_INVALID')
      await rejects(store.get(path), 'DATA_INVALID')
      await rejects(store.head(path), 'DATA_INVALID')
      await rejects(store.delete(path), 'DATA_INVALID')
    }
    await rejects(store.list('../'), 'DATA_INVALID')
  })

  check('list is in UTF-8 order, by text prefix, across folders', async (store) => {
    const paths = ['a-b', 'a.b', 'a/b', 'a/b-c', 'a/b/c', 'a/z', 'aa', 'b', 'Z', 'z\uff5e', 'z\u{10000}']
    const fileLike = paths.filter((path) => path !== 'a/b')
    for (const path of fileLike) await store.put(path, text(path))
    const listed = (await store.list('')).objects
    assert.deepEqual(
      listed.map((object) => object.path),
      ['Z', 'a-b', 'a.b', 'a/b-c', 'a/b/c', 'a/z', 'aa', 'b', 'z\uff5e', 'z\u{10000}'],
    )
    assert.ok(listed.every((object) => object.size === text(object.path).length))
    assert.deepEqual(await pathsOf(store, 'a/b'), ['a/b-c', 'a/b/c'])
    assert.deepEqual(await pathsOf(store, 'a/'), ['a/b-c', 'a/b/c', 'a/z'])
    assert.deepEqual(await pathsOf(store, 'nothing/'), [])
  })

  check('list pages without loss or repetition; startAfter need not exist', async (store) => {
    const paths = Array.from({ length: 57 }, (_, i) => `log/${String(i * 2).padStart(20, '0')}.json`)
    await Promise.all(paths.map((path) => store.put(path, text('{}'))))
    const seen: string[] = []
    let startAfter: string | undefined
    for (let more = true; more;) {
      const page = await store.list('log/', { limit: 10, startAfter })
      assert.ok(page.objects.length <= 10)
      seen.push(...page.objects.map((object) => object.path))
      startAfter = seen.at(-1)
      more = page.more
    }
    assert.deepEqual(seen, paths)
    const later = await store.list('log/', { startAfter: `log/${'99'.padStart(20, '0')}.json` })
    assert.deepEqual(
      later.objects.map((object) => object.path),
      paths.slice(50),
    )
    assert.deepEqual(await store.list('log/', { startAfter: 'zzz' }), { objects: [], more: false })
    await rejects(store.list('log/', { limit: 0 }), 'DATA_INVALID')
  })

  check('a caller who no longer waits is told so', async (store) => {
    const stopped = { signal: AbortSignal.abort() }
    await rejects(store.put('a', text('x'), stopped), 'INTERRUPTED')
    await rejects(store.get('a', stopped), 'INTERRUPTED')
    await rejects(store.list('', stopped), 'INTERRUPTED')
    const late = AbortSignal.abort(new DOMException('late', 'TimeoutError'))
    await rejects(store.putIfAbsent('a', text('x'), { signal: late }), 'STORE_UNAVAILABLE')
    assert.equal(await store.head('a'), undefined)
  })
}

async function pathsOf(store: ObjectStore, prefix: string): Promise<string[]> {
  const paths: string[] = []
  for await (const object of listAll(store, prefix)) paths.push(object.path)
  return paths
}

async function rejects(promise: Promise<unknown>, code: ErrorCode): Promise<void> {
  await assert.rejects(promise, (error: unknown) => {
    assert.ok(error instanceof SluiceError, `expected a SluiceError, got ${String(error)}`)
    assert.equal(error.code, code)
    return true
  })
}
