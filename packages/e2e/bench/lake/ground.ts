/** What all measurements stand on: the orders as lines, a broker and an S3 server in processes of their own. */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import * as duckdb from '@duckdb/node-api'
import { connect, type Kafka } from '@sluice/kafka'
import { openObjectStore, type ObjectStore } from '@sluice/object-store'
import { BUCKET } from '../../trials/lake-exactly-once/s3-orders.ts'
import {
  FaultyS3,
  startVersitygw,
  whyNoVersitygw,
  type StoreOnTrial,
} from '../../trials/lake-exactly-once/store-on-trial.ts'
import { type BenchBroker, startEmbedded } from '../broker.ts'
import type { OrderSet } from '../orders.ts'
import { fillTopics, writeOrderLines } from './order-lines.ts'
import { SinkProcess } from './sink-process.ts'
import { factsOf, type TableFacts } from './tables.ts'

export class Ground {
  readonly set: OrderSet
  readonly folder: string
  readonly broker: BenchBroker
  readonly #kafka: Kafka
  readonly #s3: StoreOnTrial
  readonly #store: ObjectStore

  static async make(set: OrderSet): Promise<Ground> {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-bench-lake-'))
    const broker = await startEmbedded()
    const s3 = whyNoVersitygw() === null ? await startVersitygw(folder) : await FaultyS3.start()
    const kafka = await connect({ bootstrapServers: broker.address, clientId: 'bench' })
    const ground = new Ground(set, folder, broker, kafka, s3)
    writeOrderLines(ground.lines, set.rows)
    return ground
  }

  private constructor(set: OrderSet, folder: string, broker: BenchBroker, kafka: Kafka, s3: StoreOnTrial) {
    this.set = set
    this.folder = folder
    this.broker = broker
    this.#kafka = kafka
    this.#s3 = s3
    const { AWS_ENDPOINT_URL_S3: endpoint, AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret } = s3.environment
    const settings = { 's3.endpoint': endpoint!, 'aws.access.key.id': id!, 'aws.secret.access.key': secret! }
    this.#store = openObjectStore(`s3://${BUCKET}`, { settings })
  }

  /** Whom the tables of the sink lie with. */
  get storeName(): string {
    return this.#s3.name
  }

  /** The file of all orders. */
  get lines(): string {
    return path.join(this.folder, 'orders.ndjson')
  }

  /** Topics that hold the first so many orders, each the same share. */
  async topics(name: string, count: number, orders: number): Promise<readonly string[]> {
    const topics = Array.from({ length: count }, (_, i) => (count === 1 ? name : `${name}-${i}`))
    await fillTopics(this.#kafka, topics, this.lines, orders)
    return topics
  }

  /** A lake sink for those topics, with tables of its own. */
  sink(name: string, topics: readonly string[], config: Readonly<Record<string, string>>): Promise<SinkProcess> {
    const { address: bootstrap } = this.broker
    const { environment } = this.#s3
    return SinkProcess.start({
      name,
      bootstrap,
      topics,
      environment,
      folder: this.folder,
      config,
      url: `s3://${BUCKET}/${name}`,
    })
  }

  /** What the tables of that sink hold. */
  facts(sink: string): Promise<TableFacts> {
    return factsOf(this.#store, `${sink}/`)
  }

  /** @throws Error when DuckDB finds something else than the orders in the files of a sink's only table */
  async verify(sink: string, topic: string): Promise<void> {
    const to = path.join(this.folder, 'verified', sink)
    fs.mkdirSync(to, { recursive: true })
    await this.#s3.dump(`${sink}/${topic}/`, to)
    await verifyFiles(to, this.set)
  }

  async end(): Promise<void> {
    await this.#kafka.close()
    this.broker.end()
    await this.#s3.stop()
    fs.rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 })
  }
}

/** @throws Error when the Parquet files of a folder do not hold the orders */
export async function verifyFiles(folder: string, { rows, amount, notes }: OrderSet): Promise<void> {
  const instance = await duckdb.DuckDBInstance.create()
  const connection = await instance.connect()
  const files = path.join(folder, '**/*.zstd.parquet')
  const sums = 'count(*), count(distinct id), sum(amount::decimal(12,2)), count(note)'
  const reader = await connection.runAndReadAll(`select ${sums} from read_parquet('${files}', hive_partitioning=false)`)
  const found = reader.getRows()[0]!.map(String).join(' ')
  connection.closeSync()
  instance.closeSync()
  const wanted = `${rows} ${rows} ${amount} ${notes}`
  if (found !== wanted) throw new Error(`the table holds ${found}, not ${wanted}`)
}
