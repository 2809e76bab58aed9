/** Counts what a table holds beside what it must hold, without our code: the log as the JSON it is, the rows through DuckDB. */
import fs from 'node:fs'
import path from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { PARTITIONS } from './orders.ts'

export interface TableLedger {
  readonly rows: number
  readonly versions: number
  readonly files: number
  /** Parquet files that no entry of the log names: what crashes leave. No fault. */
  readonly orphans: number
  /** Offsets without a row. */
  readonly lost: number
  /** Rows beyond the first of an offset. */
  readonly doubled: number
  /** Rows of a partition that come after one of a larger offset, in the order of log, file and row. */
  readonly disordered: number
  /** Rows that hold another number than the record of their partition and offset. */
  readonly altered: number
  /** Entries of the log whose progress is not the last offset of their rows, or does not go on; and partitions that do not end where the topic does. */
  readonly txnsWrong: number
  /** Versions that are not there, and files that the log names and the store has not. */
  readonly missing: number
}

interface Action {
  readonly add?: { readonly path: string }
  readonly remove?: { readonly path: string }
  readonly txn?: { readonly appId: string; readonly version: number }
}

interface Entry {
  readonly version: number
  readonly files: readonly string[]
  readonly txns: ReadonlyMap<number, number>
}

/** @param ends where each partition of the topic ends */
export async function readTable(folder: string, ends: readonly number[]): Promise<TableLedger> {
  const entries = readLog(path.join(folder, '_delta_log'))
  const named = entries.flatMap(({ version, files }) => files.map((file) => ({ version, file })))
  const present = named.filter(({ file }) => fs.existsSync(path.join(folder, file)))
  const lastVersion = entries.at(-1)?.version ?? -1
  const inFolder = fs.existsSync(folder) ? fs.readdirSync(folder).filter((name) => name.endsWith('.parquet')) : []
  const counts = await countRows(folder, present, ends)
  return {
    ...counts.found,
    versions: lastVersion + 1,
    files: named.length,
    orphans: inFolder.length - present.length,
    txnsWrong: wrongTxns(entries, counts.lastOffsets, ends),
    missing: lastVersion + 1 - entries.length + (named.length - present.length),
  }
}

export function isRight({ lost, doubled, disordered, altered, txnsWrong, missing }: TableLedger): boolean {
  return lost + doubled + disordered + altered + txnsWrong + missing === 0
}

export function textOf(ledger: TableLedger): string {
  const { rows, versions, files, orphans, lost, doubled, disordered, altered, txnsWrong, missing } = ledger
  return (
    `${rows.toLocaleString('en')} rows in ${files} files, ${versions} versions, ${orphans} orphans; ` +
    `lost ${lost}, doubled ${doubled}, disordered ${disordered}, altered ${altered}, txns wrong ${txnsWrong}, missing ${missing}`
  )
}

function readLog(folder: string): Entry[] {
  if (!fs.existsSync(folder)) return []
  const names = fs.readdirSync(folder).filter((name) => /^\d{20}\.json$/.test(name))
  return names.toSorted().map((name) => {
    const lines = fs.readFileSync(path.join(folder, name), 'utf8').split('\n')
    const actions = lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Action)
    if (actions.some(({ remove }) => remove !== undefined)) throw new Error(`${name} removes, which no append does`)
    // Others say which topic it was.
    const txns = actions.flatMap(({ txn }) => (txn?.appId.startsWith('sluice:') === true ? [txn] : []))
    return {
      version: Number.parseInt(name, 10),
      files: actions.flatMap(({ add }) => (add === undefined ? [] : [decodeURIComponent(add.path)])),
      txns: new Map(txns.map(({ appId, version }) => [Number(appId.slice(appId.lastIndexOf(':') + 1)), version])),
    }
  })
}

interface Named {
  readonly version: number
  readonly file: string
}

interface Counts {
  readonly found: Pick<TableLedger, 'rows' | 'lost' | 'doubled' | 'disordered' | 'altered'>
  /** By version and partition, the last offset among the rows. */
  readonly lastOffsets: ReadonlyMap<string, number>
}

async function countRows(folder: string, files: readonly Named[], ends: readonly number[]): Promise<Counts> {
  const expected = ends.reduce((sum, end) => sum + end, 0)
  if (files.length === 0)
    return { found: { rows: 0, lost: expected, doubled: 0, disordered: 0, altered: 0 }, lastOffsets: new Map() }
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  try {
    const paths = files.map(({ file }) => `'${path.join(folder, file).replaceAll("'", "''")}'`)
    await connection.run('create table places (file varchar, place integer, version integer)')
    const values = files.map(({ version }, place) => `(${paths[place]}, ${place}, ${version})`)
    await connection.run(`insert into places values ${values.join(', ')}`)
    await connection.run(
      `create table found as select _kafka_partition as p, _kafka_offset as o, n, place, version, file_row_number as r
       from read_parquet([${paths.join(', ')}], filename = true, file_row_number = true) join places on filename = file`,
    )
    await connection.run(
      `create table topic_ends as select unnest([${ends.join(', ')}]) as e, unnest(range(${ends.length})) as p`,
    )
    const answer = await connection.runAndReadAll(
      `select (select count(*) from found),
              (select count(*) from (select distinct found.p, o from found join topic_ends t on found.p = t.p and o < e)),
              (select count(*) - count(distinct (p, o)) from found),
              (select count(*) from (select o <= max(o) over (partition by p order by place, r rows between unbounded preceding and 1 preceding) as late from found) where late),
              (select count(*) from found where n <> p + o * ${PARTITIONS})`,
    )
    const [rows = 0, known = 0, doubled = 0, disordered = 0, altered = 0] = answer.getRows()[0]!.map(Number)
    const last = await connection.runAndReadAll('select version, p, max(o) from found group by all')
    return {
      found: { rows, lost: expected - known, doubled, disordered, altered },
      lastOffsets: new Map(last.getRows().map(([version, p, o]) => [`${String(version)}/${String(p)}`, Number(o)])),
    }
  } finally {
    connection.closeSync()
    instance.closeSync()
  }
}

function wrongTxns(
  entries: readonly Entry[],
  lastOffsets: ReadonlyMap<string, number>,
  ends: readonly number[],
): number {
  let wrong = 0
  const reached = ends.map(() => -1)
  for (const { version, txns } of entries) {
    for (const [partition, offset] of txns) {
      const isNext = offset > reached[partition]!
      if (!isNext || lastOffsets.get(`${version}/${partition}`) !== offset) wrong++
      reached[partition] = Math.max(offset, reached[partition]!)
    }
    for (const partition of ends.keys()) if (lastOffsets.has(`${version}/${partition}`) && !txns.has(partition)) wrong++
  }
  return wrong + reached.filter((offset, partition) => offset !== ends[partition]! - 1).length
}
