/**
 * Exactly once sources (KIP-618) on a broker: killed where they wait, again and again, fenced by a second copy, and read back by a reader of
 * committed records. `SLUICE_EOS_SEEDS` says how many seeds each boundary is tried with.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { connect, type Kafka } from '@sluice/kafka'
import { systemClock, type Random, type SourceRecord, type SourceTask } from '@sluice/sdk'
import type { SourceContext } from '../src/record-path/source-context.ts'
import { SourceTransactions } from '../src/record-path/source-transactions.ts'
import { TransactionRequests } from '../src/record-path/transaction-requests.ts'
import { Crash, crashing, cut, seeded } from './support/crash.ts'
import { eventually } from './support/eventually.ts'
import type { Boundary } from './support/fake-transactions.ts'
import { text } from './support/fake-kafka.ts'
import { PositionsInTransactions } from './support/positions-in-transactions.ts'
import { SourceRun, sourceRecord } from './support/source-run.ts'
import { address, onBroker, TestCluster } from './support/test-cluster.ts'

const SEEDS = Number(process.env['SLUICE_EOS_SEEDS'] ?? 30)
/** Records of each file. */
const TOTAL = 120
/** Records of a transaction, where the source says where transactions end. */
const BLOCK = 9
/** After so many crashes a source is left in peace, so that it comes to its end. */
const CRASHES_MAX = 6
/** Points that a source passes before it dies, at most. */
const POINTS_MAX = 40
/** The same where only those around the end of a transaction count. */
const ENDS_MAX = 6
const NEVER = Infinity

/** Reads files in turns, a few records at a time. With a transaction of its own it ends one behind each block, and aborts each third. */
class FilesTask implements SourceTask {
  readonly #context: SourceContext
  readonly #topic: string
  readonly #random: Random
  readonly #crash: Crash
  readonly #pauseMs: number
  readonly #files: readonly { readonly partition: Readonly<{ file: string }>; next: number }[]

