export { readParquet, readParquetFacts } from './read-parquet.ts'
export type { ParquetFacts, ParquetRow, ReadOptions } from './read-parquet.ts'
export type { RangedSource } from './source.ts'
