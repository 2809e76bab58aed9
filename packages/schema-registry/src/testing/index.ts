/** What converters are tested with, and what an implementation of the door is tested with. */
export { type MemoryRegistryOptions, memoryRegistry } from './memory-registry.ts'
export { type OpenRegistry, type Test, registryContract } from './registry-contract.ts'
