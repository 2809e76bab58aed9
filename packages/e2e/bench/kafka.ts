/**
 * The port beside other clients, on Apache Kafka and on the embedded broker: CPU of the client process per million records, 24
 * partitions, 1000 records per batch, four batches at a time, acks=all, idempotent where the client is by default, no compression unless
 * said. Every client is a process of its own (`clients/`), and every consumer touches the length of every value.
 */
import { connect } from '@sluice/kafka'
import type { BenchCase } from './bench-case.ts'
import { brokersForBench } from './broker.ts'
import type { ClientFigures, ClientJob } from './clients/client-run.ts'
import { type ClientName, ClientPrograms } from './clients/programs.ts'

const PARTITIONS = 24
/** Peers that are far slower do less; their figures are per record all the same. */
const SLOW_CLIENT_RECORDS = 200_000
const LATENCY_RECORDS = 10_000

interface Row {
  readonly job: Pick<ClientJob, 'mode' | 'bytes' | 'compression'>
  readonly name: string
  /** CPU-seconds per million records; `librdkafka`: no dearer than that. */
  readonly bar: number | 'librdkafka'
  readonly peers: readonly ClientName[]
}

const EVERYBODY: readonly ClientName[] = ['Java', 'librdkafka (C)', 'platformatic', 'kafkajs']

const ROWS: readonly Row[] = [
  {
    name: 'produce 100 B, idempotent',
    job: { mode: 'produce', bytes: 100, compression: 'none' },
    bar: 0.25,
    peers: EVERYBODY,
  },
  {
    name: 'consume 100 B, values as bytes',
    job: { mode: 'consume', bytes: 100, compression: 'none' },
    bar: 0.25,
    peers: EVERYBODY,
  },
  {
    name: 'copy 100 B exactly once, a commit per 1,000',
    job: { mode: 'copy', bytes: 100, compression: 'none' },
    bar: 0.9,
    peers: ['Java'],
  },
  { name: 'produce 1 KiB', job: { mode: 'produce', bytes: 1024, compression: 'none' }, bar: 1, peers: EVERYBODY },
  { name: 'consume 1 KiB', job: { mode: 'consume', bytes: 1024, compression: 'none' }, bar: 1.2, peers: EVERYBODY },
  {
    name: 'produce 1 KiB, zstd',
    job: { mode: 'produce', bytes: 1024, compression: 'zstd' },
    bar: 'librdkafka',
    peers: ['librdkafka (C)', 'Java', 'platformatic', 'kafkajs'],
  },
]

export async function bench(short: boolean): Promise<readonly BenchCase[]> {
  const programs = new ClientPrograms()
  const cases: BenchCase[] = []
  for (const broker of await brokersForBench()) {
    const measured = await onBroker(broker.address, programs, short)
    cases.push(...measured.map((at) => ({ ...at, name: `${broker.name}: ${at.name}` })))
    broker.end()
  }
  return cases
}

