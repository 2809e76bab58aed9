/** What is in the topics and in the table of a quickstart, counted without its code: kafkajs, DuckDB, a line splitter. */
import fs from 'node:fs'
import path from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import type { Kafka } from 'kafkajs'
import kafkajs from './kafkajs.ts'

export interface Ledger {
  readonly lines: number
  readonly raw: number
  readonly clean: number
  readonly quarantine: number
  readonly passed: number
  readonly rows: number
  readonly version: number
  readonly lost: number
  readonly lostLines: readonly string[]
  readonly missing: number
  readonly doubled: number
  readonly unbalanced: number
}

interface Place {
  readonly broker: string
  readonly dataset: string
  readonly csv: string
  readonly table: string
}

export async function readLedger({ broker, dataset, csv, table }: Place): Promise<Ledger> {
  const kafka = new kafkajs.Kafka({ brokers: [broker], logLevel: kafkajs.logLevel.NOTHING })
  const clean = await readTopic(kafka, `${dataset}.clean`)
  const quarantine = await readTopic(kafka, `${dataset}.quarantine`)
  const lines = csvLines(csv)
  const found = new Set([
    ...clean.map((record) => cleanIdentity(record.value)),
    ...quarantine.map((record) => rawIdentity(record.value)),
  ])
  const lostLines = [...new Set(lines)].filter((line) => !found.has(line))

  const { rows, version } = await readTable(table)
  const times = new Map<string, number>()
  for (const row of rows) times.set(row, (times.get(row) ?? 0) + 1)
  const wanted = new Set(clean.map(({ partition, offset }) => `${partition}/${offset}`))
  // Missing either way: a record without a row, and a row without a record.
  const missing =
    [...wanted].filter((at) => !times.has(at)).length + [...times.keys()].filter((at) => !wanted.has(at)).length
  const doubled = [...times.values()].filter((count) => count > 1).length

  const { raw, passed, unbalanced } = await balance(kafka, `${dataset}.raw`, `${dataset}-processor`)
  return {
    lines: lines.length,
    raw,
    clean: clean.length,
    quarantine: quarantine.length,
    passed,
    rows: rows.length,
    version,
    lost: lostLines.length,
    lostLines,
    missing,
    doubled,
    unbalanced,
  }
}

/** Every line without the header. No cell of this file holds a newline. */
function csvLines(file: string): string[] {
  const [header, ...lines] = fs.readFileSync(file, 'utf8').split('\n')
  const width = splitLine(header!).length
  return lines
    .filter((line) => line !== '')
    .map((line) => {
      const cells = splitLine(line)
      if (cells.length !== width) throw new Error(`not understood: ${line}`)
      return identity(cells)
    })
}

function splitLine(line: string): string[] {
  const cells: string[] = []
  for (const [, quoted, plain] of line.replace(/\r$/, '').matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g))
    cells.push(quoted === undefined ? plain! : quoted.replaceAll('""', '"'))
  return cells
}

/** A raw record: the row's cells by column name, in the file's order; or a line that was no row. */
function rawIdentity(value: Buffer): string {
  const text = value.toString()
  return identity(text.startsWith('{') ? Object.values(JSON.parse(text) as Record<string, string>) : splitLine(text))
}

/** A clean record: typed, in the same order of columns; the date as days, costs as numbers. */
function cleanIdentity(value: Buffer): string {
  const row = Object.entries(JSON.parse(value.toString()) as Record<string, string | number | null>)
  return identity(
    row.map(([column, cell]) => {
      if (cell === null) return ''
      return column === 'flight_date' ? new Date(Number(cell) * 86_400_000).toISOString().slice(0, 10) : String(cell)
    }),
  )
}

/** Numbers by value: the file says `0` where a typed row says `0.00`. */
function identity(cells: readonly string[]): string {
  return JSON.stringify(cells.map((cell) => (/^-?\d+(\.\d+)?$/.test(cell) ? Number(cell) : cell)))
}

interface TopicRecord {
  readonly partition: number
  readonly offset: number
  readonly value: Buffer
}

async function readTopic(kafka: Kafka, topic: string): Promise<TopicRecord[]> {
  const admin = kafka.admin()
  await admin.connect()
  const ends = await admin.fetchTopicOffsets(topic)
  await admin.disconnect()
  const wanted = ends.reduce((sum, { high, low }) => sum + Number(high) - Number(low), 0)
  const records: TopicRecord[] = []
  if (wanted === 0) return records
  const consumer = kafka.consumer({ groupId: `ledger-${process.pid}-${Date.now()}`, maxWaitTimeInMs: 100 })
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`${topic}: ${records.length} of ${wanted} records came in time`)),
      60_000,
    )
    void consumer.run({
      eachMessage: async ({ partition, message }) => {
        records.push({ partition, offset: Number(message.offset), value: message.value! })
        if (records.length === wanted) {
          clearTimeout(timer)
          resolve()
        }
      },
    })
  })
  await consumer.disconnect()
  return records
}

async function balance(
  kafka: Kafka,
  topic: string,
  groupId: string,
): Promise<{ raw: number; passed: number; unbalanced: number }> {
  const admin = kafka.admin()
  await admin.connect()
  const ends = await admin.fetchTopicOffsets(topic)
  const [committed] = await admin.fetchOffsets({ groupId, topics: [topic] })
  await admin.disconnect()
  let raw = 0
  let passed = 0
  let unbalanced = 0
  for (const { partition, high } of ends) {
    raw += Number(high)
    const at = committed!.partitions.find((candidate) => candidate.partition === partition)
    if (Number(high) === 0 && (at === undefined || Number(at.offset) <= 0)) continue
    const tally = JSON.parse(at?.metadata ?? '{}') as Partial<Tally>
    passed += tally.passed ?? 0
    const out = (tally.passed ?? 0) + sum(tally.quarantined) + sum(tally.dropped)
    if (Number(at?.offset) !== Number(high) || tally.in !== Number(high) || tally.in !== out) unbalanced += 1
  }
  return { raw, passed, unbalanced }
}

interface Tally {
  readonly in: number
  readonly passed: number
  readonly quarantined: Readonly<Record<string, number>>
  readonly dropped: Readonly<Record<string, number>>
}

function sum(counts: Readonly<Record<string, number>> | undefined): number {
  return Object.values(counts ?? {}).reduce((a, b) => a + b, 0)
}

/** `partition/offset` of each row of the files that the log lists, by DuckDB; the log is read as the plain JSON it is. */
async function readTable(dir: string): Promise<{ rows: string[]; version: number }> {
  const log = path.join(dir, '_delta_log')
  const commits = fs
    .readdirSync(log)
    .filter((name) => /^\d{20}\.json$/.test(name))
    .toSorted()
  const files = new Set<string>()
  for (const commit of commits) {
    for (const line of fs.readFileSync(path.join(log, commit), 'utf8').split('\n')) {
      if (line === '') continue
      const action = JSON.parse(line) as { add?: { path: string }; remove?: { path: string } }
      if (action.add !== undefined) files.add(path.join(dir, decodeURIComponent(action.add.path)))
      if (action.remove !== undefined) files.delete(path.join(dir, decodeURIComponent(action.remove.path)))
    }
  }
  const version = commits.length - 1
  if (files.size === 0) return { rows: [], version }
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  const list = [...files].map((file) => `'${file.replaceAll("'", "''")}'`).join(', ')
  const result = await connection.runAndReadAll(
    `select _kafka_partition as p, _kafka_offset as o from read_parquet([${list}])`,
  )
  const rows = result.getRows().map(([p, o]) => `${String(p)}/${String(o)}`)
  connection.closeSync()
  return { rows, version }
}
