/** What the scenarios of Kafka Streams' tests are played on: applications of their own on one Kafka, begun and ended at will. */
import { randomUUID } from 'node:crypto'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect, valuesOf, type Kafka, type Producer } from '@sluice/kafka'
import { MemoryMetrics, silentLogger, type Logger } from '@sluice/sdk'
import {
  KafkaStreams,
  Serdes,
  StreamsBuilder,
  streamsSettings,
  type Optimizations,
  type StreamsPorts,
  type StreamsSettings,
  type StreamsState,
  type Topology,
} from '../../src/index.ts'
import { readCommitted } from '../support/read-committed.ts'

const WAIT_MS = 30_000

export const text = { key: Serdes.string, value: Serdes.string }

/** `topic` puts the application's name before one of its topics. */
export type Write = (builder: StreamsBuilder, topic: (name: string) => string) => void

/** What goes into a topic; without a partition the key says which. */
export interface Put {
  readonly key: string | null
  readonly value: string | null
  readonly at?: number
  readonly partition?: number
}

export interface Start {
  readonly settings?: Readonly<Record<string, string>>
  readonly ports?: Partial<StreamsPorts>
  /** The name of its state directory; instances with the same one follow each other. Default: `one`. */
  readonly state?: string
  readonly write?: Write
  readonly optimizations?: Optimizations
  /** Ends by itself when all that was there at the start is processed. */
  readonly until?: 'end'
}

export class Stage {
  readonly kafka: Kafka
  readonly #producer: Producer
  readonly #folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-scenarios-'))

  private constructor(kafka: Kafka) {
    this.kafka = kafka
    this.#producer = kafka.producer()
  }

  static async open(address: string): Promise<Stage> {
    return new Stage(await connect({ bootstrapServers: address }))
  }

