import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Admin } from 'kafkajs'
import { connect, type Kafka, type Producer } from '@sluice/kafka'
import type { SeededRandom } from '@sluice/sdk/testing'
import { compare, type StreamLedger } from './ledger.ts'
import kafkajs from '../kafkajs.ts'
import { OutputReader } from './output-reader.ts'
import { expected, INPUTS, OUTPUTS, type Mutant, type Put } from './taken-over.ts'
import { TakenOverInstance, type Runtime } from './taken-over-instance.ts'

const PARTITIONS = 4
const KEYS = 40
/** Not long ago: topics forget what is a week old. */
const BEFORE_MS = 3_600_000
const STEP_MS = 2
const ARRIVE_MS = 120_000
const QUIET_MS = 300
const LAST_QUIET_MS = 1_500
const SHARED_MS = 30_000

export interface TakenOverOptions {
  readonly bootstrap: string
  readonly application: string
  /** For the states and logs of its instances. */
  readonly folder: string
  readonly random: SeededRandom
  /** How many are put at a time, beside a row of either table for each key. */
  readonly numbers: number
}

/** One application on trial: its topics, instances, inputs and outputs. */
export class TakenOverRun {
  /** What happened, in order. */
  readonly told: string[] = []
  readonly #options: TakenOverOptions
  readonly #kafka: Kafka
  readonly #producer: Producer
  readonly #admin: Admin
  readonly #reader: OutputReader
  readonly #puts: Put[] = []
  readonly #beginMs = Date.now() - BEFORE_MS
  readonly #instances: TakenOverInstance[] = []

  private constructor(options: TakenOverOptions, kafka: Kafka, admin: Admin, reader: OutputReader) {
    this.#options = options
    this.#kafka = kafka
    this.#producer = kafka.producer()
    this.#admin = admin
    this.#reader = reader
  }

  static async open(options: TakenOverOptions): Promise<TakenOverRun> {
    const { bootstrap, application } = options
    const kafka = await connect({ bootstrapServers: bootstrap })
    const topics = [...INPUTS, ...OUTPUTS].map((name) => ({ topic: `${application}-${name}`, partitions: PARTITIONS }))
    await kafka.admin.ensureTopics(topics)
    const client = new kafkajs.Kafka({ brokers: [bootstrap], logLevel: kafkajs.logLevel.NOTHING })
    const admin = client.admin()
    await admin.connect()
    const outputs = new Map(OUTPUTS.map((output) => [output, `${application}-${output}`]))
    return new TakenOverRun(options, kafka, admin, await OutputReader.open(client, outputs))
  }

  get inputs(): number {
    return this.#puts.length
  }

