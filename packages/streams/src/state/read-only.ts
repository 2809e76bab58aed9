import { SluiceError } from '@sluice/sdk'
import type { StateStore } from './stores.ts'

const CHANGES = new Set(['put', 'putIfAbsent', 'putAll', 'delete', 'remove', 'flush', 'restore'])

/**
 * A store as those see it who must not change it: a global one, for the tasks. Every method that reads is the store's own, bound once;
 * those that change it throw a SluiceError TOPOLOGY_INVALID, and `close` does nothing.
 */
export function readOnly(store: StateStore): StateStore {
  const view: Record<string, unknown> = { name: store.name, close: () => undefined }
  for (let of: object = store; of !== Object.prototype; of = Object.getPrototypeOf(of) as object) {
    for (const name of Object.getOwnPropertyNames(of)) {
      if (name === 'constructor' || name in view) continue
      const method = (store as unknown as Readonly<Record<string, unknown>>)[name]
      if (typeof method !== 'function') continue
      view[name] = CHANGES.has(name) ? () => refuse(store.name, name) : method.bind(store)
    }
  }
  return view as unknown as StateStore
}

function refuse(store: string, method: string): never {
  throw new SluiceError('TOPOLOGY_INVALID', `${method}() of global store ${store} is called by a task`, {
    place: { store },
    remedy: 'Write to the topic of the store: only the processor that fills a global store may change it.',
  })
}
