/** For tests: the contract that every object store keeps, and a store that fails on purpose. */
export { testObjectStore } from './contract.ts'
export type { ContractSubject, TestFunction } from './contract.ts'
export { FaultyStore } from './faulty-store.ts'
export type { Fault, FaultEffect, StoreOperation } from './faulty-store.ts'