  get outputs(): number {
    return Array.from(expected(this.#puts).values()).reduce((sum, keys) => sum + countOf(keys), 0)
  }

  /** @param state names what it finds on disk: that of an earlier instance, or nothing */
  start(runtime: Runtime, state: string, mutant: Mutant | null = null): TakenOverInstance {
    const { bootstrap, application, folder } = this.#options
    const instance = new TakenOverInstance(runtime, bootstrap, application, path.join(folder, state), mutant)
    this.#instances.push(instance)
    return instance
  }

  /** Numbers, then a row of the left table for each key, then one of the right. */
  async put(): Promise<void> {
    const { random, numbers } = this.#options
    const keys = Array.from({ length: KEYS }, (_, i) => `key ${i}`)
    const at = this.#puts.length
    const drawn = Array.from({ length: numbers }, () => ({
      input: 'numbers' as const,
      key: keys[random.below(KEYS)]!,
      value: String(random.below(1_000)),
    }))
    const rows = (input: 'left' | 'right') => keys.map((key, i) => ({ input, key, value: `${input} ${at + i}` }))
    const added = [...drawn, ...rows('left'), ...rows('right')].map((one, i): Put => ({
      ...one,
      timestamp: this.#beginMs + (at + i) * STEP_MS,
    }))
    this.#puts.push(...added)
    for (const input of INPUTS) await this.#produce(added.filter((one) => one.input === input))
  }

  /** Waits for all outputs of what was put. */
  async arrived(): Promise<void> {
    const dead = new AbortController()
    const died = async (): Promise<never> => {
      for (;;) {
        const failed = this.#instances.find((one) => one.hasFailed)
        if (failed !== undefined) throw new Error('An instance has ended by itself')
        await sleep(500, undefined, { signal: dead.signal })
      }
    }
    const watching = died()
    watching.catch(() => undefined)
    try {
      await Promise.race([this.#reader.settled(this.outputs, QUIET_MS, ARRIVE_MS), watching])
    } finally {
      dead.abort()
    }
  }

  /** How many partitions Kafka Streams and ours have, when all are given to somebody; and if that does not come about, how it is. */
  async shares(): Promise<readonly [java: number, ours: number]> {
    const all = (INPUTS.length + 1) * PARTITIONS
    const deadline = performance.now() + SHARED_MS
    for (;;) {
      const [java, ours] = await this.#shares()
      const isShared = java > 0 && ours > 0 && java + ours === all
      if (isShared || performance.now() > deadline) return [java, ours]
      await sleep(200)
    }
  }

  async deleteChangelog(store: string): Promise<void> {
    await this.#admin.deleteTopics({ topics: [`${this.#options.application}-${store}-changelog`] })
  }

  ledger(): StreamLedger {
    return compare(expected(this.#puts), this.#reader.found())
  }

  /** For whoever has to find out why something did not come: what the instances said last, and where every partition stands. */
  async report(): Promise<string> {
    const { application } = this.#options
    const topics = [...INPUTS, 'by-digit-repartition', ...OUTPUTS].map((name) => `${application}-${name}`)
    const places = topics.flatMap((topic) =>
      Array.from({ length: PARTITIONS }, (_, partition) => ({ topic, partition })),
    )
    const specs = places.map((place) => ({ ...place, at: 'latest' as const }))
    const { partitions } = this.#kafka.admin
    const ends = await partitions.listOffsets(specs)
    const stable = await partitions.listOffsets(specs, { isolation: 'read_committed' })
    const committed = await this.#kafka.groupOffsets(application).committed(places)
    const lines = places.map(({ topic, partition }, i) => {
      const at = committed.find((one) => one.topic === topic && one.partition === partition)?.offset ?? '-'
      return `${topic}-${partition}: committed ${at}, stable ${stable[i]?.value?.offset}, end ${ends[i]?.value?.offset}`
    })
    return [...this.#instances.map((instance) => instance.tail()), ...this.told, ...lines].join('\n')
  }

  /** Whatever comes too late to be once is waited for first. */
  async close(): Promise<void> {
    for (const instance of this.#instances) await instance.end('SIGTERM')
    await sleep(LAST_QUIET_MS)
    await this.#reader.close()
    await this.#admin.disconnect()
    await this.#producer.close()
    await this.#kafka.close()
  }

  async #shares(): Promise<readonly [number, number]> {
    const { groups } = await this.#admin.describeGroups([this.#options.application])
    let [java, ours] = [0, 0]
    for (const { clientId, memberAssignment } of groups[0]?.members ?? []) {
      if (memberAssignment.length === 0) continue
      const assigned = kafkajs.AssignerProtocol.MemberAssignment.decode(memberAssignment)?.assignment ?? {}
      const count = Object.values(assigned).reduce((sum, partitions) => sum + partitions.length, 0)
      if (clientId.includes('StreamThread')) java += count
      else ours += count
    }
    return [java, ours]
  }

  async #produce(puts: readonly Put[]): Promise<void> {
    const { application } = this.#options
    await this.#producer.produce(
      puts.map(({ input, key, value, timestamp }) => ({
        topic: `${application}-${input}`,
        partition: null,
        key: Buffer.from(key),
        value: input === 'numbers' ? longOf(value) : Buffer.from(value),
        timestamp,
        headers: null,
      })),
    )
  }
}

function countOf(keys: ReadonlyMap<string, readonly string[]>): number {
  return Array.from(keys.values()).reduce((sum, values) => sum + values.length, 0)
}

function longOf(text: string): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigInt64BE(BigInt(text))
  return bytes
}
