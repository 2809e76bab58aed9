/**
 * What `read_committed` returns, against what was committed: several transactional producers and one without transactions write
 * to the same partitions at the same time, readers get small and broken answers, jump about, and follow leaders. The model: the
 * value at each offset, once its transaction has been committed.
 */
import { expect, test } from '@jest/globals'
import { type EmbeddedKafka, type Verdict, fault, startEmbeddedKafka } from '@sluice/embedded-kafka'
import { type Fetcher, type Kafka, type Produced, type ProducerRecord, connect } from '../../src/index.ts'
import { SeededRandom } from '@sluice/sdk/testing'
import { pause, seeds } from './seeded.ts'

const TOPIC = 't'
const PARTITIONS = 2
const WRITERS = 4
const TRANSACTIONS = 15

/** Values that may be read, by partition and offset. */
type Model = Map<number, string>[]

function note(model: Model, records: readonly ProducerRecord[], produced: readonly Produced[]): void {
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const values = records.filter((record) => record.partition === partition).map(({ value }) => nameIn(value))
    const offsets = produced
      .filter((one) => one.partition === partition)
      .flatMap(({ firstOffset, count }) => Array.from({ length: count }, (_, i) => firstOffset + i))
    for (const [i, offset] of offsets.toSorted((a, b) => a - b).entries()) model[partition]!.set(offset, values[i]!)
  }
}

function someRecords(random: SeededRandom, name: string): ProducerRecord[] {
  return Array.from({ length: 1 + random.below(8) }, (_, i) => ({
    topic: TOPIC,
    partition: random.below(PARTITIONS),
    key: null,
    value: Buffer.from(`${name}.${i}`.padEnd(random.below(120), '.')),
    timestamp: null,
    headers: null,
  }))
}

async function writeTransactions(kafka: Kafka, random: SeededRandom, model: Model, writer: number): Promise<void> {
  const compression = random.pick(['none', 'gzip'] as const)
  const producer = await kafka.transactionalProducer({ transactionalId: `w${writer}`, compression })
  for (let serial = 0; serial < TRANSACTIONS; serial++) {
    producer.begin()
    const written: [readonly ProducerRecord[], readonly Produced[]][] = []
    for (let call = random.below(5); call > 0; call--) {
      const records = someRecords(random, `w${writer}.${serial}.${call}`)
      written.push([records, await producer.produce(records)])
      if (random.isOneIn(3)) await pause(random.below(10))
    }
    if (random.isOneIn(2)) await producer.abort()
    else {
      await producer.commit()
      for (const [records, produced] of written) note(model, records, produced)
    }
  }
  await producer.close()
}

async function writePlainly(kafka: Kafka, random: SeededRandom, model: Model): Promise<void> {
  const producer = kafka.producer()
  for (let call = 0; call < 60; call++) {
    const records = someRecords(random, `plain.${call}`)
    note(model, records, await producer.produce(records))
    await pause(random.below(5))
  }
  await producer.close()
}

/** Reads both partitions from these offsets to the ends, or for as long as `isWriting`. */
async function read(fetcher: Fetcher, from: readonly number[], ends: () => readonly number[]): Promise<Model> {
  const found: Model = from.map(() => new Map())
  const next = [...from]
  fetcher.assign(from.map((offset, partition) => ({ topic: TOPIC, partition, offset })))
  while (ends().some((end, partition) => next[partition]! < end)) {
    for (const { partition, batches, nextOffset } of await fetcher.poll(50)) {
      expect(nextOffset).toBeGreaterThan(next[partition]!)
      next[partition] = nextOffset
      for (const records of batches) {
        for (let i = 0; i < records.count; i++) {
          expect(found[partition]!.has(records.offset(i))).toBe(false)
          found[partition]!.set(records.offset(i), nameIn(records.value(i)))
        }
      }
    }
  }
  return found
}

/** Without what it was filled up with. */
function nameIn(value: Uint8Array | null): string {
  return Buffer.from(value!).toString().replace(/\.+$/, '')
}

function from(model: Model, offsets: readonly number[]): string[][] {
  return model.map((values, partition) =>
    [...values]
      .filter(([offset]) => offset >= offsets[partition]!)
      .toSorted(([a], [b]) => a - b)
      .map(([offset, name]) => `${offset}: ${name}`),
  )
}

async function endsOf(kafka: Kafka): Promise<number[]> {
  const partitions = Array.from({ length: PARTITIONS }, (_, partition) => ({ topic: TOPIC, partition }))
  return (await kafka.admin.listOffsets(partitions, 'latest')).map(({ offset }) => offset)
}

function disturb(broker: EmbeddedKafka, random: SeededRandom): void {
  const faults: readonly Verdict<'Fetch'>[] = [
    fault.drop,
    fault.after(() => 'drop'),
    fault.delay(20),
    fault.error('FETCH_SESSION_ID_NOT_FOUND'),
    fault.error('NOT_LEADER_OR_FOLLOWER'),
    fault.error('UNKNOWN_LEADER_EPOCH'),
  ]
  const judge = (): Verdict<'Fetch'> => {
    if (random.isOneIn(40)) broker.moveLeader(TOPIC, random.below(PARTITIONS), 1 + random.below(2))
    return random.isOneIn(30) ? random.pick(faults) : fault.pass
  }
  broker.intercept('Fetch', judge, { times: Infinity })
}

for (const seed of seeds([2, 4])) {
  test(`every committed record is read once, at its offset, and no other (seed ${seed})`, async () => {
    const random = new SeededRandom(seed)
    const broker = await startEmbeddedKafka({ nodes: 2, emulate: random.pick(['3.6', '4.3'] as const) })
    const kafka = await connect({ bootstrapServers: broker.bootstrapServers, random })
    await kafka.admin.ensureTopics([{ topic: TOPIC, partitions: PARTITIONS }])
    disturb(broker, random)
    const model: Model = Array.from({ length: PARTITIONS }, () => new Map())
    const fetcher = (): Fetcher =>
      kafka.fetcher({
        isolation: 'read_committed',
        maxWaitMs: 20,
        partitionBytesMax: random.pick([100, 1000, 1_000_000]),
        bytesMax: random.pick([150, 2000, 1_000_000]),
      })
    let ends: number[] | undefined
    const writing = Promise.all([
      writePlainly(kafka, random, model),
      ...Array.from({ length: WRITERS }, (_, writer) => writeTransactions(kafka, random, model, writer)),
    ])
    const live = read(fetcher(), [0, 0], () => ends ?? [Infinity, Infinity])
    await writing
    ends = await endsOf(kafka)
    expect(from(await live, [0, 0])).toEqual(from(model, [0, 0]))
    for (let round = 0; round < 6; round++) {
      const begin = ends.map((end) => random.below(end))
      const reader = fetcher()
      expect(from(await read(reader, begin, () => ends), begin)).toEqual(from(model, begin))
      await reader.close()
    }
    await kafka.close()
    await broker.close()
  }, 60_000)
}