  constructor(context: SourceContext, topic: string, random: Random, crash: Crash, pauseMs: number) {
    this.#pauseMs = pauseMs
    this.#context = context
    this.#topic = topic
    this.#random = random
    this.#crash = crash
    this.#files = filesOf(context.transaction === null ? 'poll' : 'connector').map((file) => ({
      partition: Object.freeze({ file }),
      next: 0,
    }))
  }

  async start(): Promise<void> {
    for (const file of this.#files) {
      await this.#crash.point('start')
      file.next = Number((await this.#context.position(file.partition))?.['n'] ?? 0)
    }
  }

  async poll(): Promise<readonly SourceRecord[]> {
    await this.#crash.point('poll')
    if (this.#pauseMs > 0) await systemClock.sleep(this.#pauseMs)
    const file = this.#files[Math.floor(this.#random.next() * this.#files.length)]!
    const records: SourceRecord[] = []
    for (let left = 1 + Math.floor(this.#random.next() * 12); left > 0 && file.next < TOTAL; left--) {
      const n = file.next++
      const record = sourceRecord(n, {
        topic: this.#topic,
        partition: n % 2,
        value: `${file.partition.file}${n}`,
        sourcePartition: file.partition,
        sourcePosition: { n: n + 1 },
      })
      records.push(record)
      if (n % BLOCK === BLOCK - 1 || n === TOTAL - 1)
        this.#context.transaction?.[isAborted(n) ? 'abort' : 'commit'](record)
    }
    return records
  }

  async settled(): Promise<void> {
    await this.#crash.point('settled')
  }

  async stop(): Promise<void> {}
}

function filesOf(boundary: Boundary): readonly string[] {
  // A transaction that is aborted takes all files with it: one is enough to know what is to be seen.
  return boundary === 'connector' ? ['a'] : ['a', 'b']
}

function isAborted(n: number): boolean {
  return Math.floor(n / BLOCK) % 3 === 1
}

/** What a transform leaves out. */
function isDropped(value: unknown): boolean {
  return Number(String(value).slice(1)) % 7 === 3
}

/** What a reader of committed records is to find, each once. */
function expected(boundary: Boundary): readonly string[] {
  return filesOf(boundary)
    .flatMap((file) => Array.from({ length: TOTAL }, (_, n) => `${file}${n}`))
    .filter((value) => !isDropped(value) && !(boundary === 'connector' && isAborted(Number(value.slice(1)))))
}

/** One connector's task: its topics, and its lives one after the other. */
class Subject {
  readonly topic: string
  readonly transactionalId: string
  readonly positions: PositionsInTransactions
  readonly #boundary: Boundary
  readonly #random: Random

  private constructor(cluster: TestCluster, boundary: Boundary, random: Random, topic: string, positions: string) {
    this.topic = topic
    this.transactionalId = `connect-cluster-${topic}-0`
    this.positions = new PositionsInTransactions(cluster, positions, 'c')
    this.#boundary = boundary
    this.#random = random
  }

  static async make(cluster: TestCluster, boundary: Boundary, random: Random): Promise<Subject> {
    const topic = await cluster.topic('eos', 2)
    const positions = await cluster.topic('eos-positions', 1, { 'cleanup.policy': 'compact' })
    return new Subject(cluster, boundary, random, topic, positions)
  }

  /** Runs until the crash; without one until everything is stored. Resolves to where it died, if it did. */
  async live(crashAt: number, counts?: (point: string) => boolean): Promise<string | undefined> {
    const kafka = await connect({ bootstrapServers: address })
    let death: string | undefined
    const die = (point: string): void => {
      death = point
      run.control.cancel()
      run.stop()
      cut(kafka)
    }
    const run = this.run(kafka, new Crash(crashAt, die, counts))
    let failure: unknown
    const ended = run.run().then((error) => (failure ??= error))
    await eventually('everything is stored', () => death !== undefined || failure !== undefined || this.isDone(run))
    if (death !== undefined) return death
    run.stop()
    await ended
    await kafka.close()
    if (failure !== undefined) throw failure as Error
    return undefined
  }

  isDone(run: SourceRun): boolean {
    const done = [...run.counts.progress().stored.values()].filter(({ n }) => n === TOTAL)
    return done.length === filesOf(this.#boundary).length
  }

  run(kafka: Kafka, crash: Crash, pauseMs = 0): SourceRun {
    const requests = new TransactionRequests()
    return new SourceRun({
      task: (context) => new FilesTask(context, this.topic, this.#random, crash, pauseMs),
      chain: (record) => (isDropped(record.value) ? null : record),
      positions: this.positions,
      flushTimeoutMs: 5000,
      ...(this.#boundary === 'connector' ? { transaction: requests } : {}),
      deliver: async (_run, shared, fail) => {
        await crash.point('before the id is claimed')
        const producer = await kafka.transactionalProducer({ transactionalId: this.transactionalId })
        await crash.point('behind the claim')
        const boundary =
          this.#boundary === 'poll'
            ? { kind: 'poll' as const }
            : this.#boundary === 'interval'
              ? { kind: 'interval' as const, intervalMs: 8 }
              : { kind: 'connector' as const, requests }
        const parts = { ...shared, producer: crashing(producer, crash), positions: this.positions, boundary }
        return new SourceTransactions(parts, fail)
      },
    })
  }
}

onBroker('a source that runs exactly once', () => {
  let cluster: TestCluster
  beforeAll(async () => {
    cluster = await TestCluster.open()
  })
  afterAll(() => cluster.close())

  const committed = async (topic: string): Promise<readonly string[]> =>
    (await cluster.read(topic, 'read_committed')).map(({ value }) => text(value))

  describe.each(['poll', 'interval', 'connector'] as const)('with the boundary %s', (boundary) => {
    test(`killed wherever it waits, loses nothing and shows nothing twice (${SEEDS} seeds)`, async () => {
      const deaths = new Map<string, number>()
      for (let seed = 1; seed <= SEEDS; seed++) {
        const random = seeded(seed)
        const subject = await Subject.make(cluster, boundary, random)
        for (let crashes = 0; crashes <= CRASHES_MAX; crashes++) {
          const isEnd = random.next() < 0.5 ? /commit|abort/ : /./
          const at = 1 + Math.floor(random.next() * (isEnd.test('poll') ? POINTS_MAX : ENDS_MAX))
          const death = await subject.live(crashes === CRASHES_MAX ? NEVER : at, (point) => isEnd.test(point))
          if (death === undefined) break
          deaths.set(death, (deaths.get(death) ?? 0) + 1)
        }
        const found = await committed(subject.topic)
        const label = `seed ${seed}`
        expect({ label, found: found.toSorted() }).toEqual({ label, found: expected(boundary).toSorted() })
      }
      // A trial in which nobody died where it matters shows nothing.
      for (const point of ['during produce', 'before commit', 'during commit', 'after commit'])
        expect([point, deaths.get(point) ?? 0]).not.toEqual([point, 0])
      if (boundary === 'connector') expect(deaths.get('during abort') ?? 0).toBeGreaterThan(0)
      console.info(`${boundary}: died ${[...deaths].map(([point, times]) => `${point}: ${times}`).join(', ')}`)
    }, 300_000)
  })

  test('a second copy fences the first, which fails, stores nothing more, and between them nothing is twice', async () => {
    const peace = new Crash(NEVER)
    const subject = await Subject.make(cluster, 'poll', seeded(1))
    const kafka = await connect({ bootstrapServers: address })
    const zombie = subject.run(kafka, peace, 20)
    const endOfZombie = zombie.run()
    await eventually('the first is at work', () => zombie.counts.progress().stored.size > 0)
    const copy = subject.run(kafka, peace)
    const endOfCopy = copy.run()
    await eventually('the copy has come to the end', () => subject.isDone(copy))
    copy.stop()
    expect(await endOfCopy).toBeUndefined()
    expect(await endOfZombie).toMatchObject({ code: 'KAFKA_FENCED' })
    await kafka.close()
    expect((await committed(subject.topic)).toSorted()).toEqual(expected('poll').toSorted())
  })
})
