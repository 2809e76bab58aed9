/** Object storage behind one contract. */
export { FileStore } from './file-store.ts'
export { MemoryStore } from './memory-store.ts'
export { checkPath, checkWanted, compareUtf8 } from './object-path.ts'
export { listAll } from './object-store.ts'
export type { ListOptions, ObjectFacts, ObjectPage, ObjectStore, StoreCall } from './object-store.ts'
export { openObjectStore } from './open-object-store.ts'
export type { ObjectStoreOptions } from './open-object-store.ts'
export { probeObjectStore } from './probe.ts'
