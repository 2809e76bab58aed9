import { DuckDBInstance } from '@duckdb/node-api'
import type { Json } from '@duckdb/node-api'
import type { ObjectStore } from '@sluice/object-store'
import { listAll } from '@sluice/object-store'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** The log as JSON, read without any of our own code: one list of action objects per version. */
export async function readLog(store: ObjectStore, table: string): Promise<Record<string, Record<string, unknown>>[][]> {
  const versions: Record<string, Record<string, unknown>>[][] = []
  for await (const { path } of listAll(store, `${table}/_delta_log/`)) {
    const number = Number(/\/(\d{20})\.json$/.exec(path)?.[1] ?? NaN)
    if (Number.isNaN(number)) continue
    const text = new TextDecoder().decode(await store.get(path))
    if (number !== versions.length) throw new Error(`version ${versions.length} is missing before ${path}`)
    versions.push(
      text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, Record<string, unknown>>),
    )
  }
  return versions
}

/** Newest txn version per appId, as the log says. */
export async function readTxns(store: ObjectStore, table: string): Promise<Record<string, number>> {
  const txns: Record<string, number> = {}
  for (const action of (await readLog(store, table)).flat())
    if (action['txn'] !== undefined) txns[action['txn']['appId'] as string] = action['txn']['version'] as number
  return txns
}

/** Rows of the files that the log lists, read by DuckDB. `$files` in the query stands for them. */
export async function query(store: ObjectStore, table: string, sql: string): Promise<Record<string, Json>[]> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-duckdb-'))
  const instance = await DuckDBInstance.create(':memory:')
  try {
    const files: string[] = []
    for (const action of (await readLog(store, table)).flat()) {
      if (action['add'] === undefined) continue
      const file = join(folder, `${files.length}.parquet`)
      await writeFile(file, await store.get(`${table}/${decodeURIComponent(action['add']['path'] as string)}`))
      files.push(`'${file}'`)
    }
    if (files.length === 0) return []
    const connection = await instance.connect()
    try {
      const source = `read_parquet([${files.join(', ')}], union_by_name = true)`
      return (await connection.runAndReadAll(sql.replaceAll('$files', source))).getRowObjectsJson()
    } finally {
      connection.closeSync()
    }
  } finally {
    instance.closeSync()
    await rm(folder, { recursive: true, force: true })
  }
}
