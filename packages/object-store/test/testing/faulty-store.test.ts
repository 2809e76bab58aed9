import { describe, expect, test } from '@jest/globals'
import { MemoryStore } from '@sluice/object-store'
import { FaultyStore } from '@sluice/object-store/testing'

const bytes = new Uint8Array([1])

describe('a faulty store', () => {
  test('refuses exactly the call it was told to', async () => {
    const store = new FaultyStore(new MemoryStore(), [{ effect: 'refuse', on: 'put', path: /^b/, nth: 2 }])
    await store.put('b1', bytes)
    await store.put('a', bytes)
    await expect(store.put('b2', bytes)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', retriable: true })
    await store.put('b3', bytes)
    expect((await store.list('')).objects.map((object) => object.path)).toEqual(['a', 'b1', 'b3'])
    expect(store.calls).toEqual(['put b1', 'put a', 'put b2', 'put b3', 'list '])
  })

  test('carries a call out and loses its answer', async () => {
    const store = new FaultyStore(new MemoryStore(), [
      { effect: 'lose-answer', on: 'putIfAbsent' },
      { effect: 'answer-exists', on: 'putIfAbsent', nth: 2 },
    ])
    await expect(store.putIfAbsent('a', bytes)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    expect(await store.putIfAbsent('b', bytes)).toBe('exists')
    expect(await store.get('a')).toEqual(bytes)
    expect(await store.get('b')).toEqual(bytes)
  })

  test('after a crash nothing is answered any more, and what lies below is as the crash left it', async () => {
    const below = new MemoryStore()
    const store = new FaultyStore(below, [{ effect: 'crash-after', on: 'put', nth: 2 }])
    await store.put('a', bytes)
    await expect(store.put('b', bytes)).rejects.toMatchObject({ code: 'INTERRUPTED' })
    await expect(store.get('a')).rejects.toMatchObject({ code: 'INTERRUPTED' })
    expect(await below.get('b')).toEqual(bytes)
  })

  test('lets somebody else act in between', async () => {
    const below = new MemoryStore()
    const store = new FaultyStore(below, [
      { effect: 'none', on: 'putIfAbsent', meanwhile: () => below.put('a', new Uint8Array([2])) },
    ])
    expect(await store.putIfAbsent('a', bytes)).toBe('exists')
  })

  test('the same seed fails the same calls, about as many as asked for', async () => {
    const run = async (seed: number): Promise<string> => {
      const store = FaultyStore.seeded(new MemoryStore(), seed, 0.3)
      let marks = ''
      for (let i = 0; i < 200; i++)
        marks += await store.put(`${i}`, bytes).then(
          () => '.',
          () => 'x',
        )
      return marks
    }
    const marks = await run(7)
    expect(await run(7)).toBe(marks)
    expect(await run(8)).not.toBe(marks)
    const failures = marks.replaceAll('.', '').length
    expect(failures).toBeGreaterThan(20)
    expect(failures).toBeLessThan(90)
  })
})
