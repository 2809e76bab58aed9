/**
 * Copies a topic exactly once while everything goes wrong: copiers are killed, answers of the coordinators are dropped, delayed for
 * longer than anybody waits, or never come, and copiers are frozen until others have taken over, and thawed. Then an independent reader
 * counts. On the embedded broker, and on Apache Kafka where there is a Java.
 *
 *   lost        records of the source that the target has not          must be 0
 *   twice       records that it has more than once                     must be 0
 *   disordered  records before one of a smaller number                 must be 0
 *   aborted     records of transactions that were aborted              must be 0
 *
 * That the counts can find something is shown with faults planted in the copier (`mutants`): each must be caught.
 */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { type ApiName, decodeRequest, encodeRequest, readBatches, restampProducer } from '@sluice/kafka-protocol'
import { type Kafka, connect } from '@sluice/kafka'
import { type BrokerOnTrial, startApacheKafka, startEmbedded, whyNoApacheKafka } from './broker-on-trial.ts'
import { type CopierJob, type Mutant, REUSE_HEADER } from './exactly-once-copy/copier-job.ts'
import { Copiers } from './exactly-once-copy/copiers.ts'
import { FaultProxy, type Rewrite } from './exactly-once-copy/fault-proxy.ts'
import { type Ledger, readLedger } from './exactly-once-copy/ledger.ts'
import type { TrialOptions } from './trial-options.ts'

const PARTITIONS = 6
const SLOTS = 2
/** Longer than a session: whoever is frozen for so long has lost its partitions. */
const FREEZE_MS = 9000
const SILENCE_MS_MAX = 180_000
const MUTANTS: readonly Mutant[] = ['skip-fencing', 'forget-partition', 'reuse-sequence']

/** What the coordinators answer, and what hurts when the answer is lost. */
const COORDINATORS: readonly ApiName[] = [
  'EndTxn',
  'TxnOffsetCommit',
  'EndTxn',
  'InitProducerId',
  'JoinGroup',
  'EndTxn',
  'SyncGroup',
  'OffsetFetch',
  'TxnOffsetCommit',
  'Heartbeat',
  'FindCoordinator',
  'Produce',
]

interface Plan {
  readonly records: number
  readonly recordsPerTransaction: number
  readonly kills: number
  readonly faults: number
  readonly zombies: number
  /** Of the one answer that is delayed for longest. */
  readonly delayMs: number
  readonly requestTimeoutMs: number
}

export async function trial({ full, seed }: TrialOptions): Promise<boolean> {
  const plan: Plan = full
    ? {
        records: 1_000_000,
        recordsPerTransaction: 1000,
        kills: 24,
        faults: 36,
        zombies: 3,
        delayMs: 30_000,
        requestTimeoutMs: 10_000,
      }
    : {
        records: 60_000,
        recordsPerTransaction: 100,
        kills: 4,
        faults: 8,
        zombies: 1,
        delayMs: 6000,
        requestTimeoutMs: 3000,
      }
  const why = whyNoApacheKafka()
  if (why !== null) console.log(`exactly-once-copy: Apache Kafka is not tried: ${why}`)
  const apache = why === null ? [(port: number) => startApacheKafka('4.3.1', port)] : []
  // The short form plants each fault once, where there are two brokers.
  const shares = full || why !== null ? [MUTANTS, MUTANTS] : [MUTANTS.slice(0, 2), MUTANTS.slice(2)]
  let held = true
  for (const [i, start] of [startEmbedded, ...apache].entries()) {
    held = (await onBroker(start, plan, seed, shares[i]!)) && held
  }
  console.log(held ? 'exactly-once-copy: held' : 'exactly-once-copy: FAILED')
  return held
}

async function onBroker(
  start: (advertisedPort: number) => Promise<BrokerOnTrial>,
  plan: Plan,
  seed: number,
  mutants: readonly Mutant[],
): Promise<boolean> {
  const upstream = { host: '127.0.0.1', port: 0 }
  const proxy = await FaultProxy.start(0, upstream)
  const broker = await start(proxy.port)
  upstream.port = broker.port
  const kafka = await connect({ bootstrapServers: `127.0.0.1:${proxy.port}`, clientId: 'trial' })
  try {
    let held = await copyUnderFire(broker, proxy, kafka, plan, seed)
    for (const mutant of mutants) {
      held = (await catches(broker, proxy, kafka, mutant)) && held
    }
    return held
  } finally {
    await kafka.close()
    await proxy.close()
    await broker.stop()
  }
}

