import { SluiceError } from '@sluice/sdk'
import type { StateStore } from './stores.ts'
import { wrappedStore } from './wrapped-store.ts'

const CHANGES = new Set(['put', 'putIfAbsent', 'putAll', 'delete', 'remove', 'flush', 'restore'])

/**
 * A store as those see it who must not change it: a global one, for the tasks. Methods that change it throw a SluiceError
 * TOPOLOGY_INVALID, and `close` does nothing.
 */
export function readOnly(store: StateStore): StateStore {
  return wrappedStore(store, (name, method) => {
    if (name === 'close') return () => undefined
    return CHANGES.has(name) ? () => refuse(store.name, name) : method
  })
}

function refuse(store: string, method: string): never {
  throw new SluiceError('TOPOLOGY_INVALID', `${method}() of global store ${store} is called by a task`, {
    place: { store },
    remedy: 'Write to the topic of the store: only the processor that fills a global store may change it.',
  })
}
