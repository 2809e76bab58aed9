/**
 * What no store takes. Types say so, and programs get by them: `store.put(record.key!, …)`. Written all the same, no key would be the
 * empty one after a restart, and a time that is none another one, or the end of the run when its changelog is written.
 */
import { DataError } from '@sluice/sdk'
import { fitsBatch } from '../record-time.ts'

/** @throws DataError */
export function checkKey(store: string, key: unknown): void {
  if (key !== null && key !== undefined) return
  throw new DataError(`Store ${store} takes no row without a key`, {
    place: { store },
    remedy: 'Filter records without a key before, or give them one.',
  })
}

/** @throws DataError */
export function checkTime(store: string, time: number): void {
  if (fitsBatch(time)) return
  throw new DataError(`Store ${store} takes no row of the time ${time}`, {
    place: { store },
    remedy: 'Give milliseconds since the epoch, without a fraction.',
  })
}
