import { randomUUID } from 'node:crypto'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { DeltaTable, TableHistory } from '@sluice/lake'
import { openObjectStore } from '@sluice/object-store'
import type { ObjectStore } from '@sluice/object-store'
import { SluiceError, systemClock, systemRandom } from '@sluice/sdk'

export interface TableSummary {
  /** -1: there is no table yet. */
  readonly version: number
  readonly files: number
  readonly rows: number
}

export interface QueryResult {
  readonly columns: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

/** A Delta table in a folder or in an object store, read by DuckDB: the log says which files are the table. */
export class LakeTable {
  readonly version: number
  /** As the store knows them. */
  readonly files: readonly string[]
  readonly #store: ObjectStore
  readonly #path: string
  /** The folder that the store is; undefined: files have to be fetched. */
  readonly #folder: string | undefined

  private constructor(at: TablePlace, version: number, files: readonly string[]) {
    this.#store = at.store
    this.#path = at.path
    this.#folder = at.folder
    this.version = version
    this.files = files
  }

  /**
   * @param place a folder, or a URL as in `s3://bucket/lake/orders`, whose endpoint and credentials are those of the environment
   * @throws SluiceError TABLE_UNSUPPORTED for a table that needs what we do not have
   */
  static async open(place: string): Promise<LakeTable> {
    const at = placeOf(place)
    const table = await DeltaTable.open(at.store, at.path, {
      clock: systemClock,
      random: systemRandom,
      engineInfo: 'sluice',
      newId: randomUUID,
    })
    return table === undefined ? new LakeTable(at, -1, []) : new LakeTable(at, table.snapshot.version, table.filePaths)
  }

  /** The first version that can still be asked: those before it may have been cleaned out of the log. */
  async oldestVersion(): Promise<number> {
    return (await this.#history()).oldest
  }

  /**
   * The table as it was.
   * @throws SluiceError OBJECT_MISSING for a version that is not there yet, or no more
   */
  async asOf(version: number): Promise<LakeTable> {
    const files = await (await this.#history()).filesAsOf(version)
    return new LakeTable({ store: this.#store, path: this.#path, folder: this.#folder }, version, files)
  }

  async #history(): Promise<TableHistory> {
    const history = await TableHistory.open(this.#store, this.#path)
    if (history !== undefined) return history
    throw new SluiceError('OBJECT_MISSING', 'There is no table, so no version of it', {
      remedy: 'Run what fills it first.',
    })
  }

  async summary(): Promise<TableSummary> {
    const rows = this.files.length === 0 ? 0 : Number((await this.query('t', 'select count(*) from t')).rows[0]![0])
    return { version: this.version, files: this.files.length, rows }
  }

  /** Runs a query in which the table is called `name`. Values come back as DuckDB prints them. */
  async query(name: string, sql: string): Promise<QueryResult> {
    if (this.files.length === 0) {
      throw new SluiceError('OBJECT_MISSING', 'The table holds no files yet', { remedy: 'Run what fills it first.' })
    }
    const fetched = this.#folder === undefined ? fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-table-')) : undefined
    const instance = await DuckDBInstance.create(':memory:')
    const connection = await instance.connect()
    try {
      const local =
        fetched === undefined ? this.files.map((file) => path.join(this.#folder!, file)) : await this.#fetch(fetched)
      const list = local.map((file) => `'${file.replaceAll("'", "''")}'`).join(', ')
      await connection.run(
        `create view "${name.replaceAll('"', '""')}" as select * from read_parquet([${list}], union_by_name = true)`,
      )
      const result = await connection.runAndReadAll(sql)
      const rows = result.getRows().map((row) => row.map((value) => (value === null ? '' : String(value))))
      return { columns: result.columnNames(), rows }
    } catch (cause) {
      if (cause instanceof SluiceError) throw cause
      throw new SluiceError('DATA_INVALID', 'DuckDB refused the query', {
        cause,
        remedy: `The table is called ${name} in it.`,
      })
    } finally {
      connection.closeSync()
      instance.closeSync()
      if (fetched !== undefined) fs.rmSync(fetched, { recursive: true, force: true })
    }
  }

  /** DuckDB reads files; what is elsewhere is brought here first. */
  async #fetch(folder: string): Promise<readonly string[]> {
    const local: string[] = []
    for (const [number, file] of this.files.entries()) {
      const to = path.join(folder, `${number}.parquet`)
      fs.writeFileSync(to, await this.#store.get(file))
      local.push(to)
    }
    return local
  }
}

interface TablePlace {
  readonly store: ObjectStore
  /** In the store. */
  readonly path: string
  readonly folder: string | undefined
}

function placeOf(place: string): TablePlace {
  const url = /^(s3a?:\/\/.+)\/([^/]+)\/*$/.exec(place)
  if (url !== null) return { store: openObjectStore(url[1]!), path: url[2]!, folder: undefined }
  const folder = path.dirname(path.resolve(place))
  return { store: openObjectStore(folder), path: path.basename(place), folder }
}

/** Columns aligned, for people. */
export function printResult({ columns, rows }: QueryResult): string {
  const widths = columns.map((column, i) => Math.max(column.length, ...rows.map((row) => row[i]!.length)))
  const numeric = columns.map((_, i) => rows.every((row) => /^-?[\d.]*$/.test(row[i]!)))
  const line = (cells: readonly string[]): string =>
    `  ${cells.map((cell, i) => (numeric[i] === true ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!))).join('  ')}`.trimEnd()
  return `${[line(columns), `  ${widths.map((width) => '─'.repeat(width)).join('  ')}`, ...rows.map(line)].join('\n')}\n`
}
