import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import fs from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { FilePositions } from '../../src/positions/file-positions.ts'

let dir: string
beforeEach(async () => {
  dir = await fs.mkdtemp(path.join(os.tmpdir(), 'positions-'))
})
afterEach(async () => fs.rm(dir, { recursive: true }))

describe('positions in a file', () => {
  test('are there again after a restart', async () => {
    const file = path.join(dir, 'deep', 'positions.json')
    const store = await FilePositions.open(file)
    expect(await store.position('c', { f: 'x' })).toBeNull()
    await store.store('c', [{ partition: { f: 'x' }, position: { n: 1 } }])
    await store.store('d', [{ partition: { f: 'x' }, position: { n: 2 } }])
    const again = await FilePositions.open(file)
    expect(await again.position('c', { f: 'x' })).toEqual({ n: 1 })
    expect(await again.position('d', { f: 'x' })).toEqual({ n: 2 })
  })

  test('the order of a partition’s fields does not matter', async () => {
    const store = await FilePositions.open(path.join(dir, 'p.json'))
    await store.store('c', [{ partition: { a: 1, b: 2 }, position: { n: 1 } }])
    expect(await store.position('c', { b: 2, a: 1 })).toEqual({ n: 1 })
  })

  test('what is forgotten is gone, and all others of a connector can be told', async () => {
    const file = path.join(dir, 'p.json')
    const store = await FilePositions.open(file)
    await store.store('c', [
      { partition: { f: 'x' }, position: { n: 1 } },
      { partition: { f: 'y' }, position: { n: 9007199254740993n } },
    ])
    await store.store('d', [{ partition: { f: 'x' }, position: { n: 3 } }])
    await store.store('c', [{ partition: { f: 'x' }, position: null }])
    for (const one of [store, await FilePositions.open(file)]) {
      expect(await one.position('c', { f: 'x' })).toBeNull()
      expect(await one.positions('c')).toEqual([{ partition: { f: 'y' }, position: { n: 9007199254740993n } }])
    }
  })

  test('concurrent stores are all there', async () => {
    const file = path.join(dir, 'p.json')
    const store = await FilePositions.open(file)
    await Promise.all(Array.from({ length: 20 }, (_, n) => store.store('c', [{ partition: { n }, position: { n } }])))
    const again = await FilePositions.open(file)
    for (let n = 0; n < 20; n++) expect(await again.position('c', { n })).toEqual({ n })
  })

  test.each(['{', '[]', '{"key":1}', '\xac\xed\x00\x05'])(
    'a file that is something else is refused: %s',
    async (text) => {
      const file = path.join(dir, 'p.json')
      await fs.writeFile(file, text)
      await expect(FilePositions.open(file)).rejects.toMatchObject({ code: 'POSITION_UNREADABLE' })
    },
  )
})
