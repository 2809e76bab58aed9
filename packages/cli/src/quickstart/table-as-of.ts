/** Time travel: the files that a table had in a version, from the entries of its log up to there. */
import { SluiceError } from '@sluice/sdk'
import type { ObjectStore } from '@sluice/object-store'

interface Action {
  readonly add?: { readonly path: string }
  readonly remove?: { readonly path: string }
}

/**
 * @returns paths in the store
 * @throws SluiceError OBJECT_MISSING for a version that is not there, or whose log was cleaned away
 */
export async function filesAsOf(store: ObjectStore, table: string, version: number): Promise<readonly string[]> {
  const files = new Set<string>()
  for (let entry = 0; entry <= version; entry++) {
    for (const { add, remove } of await readEntry(store, table, entry)) {
      if (add !== undefined) files.add(`${table}/${decodeURIComponent(add.path)}`)
      if (remove !== undefined) files.delete(`${table}/${decodeURIComponent(remove.path)}`)
    }
  }
  return [...files]
}

async function readEntry(store: ObjectStore, table: string, version: number): Promise<readonly Action[]> {
  const path = `${table}/_delta_log/${String(version).padStart(20, '0')}.json`
  try {
    const text = new TextDecoder().decode(await store.get(path))
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Action)
  } catch (cause) {
    if (!(cause instanceof SluiceError) || cause.code !== 'OBJECT_MISSING') throw cause
    throw new SluiceError('OBJECT_MISSING', `The table has no version ${version} any more, or not yet`, {
      cause,
      place: { file: path },
      remedy: 'Give a version between the oldest entry of _delta_log and the newest.',
    })
  }
}
