import { randomUUID } from 'node:crypto'
import path from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { DeltaTable } from '@sluice/lake'
import { openObjectStore } from '@sluice/object-store'
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

/** A Delta table in a folder, read by DuckDB: the log says which files are the table. */
export class LocalTable {
  readonly version: number
  readonly files: readonly string[]

  private constructor(version: number, files: readonly string[]) {
    this.version = version
    this.files = files
  }

  /** @throws SluiceError TABLE_UNSUPPORTED for a table that needs what we do not have */
  static async open(dir: string): Promise<LocalTable> {
    const store = openObjectStore(path.dirname(path.resolve(dir)))
    const table = await DeltaTable.open(store, path.basename(dir), {
      clock: systemClock,
      random: systemRandom,
      engineInfo: 'sluice',
      newId: randomUUID,
    })
    if (table === undefined) return new LocalTable(-1, [])
    const root = path.dirname(path.resolve(dir))
    return new LocalTable(
      table.snapshot.version,
      table.filePaths.map((file) => path.join(root, file)),
    )
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
    const instance = await DuckDBInstance.create(':memory:')
    const connection = await instance.connect()
    try {
      const list = this.files.map((file) => `'${file.replaceAll("'", "''")}'`).join(', ')
      await connection.run(
        `create view "${name.replaceAll('"', '""')}" as select * from read_parquet([${list}], union_by_name = true)`,
      )
      const result = await connection.runAndReadAll(sql)
      const rows = result.getRows().map((row) => row.map((value) => (value === null ? '' : String(value))))
      return { columns: result.columnNames(), rows }
    } catch (cause) {
      throw new SluiceError('DATA_INVALID', 'DuckDB refused the query', {
        cause,
        remedy: `The table is called ${name} in it.`,
      })
    } finally {
      connection.closeSync()
      instance.closeSync()
    }
  }
}

/** Columns aligned, for people. */
export function printResult({ columns, rows }: QueryResult): string {
  const widths = columns.map((column, i) => Math.max(column.length, ...rows.map((row) => row[i]!.length)))
  const numeric = columns.map((_, i) => rows.every((row) => /^-?[\d.]*$/.test(row[i]!)))
  const line = (cells: readonly string[]): string =>
    `  ${cells.map((cell, i) => (numeric[i] === true ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!))).join('  ')}`.trimEnd()
  return `${[line(columns), `  ${widths.map((width) => '─'.repeat(width)).join('  ')}`, ...rows.map(line)].join('\n')}\n`
}
