import { LOGICAL } from '@sluice/sdk'
import type { Schema, SchemaType } from '@sluice/sdk'

export type LogicalType = keyof typeof LOGICAL

const BASES: ReadonlyMap<string | undefined, readonly [LogicalType, SchemaType]> = new Map([
  [LOGICAL.decimal, ['decimal', 'bytes']],
  [LOGICAL.date, ['date', 'int32']],
  [LOGICAL.time, ['time', 'int32']],
  [LOGICAL.timestamp, ['timestamp', 'int64']],
])

/** Which of Connect's logical types a schema is: by its name, upon the right base type. */
export function logicalType(schema: Schema): LogicalType | undefined {
  const found = BASES.get(schema.name)
  return found !== undefined && found[1] === schema.type ? found[0] : undefined
}