async function copyUnderFire(
  broker: BrokerOnTrial,
  proxy: FaultProxy,
  kafka: Kafka,
  plan: Plan,
  seed: number,
): Promise<boolean> {
  const since = performance.now()
  const run = await Run.begin(kafka, proxy, plan)
  const random = seeded(seed)
  const events = shuffled(
    [
      ...Array.from({ length: plan.kills }, () => 'kill'),
      ...Array.from({ length: plan.faults }, () => 'fault'),
      ...Array.from({ length: plan.zombies }, () => 'zombie'),
    ],
    random,
  )
  let fault = 0
  const frozen: Promise<void>[] = []
  try {
    for (let slot = 0; slot < SLOTS; slot++) run.copiers.start(slot)
    for (const [n, event] of events.entries()) {
      await run.reached((n + 0.5) / (events.length + 1))
      const slot = Math.floor(random() * SLOTS)
      if (event === 'kill') run.copiers.kill(slot)
      else if (event === 'zombie') {
        const isReplaced = frozen.length % 2 === 0
        frozen.push(isReplaced ? run.copiers.replaceFrozen(slot, FREEZE_MS) : run.copiers.freeze(slot, FREEZE_MS))
        await frozen.at(-1)
      } else {
        const api = COORDINATORS[fault % COORDINATORS.length]!
        const kind = (['drop', 'delay', 'hang'] as const)[fault % 3]!
        if (kind === 'delay')
          proxy.plan(api, { kind, ms: fault === 1 ? plan.delayMs : plan.requestTimeoutMs * (0.5 + random()) })
        else proxy.plan(api, { kind })
        fault++
      }
    }
    await Promise.all(frozen)
    await run.reached(1)
  } finally {
    await run.end()
    // The reader is not lied to.
    proxy.forgetPlans()
  }
  const { ledger, journals } = await run.count()
  const faults = [...proxy.struck].map(([what, count]) => `${what} ${count}`).join(', ')
  const seconds = Math.round((performance.now() - since) / 1000)
  console.log(
    `\n${broker.name}: ${plan.records.toLocaleString('en')} records copied in ${seconds} s, seed ${seed}; ${plan.kills} kills, ` +
      `${plan.zombies} zombies (${run.copiers.fenced} processes ended fenced), answers: ${faults}\n` +
      `  transactions: ${journals.committed} committed, ${journals.aborted.size} aborted, ${journals.unknown} asked again\n` +
      `  ${text(ledger)}`,
  )
  for (const end of new Set(journals.ends.map((line) => line.slice(0, 160)))) console.log(`    ended: ${end}`)
  return isClean(ledger)
}

/** Whether the ledger finds the planted fault. */
async function catches(broker: BrokerOnTrial, proxy: FaultProxy, kafka: Kafka, mutant: Mutant): Promise<boolean> {
  proxy.forgetPlans()
  const run = await Run.begin(kafka, proxy, {
    records: 30_000,
    recordsPerTransaction: 300,
    requestTimeoutMs: 3000,
    mutant,
  })
  if (mutant === 'reuse-sequence') proxy.rewrite = reuseSequences()
  try {
    run.copiers.start(0)
    if (mutant === 'skip-fencing') {
      await run.copiers.frozen(0, 30_000)
      // The other takes over and copies everything, what the frozen one was about to copy too.
      run.copiers.start(1)
      await run.reached(1)
      run.copiers.thaw(0)
      await new Promise((resolve) => setTimeout(resolve, 3000))
    } else {
      run.copiers.start(1)
      await run.reached(0.3)
      for (let slot = 0; slot < SLOTS; slot++) run.copiers.kill(slot)
      await run.reached(1)
    }
  } finally {
    await run.end()
    proxy.rewrite = null
  }
  const { ledger } = await run.count()
  const isCaught = (mutant === 'reuse-sequence' ? ledger.lost : ledger.twice) > 0
  console.log(`  ${broker.name}, mutant ${mutant}: ${isCaught ? 'caught' : 'NOT CAUGHT'}: ${text(ledger)}`)
  return isCaught
}

type CopyNames = Pick<CopierJob, 'source' | 'target' | 'group'>

interface RunOptions extends Pick<Plan, 'records' | 'recordsPerTransaction' | 'requestTimeoutMs'> {
  readonly mutant?: Mutant
}

/** One copy of one topic: filled, copied, counted. */
class Run {
  readonly copiers: Copiers
  readonly #kafka: Kafka
  readonly #options: RunOptions
  readonly #names: CopyNames
  readonly #bootstrap: string
  readonly #dir: string

