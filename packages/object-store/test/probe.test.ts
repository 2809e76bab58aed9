import { expect, test } from '@jest/globals'
import { MemoryStore, probeObjectStore } from '@sluice/object-store'
import { FaultyStore } from '@sluice/object-store/testing'

class Forgetful extends MemoryStore {
  override async putIfAbsent(path: string, bytes: Uint8Array): Promise<'created' | 'exists'> {
    await this.put(path, bytes)
    return 'created'
  }
}

test('a store that keeps its promise passes, and nothing stays behind', async () => {
  const store = new MemoryStore()
  await probeObjectStore(store)
  expect((await store.list('')).objects).toEqual([])
})

test('a store that lets a second writer win is refused', async () => {
  const store = new Forgetful()
  await expect(probeObjectStore(store)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', retriable: false })
  expect((await store.list('')).objects).toEqual([])
})

test('a store that cannot be written says so', async () => {
  await expect(probeObjectStore(new FaultyStore(new MemoryStore(), [{ effect: 'refuse' }]))).rejects.toMatchObject({
    code: 'STORE_UNAVAILABLE',
  })
})
