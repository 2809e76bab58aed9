/** What is asked of a table: files that shall belong to it, and progress that moves with them. */
import type { AddAction } from './actions.ts'
import type { JsonObject } from './exact-json.ts'
import { encodePath } from './paths.ts'
import type { DeltaSchema } from './schema.ts'

/** A data file that was written and now shall belong to the table. */
export interface DataFile {
  /** Below the table, as the store knows it (not percent-encoded). Unique for all time. */
  readonly path: string
  /** Bytes. */
  readonly size: number
  /** Milliseconds since the epoch. */
  readonly modifiedMs: number
  readonly rows: number
  /** The text of `statsOf`. */
  readonly stats: string
  /** A text, or null, per partition column; absent: the table has none. See `Partitioner`. */
  readonly partitionValues?: Readonly<Record<string, string | null>>
  /** The table's schema for which it was written. */
  readonly schema: DeltaSchema
}

/** Progress of one application, moved in the same commit as the data: compare and set. */
export interface TxnClaim {
  readonly appId: string
  /** What the table shall hold afterwards. */
  readonly version: number
  /** What the writer believes it holds now; undefined: nothing. */
  readonly expected: number | undefined
}

export interface AppendRequest {
  /** Unique to this request. Repeating a request with the same id after a failure is safe. */
  readonly txnId: string
  /** Other ids under which the same request may have been committed already, as one with others. */
  readonly earlierIds?: readonly string[]
  readonly files: readonly DataFile[]
  readonly txns: readonly TxnClaim[]
  /** First and last offset per partition of a topic, for audits of the log alone … */
  readonly offsets?: Readonly<Record<string, readonly [number, number]>>
  /** … and how many of them are rows in these files; the others were skipped, diverted or never there. */
  readonly rows?: Readonly<Record<string, number>>
}

/** What the log says of the file. */
export function addOf({ path, partitionValues = {}, size, modifiedMs, stats }: DataFile): AddAction {
  return { path: encodePath(path), partitionValues, size, modificationTime: modifiedMs, dataChange: true, stats }
}

/** Under the names that Spark's history shows; as texts, as there. */
export function metricsOf(files: readonly DataFile[]): JsonObject {
  return {
    numAddedFiles: String(files.length),
    numRemovedFiles: '0',
    numOutputRows: String(files.reduce((sum, { rows }) => sum + rows, 0)),
    numOutputBytes: String(files.reduce((sum, { size }) => sum + size, 0)),
  }
}
