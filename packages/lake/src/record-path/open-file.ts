import { ValueError } from '@sluice/sdk'
import type { Clock, SluiceError } from '@sluice/sdk'
import { bloomFiltersIn } from '../formats/delta/bloom-filters.ts'
import { physicalName, physicalRows, physicalSchema, underLogicalNames } from '../formats/delta/column-mapping.ts'
import { parquetColumnsOf } from '../formats/delta/columns.ts'
import type { DeltaSchema } from '../formats/delta/schema.ts'
import { statsOf } from '../formats/delta/stats.ts'
import type { DataFile } from '../formats/delta/requests.ts'
import { SameThreadWriter } from '../parquet/index.ts'
import type { EncoderUser, LocatedRow, MemoryWriter, ParquetOptions } from '../parquet/index.ts'

type Row = Readonly<Record<string, unknown>>

/** A finished file: what the log will say of it, and its bytes, which go away once the store has them. */
export interface FinishedFile {
  readonly file: DataFile
  bytes: Uint8Array | undefined
}

/** Where a file belongs in its table. */
export interface FilePlace {
  /** Its name below the table, unique for all time. */
  readonly name: string
  /** Of the partition columns; absent: the table has none. */
  readonly partitionValues?: Readonly<Record<string, string | null>>
}

/** A Parquet file that rows go into, in memory. */
export class OpenFile {
  readonly schema: DeltaSchema
  /** When it last came to hand; see `OpenFiles`. */
  lastTurn = 0
  readonly #place: FilePlace
  /** Where columns have other names in files than in rows. */
  readonly #toFile: ((row: Row) => Row) | undefined
  readonly #parquet: MemoryWriter

  /** @param encoders threads that encode it; undefined: this one does */
  constructor(
    place: FilePlace,
    schema: DeltaSchema,
    table: string,
    options: ParquetOptions,
    encoders: EncoderUser | undefined,
  ) {
    this.schema = schema
    this.#place = place
    const { partitionValues = {} } = place
    const fields = schema.fields.filter((field) => !Object.hasOwn(partitionValues, physicalName(field)))
    this.#toFile = physicalRows({ fields })
    const bloomFilters = bloomFiltersIn({ fields }, options.bloomFilters ?? [])
    const columns = parquetColumnsOf(physicalSchema({ fields }), table)
    const chosen = { ...options, bloomFilters }
    this.#parquet = encoders === undefined ? new SameThreadWriter(columns, chosen) : encoders.writer(columns, chosen)
  }

  /** Throws ValueError and leaves the file as it was when the row does not fit; see `RowTaker.appendRow`. */
  append(row: Row): void {
    if (this.#toFile === undefined) this.#parquet.appendRow(row)
    else this.#appendRenamed(this.#toFile(row))
  }

  /** The row of JSON text; false where columns have other names in files than in rows. Throws as `append` does. */
  appendLocated(row: LocatedRow, given: Row | null): boolean {
    if (this.#toFile !== undefined) return false
    this.#parquet.appendLocated(row, given)
    return true
  }

  #appendRenamed(row: Row): void {
    try {
      this.#parquet.appendRow(row)
    } catch (error) {
      throw error instanceof ValueError ? underLogicalNames(error, this.schema) : error
    }
  }

  get rows(): number {
    return this.#parquet.rows
  }

  /** About the size that the file would have if it ended now. */
  get bytes(): number {
    return this.#parquet.bytes
  }

  /** What the thread that encoded it failed of: then its rows are gone. */
  get loss(): SluiceError | undefined {
    return this.#parquet.loss
  }

  drop(): void {
    this.#parquet.drop()
  }

  /** Rejects with ENCODER_LOST when its rows are gone. */
  async finish(clock: Clock, configuration: Readonly<Record<string, string>>): Promise<FinishedFile> {
    const { facts, bytes } = await this.#parquet.finish()
    const { name, partitionValues } = this.#place
    return {
      file: {
        path: name,
        size: facts.size,
        modifiedMs: Math.trunc(clock.now()),
        rows: facts.rows,
        ...(partitionValues === undefined ? {} : { partitionValues }),
        stats: statsOf(facts, configuration),
        schema: this.schema,
      },
      bytes,
    }
  }
}
