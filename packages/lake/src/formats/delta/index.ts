/** Delta tables: opened or made, appended to, evolved. */
export { deltaSchemaOf, parquetColumnsOf, recordSchemaOf } from './columns.ts'
export { nameProblem, plainName } from './schema.ts'
export type { DeltaField, DeltaSchema } from './schema.ts'
export type { DeltaSnapshot } from './snapshot.ts'
export type { AddAction, MetadataAction, ProtocolAction } from './actions.ts'
export { statsOf } from './stats.ts'
export { DeltaTable } from './table.ts'
export type { AppendRequest, DataFile, DeltaPorts, TableDesign, TxnClaim } from './table.ts'
