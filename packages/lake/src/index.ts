/** Rows to Parquet to Delta tables. */
export * from './formats/delta/index.ts'
export * from './parquet/index.ts'
export { Lane, appIdOf, topicAppIdOf } from './record-path/lane.ts'
export type { LaneName } from './record-path/lane.ts'
export { layoutOfSchema } from './record-path/schema-layout.ts'
export { TableWriter } from './record-path/table-writer.ts'
export type { TableWriterOptions, TableWriterPorts } from './record-path/table-writer.ts'
