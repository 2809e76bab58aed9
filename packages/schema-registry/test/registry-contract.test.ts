import { describe, test } from '@jest/globals'
import { memoryRegistry, registryContract } from '../src/testing/index.ts'

describe('a registry within the process', () => registryContract(test, () => memoryRegistry()))
