/** Iceberg's sink on Java's standalone worker of Kafka Connect, with a table in a folder. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { until } from '../../trials/connect/connect-worker.ts'
import { whyNoApacheKafka } from '../../trials/broker-on-trial.ts'
import { freePorts } from '../../trials/free-ports.ts'
import { cpuSecondsOf } from '../broker.ts'

const CACHE = path.join(process.env['XDG_CACHE_HOME'] ?? path.join(os.homedir(), '.cache'), 'sluice-ci/iceberg-sink')
const TABLE = fileURLToPath(new URL('peers/iceberg/Table.java', import.meta.url))
const KAFKA_SH = fileURLToPath(new URL('../../../../deploy/dev/kafka.sh', import.meta.url))
const RUN_MS = 600_000
const LOOK_MS = 200
const TAIL_BYTES = 4000

export interface IcebergFigures {
  /** Of the whole process, until the records were in the table. */
  readonly cpuSeconds: number
  readonly peakMiB: number
  readonly bytes: number
}

/** Null: it can be run. */
export function whyNoIceberg(): string | null {
  return whyNoApacheKafka() ?? (fs.existsSync(path.join(CACHE, 'done')) ? null : 'no jars: .ci/lake-peers')
}

/** Until so many records of the topic are in a new table. */
export async function runIceberg(
  bootstrap: string,
  topic: string,
  folder: string,
  records: number,
  commitMs: number,
): Promise<IcebergFigures> {
  fs.mkdirSync(folder, { recursive: true })
  const warehouse = path.join(folder, 'warehouse')
  execFileSync('java', ['-cp', path.join(CACHE, 'iceberg/*'), TABLE, `file://${warehouse}`], { stdio: 'pipe' })
  const files = await properties(bootstrap, topic, folder, commitMs)
  const jars = execFileSync('bash', [KAFKA_SH, 'jars', '4.3.1'], { encoding: 'utf8' }).trim()
  const log = path.join(folder, 'worker.log')
  const output = fs.openSync(log, 'w')
  const options = ['-Xmx1500m', '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn', '-cp', `${jars}/*`]
  const child = spawn('java', [...options, 'org.apache.kafka.connect.cli.ConnectStandalone', ...files], {
    stdio: ['ignore', output, output],
  })
  fs.closeSync(output)
  const kill = (): void => void child.kill('SIGKILL')
  process.once('exit', kill)
  try {
    const table = path.join(warehouse, 'db/orders')
    const isThere = (): boolean => {
      if (child.exitCode !== null) throw new Error('it has ended')
      return committedIn(table) >= records
    }
    await until(`${records} records are in Iceberg's table`, isThere, RUN_MS, LOOK_MS).catch((error: unknown) => {
      throw new Error(fs.readFileSync(log, 'utf8').slice(-TAIL_BYTES), { cause: error })
    })
    return {
      cpuSeconds: cpuSecondsOf(child.pid!)!,
      peakMiB: peakMiBOf(child),
      bytes: bytesIn(path.join(table, 'data')),
    }
  } finally {
    kill()
    process.off('exit', kill)
  }
}

async function properties(bootstrap: string, topic: string, folder: string, commitMs: number): Promise<string[]> {
  const worker = {
    'bootstrap.servers': bootstrap,
    'key.converter': 'org.apache.kafka.connect.storage.StringConverter',
    'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
    'value.converter.schemas.enable': 'false',
    'offset.storage.file.filename': path.join(folder, 'offsets'),
    'plugin.path': CACHE,
    listeners: `http://127.0.0.1:${await freePorts(1)}`,
    'consumer.auto.offset.reset': 'earliest',
  }
  const name = path.basename(folder)
  const sink = {
    name,
    'connector.class': 'org.apache.iceberg.connect.IcebergSinkConnector',
    'tasks.max': '1',
    topics: topic,
    'iceberg.tables': 'db.orders',
    'iceberg.catalog.type': 'hadoop',
    'iceberg.catalog.warehouse': `file://${path.join(folder, 'warehouse')}`,
    'iceberg.control.commit.interval-ms': String(commitMs),
    'iceberg.control.topic': `control-${name}`,
  }
  return [worker, sink].map((settings, i) => {
    const file = path.join(folder, `${i}.properties`)
    const lines = Object.entries(settings).map(([key, value]) => `${key}=${value}\n`)
    fs.writeFileSync(file, lines.join(''))
    return file
  })
}

/** By the newest metadata; 0 while there is none that is whole. */
function committedIn(table: string): number {
  const folder = path.join(table, 'metadata')
  const versions = fs.readdirSync(folder).flatMap((name) => /^v(\d+)\.metadata\.json$/.exec(name)?.[1] ?? [])
  const newest = Math.max(...versions.map(Number))
  const text = fs.readFileSync(path.join(folder, `v${newest}.metadata.json`), 'utf8')
  return Math.max(0, ...[...text.matchAll(/"total-records" *: *"(\d+)"/g)].map(([, records]) => Number(records)))
}

function peakMiBOf({ pid }: ChildProcess): number {
  const status = fs.readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(/^VmHWM:\s+(\d+)/m.exec(status)![1]) / 1024
}

function bytesIn(folder: string): number {
  return fs
    .readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.parquet'))
    .reduce((sum, name) => sum + fs.statSync(path.join(folder, name)).size, 0)
}
