/** From a definition to a store. */

import type { StoreDefinition } from './definition.ts'
import { PlainKeyValueStore, TimestampedRows } from './key-value.ts'
import { memoryEngine } from './memory/engine.ts'
import { UnmatchedRecords } from './outer-join.ts'
import { JoinBuffer } from './record-buffer.ts'
import { Sessions } from './session.ts'
import type { StoreContext, StoreFactory, TaskStore } from './store-context.ts'
import { Suppression } from './suppression.ts'
import type { TableEngine } from './tables.ts'
import { Versions } from './versioned.ts'
import { PlainWindowStore, TimestampedWindows } from './window.ts'

export function createStore(definition: StoreDefinition, context: StoreContext, engine: TableEngine): TaskStore {
  switch (definition.kind) {
    case 'keyValue':
      return new PlainKeyValueStore(definition, context, engine)
    case 'timestampedKeyValue':
      return new TimestampedRows(definition, context, engine)
    case 'window':
      return new PlainWindowStore(definition, context, engine)
    case 'timestampedWindow':
      return new TimestampedWindows(definition, context, engine)
    case 'session':
      return new Sessions(definition, context, engine)
    case 'versioned':
      return new Versions(definition, context, engine)
    case 'suppression':
      return new Suppression(definition, context)
    case 'recordBuffer':
      return new JoinBuffer(definition, context)
    case 'outerJoin':
    default:
      return new UnmatchedRecords(definition, context)
  }
}

/** All stores in memory, whatever engine their definitions ask for: what tests use. */
export const memoryStores: StoreFactory = (definition, context) => createStore(definition, context, memoryEngine)
