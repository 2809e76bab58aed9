import type { Schema, Value } from '@sluice/sdk'

export interface MadeRecord {
  readonly keySchema: Schema | null
  readonly key: Value
  readonly valueSchema: Schema | null
  readonly value: Value
  /** Whether a record of the same key and no value comes behind it. */
  readonly hasTombstone: boolean
}

/** Makes each record from its number alone, in any order. */
export interface RecordMaker {
  make(number: number): MadeRecord
}
