import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import type { Json } from '@duckdb/node-api'

type Action = Record<string, Record<string, unknown>>

/** A folder of tables, looked at by others' eyes: the log as plain JSON, the rows through DuckDB. */
export class LakeFolder {
  readonly path: string

  private constructor(path: string) {
    this.path = path
  }

  static async make(): Promise<LakeFolder> {
    return new LakeFolder(await mkdtemp(join(tmpdir(), 'sluice lake ')))
  }

  /** One list of actions per version; none when there is no table. */
  async log(table: string): Promise<Action[][]> {
    const folder = join(this.path, table, '_delta_log')
    const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.json')).toSorted()
    return Promise.all(
      names.map(async (name) => {
        const text = await readFile(join(folder, name), 'utf8')
        return text
          .trimEnd()
          .split('\n')
          .map((line) => JSON.parse(line) as Action)
      }),
    )
  }

  async txns(table: string): Promise<Record<string, unknown>> {
    const txns = (await this.log(table))
      .flat()
      .flatMap((action) => (action['txn'] === undefined ? [] : [action['txn']]))
    return Object.fromEntries(txns.map((txn) => [txn['appId'], txn['version']]))
  }

  /** The rows of the files that the log lists; `$files` in the query stands for them, `$paths` for a list of their names. */
  async query(table: string, sql = 'select * from $files'): Promise<Record<string, Json>[]> {
    const files = (await this.log(table)).flat().flatMap((action) => action['add']?.['path'] ?? [])
    if (files.length === 0) return []
    const list = files.map((file) => `'${join(this.path, table, decodeURIComponent(file as string))}'`).join(', ')
    const instance = await DuckDBInstance.create(':memory:')
    const connection = await instance.connect()
    try {
      const answer = await connection.runAndReadAll(
        sql.replaceAll('$files', `read_parquet([${list}], union_by_name = true)`).replaceAll('$paths', `[${list}]`),
      )
      return answer.getRowObjectsJson()
    } finally {
      connection.closeSync()
      instance.closeSync()
    }
  }

  /** Folders and files at the top. */
  async names(): Promise<string[]> {
    return (await readdir(this.path)).filter((name) => !name.startsWith('.')).toSorted()
  }

  async remove(): Promise<void> {
    await rm(this.path, { recursive: true, force: true })
  }
}
