/**
 * `npm run trial -- streams-exactly-once [--full] [--seed N]`: two instances of an application with aggregates, a repartition and a join
 * are killed and frozen while numbers come, and the broker is killed and comes back. Then every output, read with read_committed, must be
 * what a model makes of the same numbers: lost 0, twice 0, disordered 0.
 *
 * Two mutants show that the ledger sees: an application without transactions, killed between two commits; and one whose changelog is
 * deleted behind its back while it is away.
 */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect, type Kafka } from '@sluice/kafka'
import { SeededRandom } from '@sluice/sdk/testing'
import kafkajs from './kafkajs.ts'
import { type BrokerOnTrial, startEmbedded } from './broker-on-trial.ts'
import { compare, expected, found, nameOf, type Input, type StreamLedger } from './streams/ledger.ts'
import { Instance } from './streams/instance.ts'
import { OUTPUTS, topicOf } from './streams/pipelines.ts'
import type { TrialOptions } from './trial-options.ts'

const PARTITIONS = 4
const KEYS = 40
const ARRIVE_MS = 240_000
const FROZEN_MS = 8_000
const PUT_AT_ONCE = 2_000
/** Something goes wrong within so long, and numbers come for as long: it does so in the middle of the work. */
const HARM_WITHIN_MS = 1_500

type Mutant = 'no-transactions' | 'no-changelog'

export async function trial({ full, seed, only }: TrialOptions): Promise<boolean> {
  let hasHeld = true
  // The short form tries the ledger with one of them.
  const mutants = full || only !== null ? (['no-changelog', 'no-transactions'] as const) : (['no-changelog'] as const)
  for (const mutant of [null, ...mutants]) {
    const name = mutant === null ? 'exactly once' : `mutant ${mutant}`
    if (only !== null && !name.includes(only)) continue
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-trial-streams-'))
    const run = new Run(folder, mutant, seed)
    const { ledger, told, count } = await run.run(
      full && mutant === null ? 1_000_000 : 20_000,
      full && mutant === null ? 24 : 3,
    )
    const isRight = ledger.lost === 0 && ledger.twice === 0 && ledger.disordered === 0
    const holds = isRight === (mutant === null)
    console.log(`${name}, seed ${seed}: ${count} numbers, ${OUTPUTS.length} outputs; ${told.join(', ')}`)
    console.log(`  lost ${ledger.lost}, twice ${ledger.twice}, disordered ${ledger.disordered}`)
    if (mutant === null) for (const difference of ledger.wrong) console.log(`  ${difference}`)
    console.log(`  ${mutant === null ? (holds ? 'held' : 'FAILED') : holds ? 'caught' : 'NOT CAUGHT'}`)
    if (holds) fs.rmSync(folder, { recursive: true, force: true })
    else console.log(`  see ${folder}`)
    hasHeld &&= holds
  }
  console.log(`streams-exactly-once: ${hasHeld ? 'held' : 'FAILED'}`)
  return hasHeld
}

class Run {
  readonly #folder: string
  readonly #mutant: Mutant | null
  readonly #random: SeededRandom
  /** What comes is the same, however long what goes wrong takes. */
  readonly #numbers: SeededRandom
  readonly #inputs: Input[] = []
  readonly #instances: Instance[] = []
  #started = 0

  constructor(folder: string, mutant: Mutant | null, seed: number) {
    this.#folder = folder
    this.#mutant = mutant
    this.#random = new SeededRandom(seed)
    this.#numbers = new SeededRandom(seed + 1)
  }

