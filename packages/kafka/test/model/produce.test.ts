/**
 * What a producer says became of a record, against what is in the log, while requests and answers are lost, late and refused,
 * leaders move and nodes die. The model: numbered records, one per call, each partition's in the order of the calls.
 */
import { expect, test } from '@jest/globals'
import { type EmbeddedKafka, type Verdict, fault, startEmbeddedKafka } from '@sluice/embedded-kafka'
import type { SluiceError } from '@sluice/sdk'
import { type Kafka, type ProducerOptions, connect } from '../../src/index.ts'
import { SeededRandom } from '@sluice/sdk/testing'
import { pause, seeds } from './seeded.ts'

const TOPIC = 'numbers'
const PARTITIONS = 3
const NODES = 3
const CALLS = 1200

type Outcome = { readonly offset: number } | { readonly error: SluiceError }

/** Codes of errors that say that a record is not, and never will be, in the log. */
const CERTAIN: readonly string[] = ['KAFKA_REFUSED', 'KAFKA_UNREACHABLE', 'RECORD_TOO_LARGE']

function randomFault(random: SeededRandom): Verdict<'Produce'> {
  const faults: readonly Verdict<'Produce'>[] = [
    fault.drop,
    fault.hang,
    fault.after(() => 'drop'),
    fault.after(() => 'hang'),
    fault.after(() => pause(random.below(400)).then(() => 'drop')),
    fault.delay(random.below(30)),
    // Later than the client waits: the broker acts when the client has long sent it again.
    fault.delay(200 + random.below(300)),
    fault.error('NOT_LEADER_OR_FOLLOWER'),
    fault.error('NOT_ENOUGH_REPLICAS'),
    fault.error('KAFKA_STORAGE_ERROR'),
    fault.error('MESSAGE_TOO_LARGE'),
    fault.error('INVALID_RECORD'),
    fault.error('UNKNOWN_PRODUCER_ID'),
    fault.after((answer) => refusedAfterWriting(answer, 20)),
    fault.after((answer) => refusedAfterWriting(answer, 7)),
    fault.after((answer) => refusedAfterWriting(answer, -1)),
  ]
  return random.pick(faults)
}

/** The broker has written, and says that it is not sure. */
function refusedAfterWriting<A extends { responses?: readonly unknown[] }>(answer: A, errorCode: number): A {
  type Topics = { partitionResponses: { errorCode: number; baseOffset: number }[] }[]
  const responses = (answer.responses as Topics).map((topic) => ({
    ...topic,
    partitionResponses: topic.partitionResponses.map((one) =>
      one.errorCode === 0 ? { ...one, errorCode, baseOffset: -1 } : one,
    ),
  }))
  return { ...answer, responses }
}

async function produceAll(kafka: Kafka, random: SeededRandom, broker: EmbeddedKafka): Promise<Outcome[]> {
  const options: ProducerOptions = {
    batchBytesMax: 1024,
    requestBytesMax: 2048,
    bufferBytesMax: random.pick([2048, 16_384, 1_048_576]),
    lingerMs: random.pick([0, 0, 5]),
    compression: random.pick(['none', 'lz4'] as const),
    requestTimeoutMs: 150,
    deliveryTimeoutMs: random.pick([400, 1500, 60_000]),
    inFlightMax: random.pick([1, 3, 5]),
  }
  const producer = kafka.producer(options)
  const outcomes: Promise<Outcome>[] = []
  for (let call = 0; call < CALLS; call++) {
    const value = Buffer.from(`${call}`.padEnd(random.below(200), '.'))
    const record = { topic: TOPIC, partition: call % PARTITIONS, key: null, value, timestamp: null, headers: null }
    outcomes.push(
      producer.produce([record]).then(
        ([produced]) => ({ offset: produced!.firstOffset }),
        (error: SluiceError) => ({ error }),
      ),
    )
    if (random.isOneIn(40)) await pause(random.below(20))
    if (random.isOneIn(100)) broker.moveLeader(TOPIC, random.below(PARTITIONS), 1 + random.below(NODES))
    if (random.isOneIn(600)) {
      const node = 1 + random.below(NODES)
      await broker.killNode(node)
      setTimeout(() => void broker.restartNode(node), random.below(600))
    }
  }
  if (random.isOneIn(3)) await producer.close(random.below(500))
  else {
    broker.clearIntercepts()
    await producer.close()
  }
  return Promise.all(outcomes)
}

async function logOf(kafka: Kafka, partition: number): Promise<Map<number, number>> {
  const [end] = await kafka.admin.listOffsets([{ topic: TOPIC, partition }], 'latest')
  const fetcher = kafka.fetcher()
  fetcher.assign([{ topic: TOPIC, partition, offset: 0 }])
  const found = new Map<number, number>()
  for (let next = 0; next < end!.offset;) {
    for (const { batches, nextOffset } of await fetcher.poll(1000)) {
      next = nextOffset
      for (const records of batches) {
        for (let i = 0; i < records.count; i++) {
          found.set(records.offset(i), Number.parseInt(Buffer.from(records.value(i)!).toString()))
        }
      }
    }
  }
  await fetcher.close()
  return found
}

for (const seed of seeds([1, 2, 3, 4])) {
  test(`what is acknowledged is in the log once, in order; what certainly failed is not (seed ${seed})`, async () => {
    const random = new SeededRandom(seed)
    const broker = await startEmbeddedKafka({ nodes: NODES })
    const kafka = await connect({ bootstrapServers: broker.bootstrapServers, requestTimeoutMs: 1000, random })
    await kafka.admin.ensureTopics([{ topic: TOPIC, partitions: PARTITIONS }])
    const chances = random.pick([3, 8, 30])
    const judge = (): Verdict<'Produce'> => (random.isOneIn(chances) ? randomFault(random) : fault.pass)
    broker.intercept('Produce', judge, { times: Infinity })
    const outcomes = await produceAll(kafka, random, broker)
    broker.clearIntercepts()
    // What the broker was to see late it has seen by now.
    await pause(600)
    for (let node = 1; node <= NODES; node++) await broker.restartNode(node).catch(() => undefined)
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const log = await logOf(kafka, partition)
      const values = [...log.values()]
      expect(values).toEqual([...new Set(values)].toSorted((a, b) => a - b))
      const present = new Set(values)
      const untrue: string[] = []
      for (let call = partition; call < CALLS; call += PARTITIONS) {
        const outcome = outcomes[call]!
        if ('offset' in outcome) {
          if (!present.has(call)) untrue.push(`${call} was acknowledged, and is not there`)
          const there = log.get(outcome.offset)
          if (outcome.offset >= 0 && there !== call) untrue.push(`${there} is where ${call} was acknowledged`)
        } else if (CERTAIN.includes(outcome.error.code) && present.has(call)) {
          untrue.push(`${call} is there in spite of ${outcome.error.code}: ${outcome.error.message}`)
        }
      }
      expect(untrue).toEqual([])
    }
    await kafka.close()
    await broker.close()
  }, 60_000)
}