async function onBroker(bootstrap: string, programs: ClientPrograms, short: boolean): Promise<BenchCase[]> {
  const topics = new BenchTopics(bootstrap)
  const records = short ? 50_000 : 1_000_000
  const cases: BenchCase[] = []
  const run = async (client: ClientName, job: ClientJob): Promise<ClientFigures | null> => {
    return await programs.run(client, job, short)
  }
  const nothing = (await run('sluice', jobOf(bootstrap, 'nothing', 1)))!
  const filled = new Map<number, string>()
  for (const { name, job, bar, peers } of ROWS) {
    const measure = async (client: ClientName): Promise<ClientFigures | null> => {
      const isSlow = client === 'kafkajs' || client === 'platformatic'
      const count = isSlow && !short ? SLOW_CLIENT_RECORDS : job.bytes === 100 ? records : records / 4
      const whole = { ...jobOf(bootstrap, job.mode, count), ...job }
      if (job.mode === 'produce') return topics.with(async (topic) => run(client, { ...whole, topic }))
      const topic = filled.get(job.bytes)!
      return topics.with(async (target) => run(client, { ...whole, topic, target }))
    }
    if (job.mode !== 'produce' && !filled.has(job.bytes))
      filled.set(job.bytes, await topics.filled(job.bytes, records, run))
    // Whoever comes first would pay for a broker that has not seen a transaction yet.
    if (job.mode === 'copy') await measure('sluice')
    const ours = (await measure('sluice'))!
    const others: { name: string; value: number | null }[] = []
    for (const client of peers) others.push({ name: client, value: (await measure(client))?.cpuUsPerMsg ?? null })
    const limit = bar === 'librdkafka' ? (others[0]?.value ?? undefined) : bar
    cases.push({
      name,
      unit: 'CPU-s',
      ours: ours.cpuUsPerMsg,
      peer: others,
      ...(limit === undefined ? {} : { bar: limit }),
    })
    if (job.bytes === 1024 && job.compression === 'none') {
      const beyond = ours.rssMb - nothing.rssMb
      cases.push({ name: `memory of that, beyond Node's own`, unit: 'MiB', ours: beyond, peer: [], bar: 96 })
    }
  }
  cases.push(...(await latencies(bootstrap, topics, run, short)))
  await topics.close()
  return cases
}

async function latencies(
  bootstrap: string,
  topics: BenchTopics,
  run: (client: ClientName, job: ClientJob) => Promise<ClientFigures | null>,
  short: boolean,
): Promise<BenchCase[]> {
  const job = jobOf(bootstrap, 'latency', short ? 3000 : LATENCY_RECORDS)
  const measure = (client: ClientName): Promise<ClientFigures | null> =>
    topics.with((topic) => run(client, { ...job, topic }))
  const ours = await measure('sluice')
  const java = await measure('Java')
  return (['p50ms', 'p99ms'] as const).map((which) => {
    const value = java?.[which] ?? null
    const name = `one record, produce to consume, at 1,000/s: ${which === 'p50ms' ? 'half' : '99 %'}`
    return {
      name,
      unit: 'ms',
      ours: ours![which]!,
      peer: [{ name: 'Java', value }],
      ...(value === null ? {} : { bar: value }),
    }
  })
}

function jobOf(bootstrap: string, mode: ClientJob['mode'], records: number): ClientJob {
  return { mode, bootstrap, topic: '', target: '', partitions: PARTITIONS, records, bytes: 100, compression: 'none' }
}

/** Topics that are gone when they are done with. */
class BenchTopics {
  readonly #bootstrap: string
  readonly #made: string[] = []
  #serial = 0

  constructor(bootstrap: string) {
    this.#bootstrap = bootstrap
  }

  async with<T>(body: (topic: string) => Promise<T>): Promise<T> {
    const topic = await this.#create()
    try {
      return await body(topic)
    } finally {
      await this.#delete([topic])
    }
  }

  /** A topic with enough for every consumer and its warm-up. */
  async filled(
    bytes: number,
    records: number,
    run: (client: ClientName, job: ClientJob) => Promise<ClientFigures | null>,
  ): Promise<string> {
    const topic = await this.#create()
    this.#made.push(topic)
    const count = bytes === 100 ? records : records / 4
    await run('sluice', { ...jobOf(this.#bootstrap, 'produce', count), topic, bytes })
    return topic
  }

  async close(): Promise<void> {
    await this.#delete(this.#made)
  }

  async #create(): Promise<string> {
    const topic = `bench-${process.pid}-${Date.now()}-${this.#serial++}`
    const kafka = await connect({ bootstrapServers: this.#bootstrap, clientId: 'bench' })
    await kafka.admin.ensureTopics([{ topic, partitions: PARTITIONS }])
    await kafka.close()
    return topic
  }

  async #delete(topics: readonly string[]): Promise<void> {
    const kafka = await connect({ bootstrapServers: this.#bootstrap, clientId: 'bench' })
    await kafka.admin.deleteTopics(topics)
    await kafka.close()
  }
}
