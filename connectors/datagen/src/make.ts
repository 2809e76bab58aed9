import type { Value } from '@sluice/sdk'
import type { RecordRandom } from './record-random.ts'

/** Makes a value. Iterations stand where the number of the record says, so that each record can be made without those before it. */
export type Make = (random: RecordRandom, number: number) => Value
