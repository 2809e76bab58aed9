/** Tables with a memory: what a reader must find in each version is kept row by row, and not taken from the table. */
import { randomUUID } from 'node:crypto'
import { FileStore } from '@sluice/object-store'
import type { ObjectFacts } from '@sluice/object-store'
import { MemoryMetrics, systemClock, systemRandom } from '@sluice/sdk'
import type { Clock, StructSchema } from '@sluice/sdk'
import { DeltaTable, TableWriter, deltaSchemaOf } from '@sluice/lake'
import type { ParquetOptions, TableDesign } from '@sluice/lake'
import { compacted } from './compact.ts'

export type Row = Record<string, unknown>
/** What a row says, by the texts of its values: those that `said` of `.ci/delta_expected.py` makes, too. Null is null. */
export type Said = Record<string, unknown>

/** Whose clock may run ahead: the log is cleaned up behind it. */
export class LateStore extends FileStore {
  aheadMs = 0
  readonly clock: Clock = {
    now: () => systemClock.now() + this.aheadMs,
    monotonic: () => systemClock.monotonic(),
    sleep: (ms, signal) => systemClock.sleep(ms, signal),
  }

  override async head(path: string): Promise<ObjectFacts | undefined> {
    const facts = await super.head(path)
    return facts && { ...facts, modifiedMs: facts.modifiedMs + this.aheadMs }
  }
}

/** Per version that can be read its rows; and those that can no longer. */
export interface Expected {
  versions: Record<number, Said[]>
  gone: number[]
}

const LIMITS = { rowsMax: 1e6, bytesMax: 1e8, ageMaxMs: 1e6, idleMaxMs: 1e6 }

export class KeptTable {
  readonly table: DeltaTable
  readonly expected: Expected = { versions: {}, gone: [] }
  readonly #store: LateStore
  #writer: TableWriter
  #rows: Said[] = []
  #offset = 0

  private constructor(store: LateStore, table: DeltaTable) {
    this.#store = store
    this.table = table
    this.#writer = this.#writerWith({})
    this.note()
  }

  static async make(
    store: LateStore,
    name: string,
    schema: StructSchema,
    design: TableDesign = {},
  ): Promise<KeptTable> {
    const ports = { clock: store.clock, random: systemRandom, engineInfo: 'sluice-lake', newId: randomUUID }
    return new KeptTable(
      store,
      await DeltaTable.openOrCreate(store, name, deltaSchemaOf(schema), ports, undefined, design),
    )
  }

  /** Rows that go in, with what a reader must say of each. */
  async write(...rows: readonly (readonly [Row, Said])[]): Promise<void> {
    for (const [row, said] of rows) {
      this.#writer.append(this.#writer.lane('p0', 'rows-0'), this.#offset++, row)
      this.#rows.push(said)
    }
    await this.#writer.commit()
    await this.table.settled()
    this.note()
  }

  /** What is written from here on is written like that. */
  encode(parquet: ParquetOptions): void {
    this.#writer = this.#writerWith(parquet)
  }

  /** @param added what a reader says of the new columns in the rows so far */
  async accept(schema: StructSchema, added: Said = {}): Promise<void> {
    await this.#writer.accept(schema)
    this.change((said) => ({ ...said, ...added }))
  }

  /** What a reader says of the rows so far, from this version on. */
  change(how: (said: Said) => Said): void {
    this.#rows = this.#rows.map(how)
    this.note()
  }

  /** The files of each partition become one; with `drop`, without the rows of which it says so. */
  async compact(drop?: (said: Said) => boolean): Promise<void> {
    const { table } = this
    const removed = [...table.snapshot.files]
    // `id` is the one column by which the rows in the files are told from each other.
    const gone = new Set(this.#rows.filter((said) => drop?.(said)).map(({ id }) => id))
    await table.rewrite({
      txnId: randomUUID(),
      operation: drop === undefined ? 'OPTIMIZE' : 'DELETE',
      readVersion: table.snapshot.version,
      readFiles: removed,
      wouldRead: () => true,
      removed,
      files: await compacted(table, this.#store, (row) => !gone.has(String(row['id']))),
      dataChange: drop !== undefined,
      txns: [],
    })
    await table.settled()
    this.#rows = this.#rows.filter(({ id }) => !gone.has(id))
    this.note()
  }

  note(): void {
    this.expected.versions[this.table.snapshot.version] = [...this.#rows]
  }

  /** Versions before that one can no longer be read. */
  forget(before: number): void {
    const { versions, gone } = this.expected
    for (const version of Object.keys(versions).map(Number))
      if (version < before) {
        gone.push(version)
        delete versions[version]
      }
  }

  #writerWith(parquet: ParquetOptions): TableWriter {
    const ports = { clock: this.#store.clock, metrics: new MemoryMetrics(), newId: randomUUID }
    return new TableWriter(this.table, this.#store, { ...LIMITS, parquet }, ports)
  }
}