  async run(count: number, harms: number): Promise<{ ledger: StreamLedger; told: readonly string[]; count: number }> {
    const broker = await startEmbedded(undefined, {}, path.join(this.#folder, 'broker'))
    const bootstrap = `127.0.0.1:${broker.port}`
    const prefix = 'sums'
    const kafka = await connect({ bootstrapServers: bootstrap })
    const told: string[] = []
    try {
      await this.#prepare(kafka, prefix)
      this.#start(bootstrap, prefix)
      this.#start(bootstrap, prefix)
      const share = Math.ceil(count / (harms + 1))
      const pauseMs = Math.ceil(HARM_WITHIN_MS / Math.ceil(share / PUT_AT_ONCE))
      for (let i = 0; i < harms; i++) {
        const putting = this.#put(kafka, prefix, share, pauseMs)
        const [harm] = await Promise.all([this.#harm(broker, bootstrap, prefix), putting])
        told.push(harm)
      }
      if (this.#mutant === 'no-transactions') await this.#killBetween(kafka, bootstrap, prefix)
      if (this.#mutant === 'no-changelog') await this.#deleteChangelog(kafka, bootstrap, prefix)
      await this.#put(kafka, prefix, Math.max(1, count - this.#inputs.length))
      await this.#arrive(kafka, prefix)
      for (const instance of this.#instances.splice(0)) await instance.end('SIGTERM')
      const wanted = expected(this.#inputs)
      const ledger = compare(wanted, await found(bootstrap, prefix))
      if (this.#mutant === null && ledger.lost + ledger.twice + ledger.disordered > 0) {
        const { lost, twice, disordered } = compare(wanted, await found(bootstrap, prefix))
        console.log(`  read once more: lost ${lost}, twice ${twice}, disordered ${disordered}`)
      }
      return { ledger, told, count: this.#inputs.length }
    } finally {
      for (const instance of this.#instances) await instance.end('SIGKILL')
      await kafka.close()
      await broker.stop()
    }
  }

  async #prepare(kafka: Kafka, prefix: string): Promise<void> {
    const topics = [...OUTPUTS, 'numbers', 'names'] as const
    await kafka.admin.ensureTopics(topics.map((name) => ({ topic: topicOf(prefix, name), partitions: PARTITIONS })))
    const producer = kafka.producer()
    await producer.produce(
      Array.from({ length: KEYS }, (_, i) => ({
        topic: topicOf(prefix, 'names'),
        partition: null,
        key: Buffer.from(`key ${i}`),
        value: Buffer.from(nameOf(`key ${i}`)),
        timestamp: 1,
        headers: null,
      })),
    )
    await producer.close()
  }

  #start(bootstrap: string, prefix: string, folder = `instance-${this.#started++}`): void {
    const guarantee = this.#mutant === 'no-transactions' ? 'at_least_once' : 'exactly_once_v2'
    this.#instances.push(new Instance(bootstrap, prefix, guarantee, path.join(this.#folder, folder)))
  }

  async #put(kafka: Kafka, prefix: string, count: number, pauseMs = 0): Promise<void> {
    const producer = kafka.producer()
    for (let left = count; left > 0; left -= PUT_AT_ONCE) {
      await sleep(pauseMs)
      const added = Array.from({ length: Math.min(PUT_AT_ONCE, left) }, (): Input => ({
        key: `key ${this.#numbers.below(KEYS)}`,
        value: this.#numbers.below(1_000),
      }))
      this.#inputs.push(...added)
      await producer.produce(
        added.map(({ key, value }) => {
          const bytes = Buffer.alloc(8)
          bytes.writeBigInt64BE(BigInt(value))
          return {
            topic: topicOf(prefix, 'numbers'),
            partition: null,
            key: Buffer.from(key),
            value: bytes,
            timestamp: null,
            headers: null,
          }
        }),
      )
    }
    await producer.close()
  }

  /** One thing goes wrong, and comes right again. */
  async #harm(broker: BrokerOnTrial, bootstrap: string, prefix: string): Promise<string> {
    await sleep(this.#random.below(HARM_WITHIN_MS))
    const at = this.#random.below(this.#instances.length)
    const instance = this.#instances[at]!
    switch (this.#random.below(5)) {
      case 0:
      case 1:
      case 2:
        await instance.end('SIGKILL')
        this.#instances.splice(at, 1)
        await sleep(this.#random.below(1_000))
        this.#start(bootstrap, prefix)
        return 'an instance killed'
      case 3:
        instance.signal('SIGSTOP')
        await sleep(FROZEN_MS)
        instance.signal('SIGCONT')
        return `an instance frozen for ${FROZEN_MS} ms`
      default:
        await broker.killAndRestart()
        return 'the broker killed'
    }
  }

  /** Everybody is killed while results are on their way and offsets are not committed. */
  async #killBetween(kafka: Kafka, bootstrap: string, prefix: string): Promise<void> {
    for (let i = 0; i < 3; i++) {
      await this.#arrive(kafka, prefix)
      const before = await this.#results(kafka, prefix)
      const putting = this.#put(kafka, prefix, 40_000)
      for (let left = 2_000; left > 0 && (await this.#results(kafka, prefix)) === before; left--) await sleep(5)
      for (const instance of this.#instances.splice(0)) await instance.end('SIGKILL')
      await putting
      for (let n = 0; n < 2; n++) this.#start(bootstrap, prefix)
    }
  }

  /** How many results there are, committed or not. */
  async #results(kafka: Kafka, prefix: string): Promise<number> {
    const partitions = OUTPUTS.flatMap((name) =>
      Array.from({ length: PARTITIONS }, (_, partition) => ({ topic: topicOf(prefix, name), partition })),
    )
    const ends = await kafka.admin.listOffsets(partitions, 'latest')
    return ends.reduce((sum, { offset }) => sum + offset, 0)
  }

  async #deleteChangelog(kafka: Kafka, bootstrap: string, prefix: string): Promise<void> {
    await this.#arrive(kafka, prefix)
    for (const instance of this.#instances.splice(0)) await instance.end('SIGTERM')
    await deleteTopic(bootstrap, `${prefix}-counts-changelog`)
    for (let n = 0; n < 2; n++) this.#start(bootstrap, prefix)
  }

  /** Until all that was put has been committed as processed. */
  async #arrive(kafka: Kafka, prefix: string): Promise<void> {
    const places = Array.from({ length: PARTITIONS }, (_, partition) => ({
      topic: topicOf(prefix, 'numbers'),
      partition,
    }))
    const own = places.map(({ partition }) => ({ topic: `${prefix}-by-digit-repartition`, partition }))
    const deadline = performance.now() + ARRIVE_MS
    for (;;) {
      const isThere = await this.#isThere(kafka, prefix, [...places, ...own]).catch(() => false)
      if (isThere) return
      if (performance.now() > deadline) throw new Error(`The application did not get through; see ${this.#folder}`)
      await sleep(500)
    }
  }

  async #isThere(
    kafka: Kafka,
    prefix: string,
    places: readonly { readonly topic: string; readonly partition: number }[],
  ): Promise<boolean> {
    // What is committed first: behind that nothing more comes to a topic of its own, whose end is then the end.
    const committed = await kafka.groupOffsets(prefix).committed(places)
    const ends = await kafka.admin.listOffsets(places, 'latest')
    return ends.every(({ topic, partition, offset }) => {
      const at = committed.find((one) => one.topic === topic && one.partition === partition)
      // Of a topic of its own the last record may be a transaction's marker.
      const last = topic === topicOf(prefix, 'numbers') ? offset : offset - 1
      return offset === 0 || (at !== undefined && at.offset >= last)
    })
  }
}

async function deleteTopic(bootstrap: string, topic: string): Promise<void> {
  const admin = new kafkajs.Kafka({ brokers: [bootstrap], logLevel: kafkajs.logLevel.NOTHING }).admin()
  await admin.connect()
  try {
    await admin.deleteTopics({ topics: [topic] })
  } finally {
    await admin.disconnect()
  }
}
