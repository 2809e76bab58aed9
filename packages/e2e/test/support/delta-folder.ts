/** A Delta table read without our code: its log as the plain JSON it is, its files by DuckDB. */
import fs from 'node:fs'
import path from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'

/** One line of a log entry: an object with the action's name as its only key. */
export type Action = Readonly<Record<string, Readonly<Record<string, unknown>>>>

/** The entries of the log, from version 0 on; each a list of actions in order. */
export function logOf(dir: string): readonly (readonly Action[])[] {
  const log = path.join(dir, '_delta_log')
  const names = fs.readdirSync(log).filter((name) => name.endsWith('.json'))
  return names.toSorted().map((name, version) => {
    if (name !== `${String(version).padStart(20, '0')}.json`)
      throw new Error(`version ${version} of the log is called ${name}`)
    const lines = fs.readFileSync(path.join(log, name), 'utf8').split('\n')
    return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Action)
  })
}

/** The files that the log lists, as they are at its end. */
export function filesOf(dir: string): readonly string[] {
  const files = new Set<string>()
  for (const action of logOf(dir).flat()) {
    if (action['add'] !== undefined) files.add(String(action['add']['path']))
    if (action['remove'] !== undefined) files.delete(String(action['remove']['path']))
  }
  return [...files].map((file) => path.join(dir, decodeURIComponent(file)))
}

/** The rows of a query in which the table is called `t`; each cell as DuckDB's JavaScript value. */
export async function ask(dir: string, sql: string): Promise<readonly (readonly unknown[])[]> {
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  try {
    const files = filesOf(dir).map((file) => `'${file.replaceAll("'", "''")}'`)
    await connection.run(`create view t as select * from read_parquet([${files.join(', ')}], union_by_name = true)`)
    return (await connection.runAndReadAll(sql)).getRowsJS()
  } finally {
    connection.closeSync()
    instance.closeSync()
  }
}
