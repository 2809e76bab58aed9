export { readParquet } from './read-parquet.ts'
export type { ParquetRow, ReadOptions } from './read-parquet.ts'
export type { RangedSource } from './source.ts'
