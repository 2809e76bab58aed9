import { MemoryConfigStore } from '../../src/storage/memory-config-store.ts'
import { MemoryStatusStore } from '../../src/storage/memory-status-store.ts'
import { configStoreContract } from './config-store-contract.ts'
import { statusStoreContract } from './status-store-contract.ts'

configStoreContract('configs in memory', async () => new MemoryConfigStore())
statusStoreContract('statuses in memory', async () => new MemoryStatusStore())
