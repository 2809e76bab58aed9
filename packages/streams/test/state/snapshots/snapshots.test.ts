import { MemoryStore } from '@sluice/object-store'
import { testSnapshots } from './contract.ts'

testSnapshots(() => new MemoryStore())
