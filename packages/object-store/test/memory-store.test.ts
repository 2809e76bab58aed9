import { describe, expect, test } from '@jest/globals'
import { MemoryStore, openObjectStore } from '@sluice/object-store'
import { testObjectStore } from '@sluice/object-store/testing'

describe('memory:', () => {
  testObjectStore(test, { open: async () => ({ store: new MemoryStore(), close: async () => undefined }) })

  test('the same name is the same store within the process; no name is a new one', async () => {
    await openObjectStore('memory:shared').put('a', new Uint8Array([1]))
    expect(await openObjectStore('memory:shared').get('a')).toEqual(new Uint8Array([1]))
    await openObjectStore('memory:').put('a', new Uint8Array([1]))
    expect(await openObjectStore('memory:').head('a')).toBeUndefined()
  })
})
