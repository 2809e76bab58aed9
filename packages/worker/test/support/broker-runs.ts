/** Sources and sinks on the broker, each test with topics, positions and a folder of its own. */
import { afterAll, afterEach, beforeAll, beforeEach } from '@jest/globals'
import fs from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { TopicTable } from '@sluice/kafka'
import type { RawSettings, SinkRecord, SinkTask, SinkTaskContext } from '@sluice/sdk'
import type { SourceProgress } from '../../src/index.ts'
import { text } from './fake-kafka.ts'
import type { InlineWorker } from './inline-worker.ts'
import { startWorker, TestCluster, type WorkerOptions } from './test-cluster.ts'
import { countingSource, sinkOf, type CountingHooks } from './test-connectors.ts'

/** Dead letter topics of the one broker there is, with what says why a record is in them. */
const LETTERS: RawSettings = {
  'errors.deadletterqueue.topic.replication.factor': '-1',
  'errors.deadletterqueue.context.headers.enable': 'true',
}

/** The texts of the numbers from … to …, the last one left out. */
export function numbers(from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, i) => String(from + i))
}

/** What is there while the tests of a `describe` run. To be made in it. */
export class BrokerRuns {
  #cluster: TestCluster | undefined
  #dir = ''

  constructor() {
    beforeAll(async () => {
      this.#cluster = await TestCluster.open()
    })
    afterAll(() => this.#cluster?.close())
    beforeEach(async () => {
      this.#dir = await fs.mkdtemp(path.join(os.tmpdir(), 'worker-'))
    })
    afterEach(() => fs.rm(this.#dir, { recursive: true }))
  }

  get cluster(): TestCluster {
    return this.#cluster!
  }

  /** A folder that is gone after the test. */
  get dir(): string {
    return this.#dir
  }

  /** A counting source. Its positions are in a file, or in a topic. */
  source(settings: RawSettings = {}, hooks: CountingHooks = {}, inTopic = false): SourceOnBroker {
    return new SourceOnBroker(this, settings, hooks, inTopic)
  }

  /** A topic that holds these records, and a sink that reads it. */
  async sink(
    records: Parameters<TestCluster['put']>[1],
    make: (context: SinkTaskContext) => Partial<SinkTask>,
    partitions = 1,
  ): Promise<SinkOnBroker> {
    const topic = await this.cluster.topic('in', partitions)
    await this.cluster.put(topic, records)
    return new SinkOnBroker(this, topic, make)
  }
}

export class SourceOnBroker {
  readonly name: string
  readonly topic: string
  readonly dead: string
  readonly #runs: BrokerRuns
  readonly #settings: RawSettings
  readonly #hooks: CountingHooks
  readonly #inTopic: boolean

  constructor(runs: BrokerRuns, settings: RawSettings, hooks: CountingHooks, inTopic: boolean) {
    this.name = runs.cluster.name('source')
    this.topic = `${this.name}.raw`
    this.dead = `${this.name}.dead`
    this.#runs = runs
    this.#settings = settings
    this.#hooks = hooks
    this.#inTopic = inTopic
  }

  start(settings: RawSettings = {}, options: Partial<WorkerOptions> = {}): Promise<InlineWorker> {
    const { name, topic } = this
    const place: RawSettings = this.#inTopic
      ? {
          'offset.storage.topic': `${name}.positions`,
          'offset.storage.partitions': '3',
          'offset.storage.replication.factor': '1',
        }
      : { 'offset.storage.file.filename': this.#file }
    return startWorker({
      plugins: [countingSource(this.#hooks)],
      connectors: [{ name, 'connector.class': 'counting', topic, ...LETTERS, ...this.#settings, ...settings }],
      ...options,
      worker: { ...place, ...options.worker },
    })
  }

  /** The number that the stored position says comes next, read without the worker's code. */
  async stored(): Promise<number | undefined> {
    if (this.#inTopic) return this.#storedInTopic()
    const stored = await fs.readFile(this.#file, 'utf8').catch(() => '{}')
    return Object.values(JSON.parse(stored) as Record<string, { n: number }>)[0]?.n
  }

  progress(worker: InlineWorker): SourceProgress {
    return worker.progress(this.name)[0] as SourceProgress
  }

  /** Key and value have the form of Kafka Connect's own offset topic. */
  async #storedInTopic(): Promise<number | undefined> {
    const table = await TopicTable.open(this.#runs.cluster.kafka, { topic: `${this.name}.positions` })
    const value = table.get(JSON.stringify([this.name, { numbers: 'all' }]))
    await table.close()
    return value === undefined ? undefined : (JSON.parse(text(value)) as { n: number }).n
  }

  get #file(): string {
    return path.join(this.#runs.dir, `${this.name}.json`)
  }
}

export class SinkOnBroker {
  readonly name: string
  readonly topic: string
  readonly dead: string
  readonly #runs: BrokerRuns
  readonly #make: (context: SinkTaskContext) => Partial<SinkTask>

  constructor(runs: BrokerRuns, topic: string, make: (context: SinkTaskContext) => Partial<SinkTask>) {
    this.name = runs.cluster.name('sink')
    this.topic = topic
    this.dead = `${this.name}.dead`
    this.#runs = runs
    this.#make = make
  }

  start(
    settings: RawSettings = {},
    options: Partial<WorkerOptions> & { readonly tasks?: number } = {},
  ): Promise<InlineWorker> {
    return startWorker({
      plugins: [sinkOf(this.#make, options.tasks)],
      connectors: [{ name: this.name, 'connector.class': 'parts', topics: this.topic, ...LETTERS, ...settings }],
      ...options,
      worker: { 'offset.storage.file.filename': path.join(this.#runs.dir, 'positions.json'), ...options.worker },
    })
  }

  committed(): ReturnType<TestCluster['committed']> {
    return this.#runs.cluster.committed(this.name, this.topic)
  }

  /** The committed offset of the first partition. */
  async offset(): Promise<number | undefined> {
    return (await this.committed())[0]?.offset
  }
}

/** Parts of a sink that remember every record, and how many each put brought. */
export function remembering(): {
  readonly records: SinkRecord[]
  readonly puts: number[]
  readonly make: () => Partial<SinkTask>
} {
  const [records, puts]: [SinkRecord[], number[]] = [[], []]
  return {
    records,
    puts,
    make: () => ({
      put: async (given) => {
        puts.push(given.length)
        records.push(...given)
      },
    }),
  }
}