  static async begin(kafka: Kafka, proxy: FaultProxy, options: RunOptions): Promise<Run> {
    const name = `copy-${options.mutant ?? 'trial'}-${Date.now().toString(36)}`
    const names = { source: `${name}-source`, target: `${name}-target`, group: name }
    await kafka.admin.ensureTopics([names.source, names.target].map((topic) => ({ topic, partitions: PARTITIONS })))
    const producer = kafka.producer()
    for (let from = 0; from < options.records; from += 10_000) {
      const count = Math.min(10_000, options.records - from)
      await producer.produce(
        Array.from({ length: count }, (_, i) => ({
          topic: names.source,
          partition: (from + i) % PARTITIONS,
          key: null,
          value: Buffer.from(String(from + i)),
          timestamp: null,
          headers: null,
        })),
      )
    }
    await producer.close()
    return new Run(kafka, proxy, options, names)
  }

  private constructor(kafka: Kafka, proxy: FaultProxy, options: RunOptions, names: CopyNames) {
    this.#kafka = kafka
    this.#options = options
    this.#names = names
    this.#bootstrap = `127.0.0.1:${proxy.port}`
    this.#dir = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-journals-'))
    this.copiers = new Copiers(SLOTS, this.#dir, (slot, life) => this.#job(slot, life))
  }

  /** Resolves when this share of the records is copied, by the group's offsets. */
  async reached(share: number): Promise<void> {
    const goal = Math.floor(share * this.#options.records)
    const partitions = Array.from({ length: PARTITIONS }, (_, partition) => ({ topic: this.#names.source, partition }))
    const offsets = this.#kafka.groupOffsets(this.#names.group)
    let before = -1
    let changedAt = performance.now()
    for (;;) {
      const committed = await offsets.committed(partitions).catch(() => null)
      const sum = committed?.reduce((total, { offset }) => total + offset, 0) ?? before
      if (sum >= goal) return
      if (sum !== before) changedAt = performance.now()
      before = sum
      if (performance.now() - changedAt > SILENCE_MS_MAX) {
        const ends = this.copiers.journals().ends.slice(-3).join('\n')
        throw new Error(`nothing was copied for ${SILENCE_MS_MAX} ms; ${sum} of ${goal} are\n${ends}`)
      }
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }

  async end(): Promise<void> {
    await this.copiers.stop()
  }

  async count(): Promise<{ ledger: Ledger; journals: ReturnType<Copiers['journals']> }> {
    const journals = this.copiers.journals()
    const ledger = await readLedger({
      bootstrap: this.#bootstrap,
      target: this.#names.target,
      records: this.#options.records,
      partitions: PARTITIONS,
      abortedTransactions: journals.aborted,
    })
    fs.rmSync(this.#dir, { recursive: true, force: true })
    return { ledger, journals }
  }

  #job(slot: number, life: number): CopierJob {
    const { mutant, requestTimeoutMs, recordsPerTransaction } = this.#options
    return {
      bootstrap: this.#bootstrap,
      ...this.#names,
      transactionalId: `${this.#names.group}-${slot}`,
      transactionTimeoutMs: mutant === 'skip-fencing' ? 60_000 : 15_000,
      requestTimeoutMs,
      recordsPerTransaction,
      journal: path.join(this.#dir, `${slot}-${life}`),
      freezeAt: mutant === 'skip-fencing' && slot === 0 && life === 0 ? 3 : null,
      // What was forgotten shows when another takes over who does not forget.
      mutant: mutant === 'forget-partition' && life > 0 ? null : (mutant ?? null),
    }
  }
}

/** Gives marked batches the sequence of the one before them, as a producer would that counts wrong. */
function reuseSequences(): Rewrite {
  const last = new Map<string, number>()
  return (apiKey, frame) => {
    const request = apiKey === 0 ? decodeRequest(frame) : null
    if (request?.api !== 'Produce') return frame
    for (const { name, topicId, partitionData } of request.body.topicData) {
      for (const { index, records } of partitionData) {
        for (const batch of records === null ? [] : readBatches(records)) {
          const { producerId, producerEpoch, baseSequence } = batch
          if (typeof producerId !== 'number') continue
          const key = `${name}${topicId} ${index} ${producerId} ${producerEpoch}`
          const before = last.get(key)
          const isMarked =
            batch
              .records()
              .headers(0)
              ?.some((header) => header.key === REUSE_HEADER) === true
          if (isMarked && before !== undefined)
            restampProducer(records!, { producerId, producerEpoch, baseSequence: before })
          else last.set(key, baseSequence)
        }
      }
    }
    const { correlationId, clientId, version, body } = request
    return Buffer.concat(encodeRequest('Produce', version, { correlationId, clientId }, body)).subarray(4)
  }
}

function isClean({ lost, twice, disordered, aborted }: Ledger): boolean {
  return lost + twice + disordered + aborted === 0
}

function text({ reader, lost, twice, disordered, aborted }: Ledger): string {
  return `lost ${lost}, twice ${twice}, disordered ${disordered}, aborted ${aborted} (read by ${reader})`
}

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  return items
    .map((item) => ({ item, at: random() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ item }) => item)
}

function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}