  async close(): Promise<void> {
    await this.#producer.close()
    await this.kafka.close()
    fs.rmSync(this.#folder, { recursive: true, force: true })
  }

  /** An application with topics of these numbers of partitions. */
  async application(topics: Readonly<Record<string, number>>, write: Write): Promise<Application> {
    const name = `scenario-${randomUUID().slice(0, 8)}`
    const app = new Application({ name, write, kafka: this.kafka, producer: this.#producer, folder: this.#folder })
    await app.create(topics)
    return app
  }
}

interface ApplicationParts {
  readonly name: string
  readonly write: Write
  readonly kafka: Kafka
  readonly producer: Producer
  readonly folder: string
}

export class Application {
  readonly name: string
  readonly #parts: ApplicationParts

  constructor(parts: ApplicationParts) {
    this.name = parts.name
    this.#parts = parts
  }

  topic(name: string): string {
    return `${this.name}.${name}`
  }

  async create(topics: Readonly<Record<string, number>>): Promise<void> {
    await this.#parts.kafka.admin.ensureTopics(
      Object.entries(topics).map(([name, partitions]) => ({ topic: this.topic(name), partitions })),
    )
  }

  /** Deletes topics, by their whole names, and waits until they are gone. */
  async delete(...topics: readonly string[]): Promise<void> {
    const { admin } = this.#parts.kafka
    await admin.deleteTopics(topics)
    await until(async () => (await admin.describeTopics(topics)).length === 0)
  }

  /** Of all topics whose names begin with the application's. */
  async topics(): Promise<Record<string, number>> {
    const all = await this.#parts.kafka.admin.describeTopics()
    const own = all.filter(({ topic }) => topic.startsWith(this.name))
    return Object.fromEntries(own.map(({ topic, partitions }) => [topic, partitions]))
  }

  record(topic: string, { key, value, at, partition }: Put) {
    return {
      topic: this.topic(topic),
      partition: partition ?? null,
      key: key === null ? null : Buffer.from(key),
      value: value === null ? null : Buffer.from(value),
      timestamp: at ?? null,
      headers: null,
    }
  }

  async put(topic: string, ...puts: readonly Put[]): Promise<void> {
    await this.#parts.producer.produce(puts.map((one) => this.record(topic, one)))
  }

  /** `key:value` of what is committed there, partition by partition. */
  async read(name: string): Promise<string[]> {
    const records = await readCommitted(this.#parts.kafka, this.topic(name))
    return records.map(({ key, value }) => `${key}:${value}`)
  }

  /** Resolves with what is in the topic when there is so much, or more. */
  async arrive(name: string, count: number): Promise<string[]> {
    let found: string[] = []
    await until(async () => (found = await this.read(name)).length >= count)
    return found
  }

  async members(): Promise<number> {
    return valuesOf(await this.#parts.kafka.admin.groups.describe([this.name]))[0]!.members.length
  }

  /** How many partitions each member has, by the group's word. */
  async shares(): Promise<string> {
    const { members } = valuesOf(await this.#parts.kafka.admin.groups.describe([this.name]))[0]!
    return String(members.map(({ assignment }) => assignment?.length ?? 0).toSorted((a, b) => a - b))
  }

  /** Loses what an instance has on disk. */
  forget(state = 'one'): void {
    fs.rmSync(this.#stateDirectory(state), { recursive: true, force: true })
  }

  start(start: Start = {}): Instance {
    const { ports = {}, until } = start
    const { topology, settings } = this.#written(start)
    return new Instance(topology, settings, { kafka: this.#parts.kafka, metrics: new MemoryMetrics(), ...ports }, until)
  }

  /** Before its first start: gives it what a savepoint has. */
  async beginFrom(url: string, start: Start = {}): Promise<void> {
    const { topology, settings } = this.#written(start)
    const ports = { kafka: this.#parts.kafka, metrics: new MemoryMetrics() }
    await new KafkaStreams(topology, settings, ports).beginFrom(url)
  }

  #written({ settings = {}, state = 'one', write = this.#parts.write, optimizations }: Start): {
    readonly topology: Topology
    readonly settings: StreamsSettings
  } {
    const builder = new StreamsBuilder()
    write(builder, (name) => this.topic(name))
    const parsed = streamsSettings.parse({
      'application.id': this.name,
      'processing.guarantee': 'exactly_once_v2',
      'commit.interval.ms': '50',
      'heartbeat.interval.ms': '200',
      'retry.backoff.ms': '10',
      'state.dir': this.#stateDirectory(state),
      ...settings,
    })
    return { topology: builder.build(optimizations), settings: parsed }
  }

  /** One instance, until all that its topics held at the start is processed. */
  async runToEnd(start: Start = {}): Promise<Instance> {
    const one = this.start({ ...start, until: 'end' })
    await one.run
    return one
  }

  #stateDirectory(state: string): string {
    return path.join(this.#parts.folder, this.name, state)
  }
}

export class Instance {
  readonly streams: KafkaStreams
  readonly states: StreamsState[] = []
  readonly run: Promise<unknown>
  /** How often its standby copies had all that was in their changelogs. */
  caughtUp = 0
  readonly #stop = new AbortController()

  constructor(topology: Topology, settings: StreamsSettings, ports: StreamsPorts, until: 'end' | undefined) {
    const logger: Logger = {
      ...silentLogger,
      child: () => logger,
      info: (message) => {
        if (message === 'Standby copies have caught up') this.caughtUp++
      },
    }
    this.streams = new KafkaStreams(topology, settings, {
      logger,
      onState: (state) => this.states.push(state),
      ...ports,
    })
    this.run = this.streams.run({ signal: this.#stop.signal, ...(until === undefined ? {} : { until }) })
    this.run.catch(() => undefined)
  }

  /** An orderly stop. */
  async end(): Promise<void> {
    this.#stop.abort(null)
    await this.run
  }

  /** `topic-partition` of what it runs, without the application's name. */
  tasks(): string[] {
    return this.streams.progress().map(({ topic, partition }) => `${topic.split('.').at(-1)}-${partition}`)
  }
}

/** @throws when it has not come about in half a minute */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + WAIT_MS
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error('It did not come about in time')
    await sleep(50)
  }
}
