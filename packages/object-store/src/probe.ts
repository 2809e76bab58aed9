import { randomUUID } from 'node:crypto'
import { SluiceError } from '@sluice/sdk'
import type { ObjectStore, StoreCall } from './object-store.ts'

/** What to do about a store that lets a second writer win. */
export const CONDITION_REMEDY =
  'Use a store with conditional writes (If-None-Match: *), such as AWS S3, MinIO, versitygw, or a file: URL; commits to a table would be lost here.'

const RACERS = 8

/**
 * Finds out, by trying, whether the store can be written and keeps the promise of `putIfAbsent`: of two writers in a row, and of
 * eight at once. Some servers take the condition and ignore it, others look at it too early; a table on such a store loses
 * commits without a word. Leaves nothing behind.
 * @throws SluiceError STORE_UNAVAILABLE when it cannot be written, or when it lets a second writer win
 */
export async function probeObjectStore(store: ObjectStore, call?: StoreCall): Promise<void> {
  const path = `_sluice-probe-${randomUUID()}`
  const paths = [`${path}-turns`, `${path}-race`] as const
  const putIfAbsent = (to: string, byte: number): Promise<'created' | 'exists'> =>
    store.putIfAbsent(to, new Uint8Array([byte]), call)
  try {
    const turns = [await putIfAbsent(paths[0], 1), await putIfAbsent(paths[0], 2)]
    if (turns.join() !== 'created,exists') throw unfit(store, `two in a row were answered ${turns.join(' and ')}`)
    const racers = await Promise.all(Array.from({ length: RACERS }, (_, racer) => putIfAbsent(paths[1], racer)))
    const winners = racers.flatMap((answer, racer) => (answer === 'created' ? [racer] : []))
    if (winners.length !== 1) throw unfit(store, `of ${RACERS} at once ${winners.length} were answered created`)
    if ((await store.get(paths[1], call))[0] !== winners[0])
      throw unfit(store, 'the one of several at once that was answered created was not the one that was kept')
  } catch (error) {
    await Promise.allSettled(paths.map((each) => store.delete(each, call)))
    throw error
  }
  for (const each of paths) await store.delete(each, call)
}

function unfit(store: ObjectStore, how: string): SluiceError {
  return new SluiceError(
    'STORE_UNAVAILABLE',
    `The object store ${store.url} does not honour writes that must not replace an object: ${how}`,
    { remedy: CONDITION_REMEDY },
  )
}
