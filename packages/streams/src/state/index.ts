/** State stores and their engines, without a topology: for benchmarks, tools, and tests of stores. */
export { createStore, memoryStores } from './create-store.ts'
export type { StoreDefinition, StoreEngine, StoreKind } from './definition.ts'
export { LmdbState, type LmdbOptions } from './lmdb/lmdb-state.ts'
export type {
  Changelog,
  ChangelogRecord,
  CurrentRecord,
  RestoreFilter,
  StoreContext,
  StoreFactory,
  TaskStore,
} from './store-context.ts'
export * from './stores.ts'
