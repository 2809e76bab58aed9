import { randomUUID } from 'node:crypto'
import { SluiceError } from '@sluice/sdk'
import type { ObjectStore, StoreCall } from './object-store.ts'

/**
 * Finds out, by trying, whether the store can be written and keeps the promise of `putIfAbsent`. Some servers take the
 * condition and ignore it; a table on such a store loses commits without a word. Leaves nothing behind.
 * @throws SluiceError STORE_UNAVAILABLE when it cannot be written, or when it lets a second writer win
 */
export async function probeObjectStore(store: ObjectStore, call?: StoreCall): Promise<void> {
  const path = `_sluice-probe-${randomUUID()}`
  const answers = [
    await store.putIfAbsent(path, new Uint8Array([1]), call),
    await store.putIfAbsent(path, new Uint8Array([2]), call),
  ]
  await store.delete(path, call)
  if (answers.join() === 'created,exists') return
  throw new SluiceError(
    'STORE_UNAVAILABLE',
    `The object store ${store.url} does not honour writes that must not replace an object: two in a row were answered ${answers.join(' and ')}`,
    { remedy: 'Use a store with conditional writes; commits to a table would be lost here.' },
  )
}
