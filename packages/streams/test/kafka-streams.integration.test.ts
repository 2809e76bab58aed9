/** The runtime on a real Kafka: `SLUICE_TEST_KAFKA` names it. */
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import {
  addTallies,
  checkTally,
  connect,
  decodeTally,
  EMPTY_TALLY,
  type CommittedOffset,
  type ConsumerMember,
  type Kafka,
  type Producer,
  type ProducerRecord,
  type Tally,
} from '@sluice/kafka'
import { readQuarantineHeaders, type GateDefinition } from '@sluice/quality'
import {
  MemoryMetrics,
  RetriableError,
  SluiceError,
  type RawHeader,
  type StructValue,
  type TopicPartition,
} from '@sluice/sdk'
import {
  KafkaStreams,
  Serdes,
  StreamsBuilder,
  streamsSettings,
  type StreamsProgress,
  type StreamsState,
  type Topology,
} from '../src/index.ts'

const address = process.env['SLUICE_TEST_KAFKA'] ?? ''
if (address === '')
  console.warn('SLUICE_TEST_KAFKA is not set: the tests of the streams runtime against a broker are skipped')

jestDescribe('the runtime on a broker', () => {
  let kafka: Kafka
  let producer: Producer
  beforeAll(async () => {
    kafka = await connect({ bootstrapServers: address })
    producer = kafka.producer()
  })
  afterAll(async () => {
    await producer.close()
    await kafka.close()
  })

  /** One dataset of its own: topics, application, and what to ask of them. */
  async function dataset(partitions: number) {
    const name = `streams-${randomUUID().slice(0, 8)}`
    const [raw, clean, quarantine] = [`${name}.raw`, `${name}.clean`, `${name}.quarantine`]
    await kafka.admin.ensureTopics([{ topic: raw, partitions }])
    const inputs = Array.from({ length: partitions }, (_, partition): TopicPartition => ({ topic: raw, partition }))
    return {
      name,
      raw,
      clean,
      quarantine,
      put: (records: readonly Partial<ProducerRecord>[]) =>
        producer.produce(
          records.map((record) => ({
            topic: raw,
            partition: null,
            key: null,
            value: null,
            timestamp: null,
            headers: null,
            ...record,
          })),
        ),
      read: (topic: string) => readAll(kafka, topic),
      committed: () => kafka.groupOffsets(name).committed(inputs),
      async tally(): Promise<Tally> {
        const committed = await kafka.groupOffsets(name).committed(inputs)
        const tallies = committed.map(({ metadata }) => decodeTally(metadata))
        for (const tally of tallies) checkTally(tally)
        return tallies.reduce(addTallies, EMPTY_TALLY)
      },
      app(topology: Topology, more: More = {}) {
        const settings = streamsSettings.parse({ 'application.id': name, 'retry.backoff.ms': '10', ...more.settings })
        return new KafkaStreams(topology, settings, {
          kafka: more.kafka ?? kafka,
          metrics: more.metrics ?? new MemoryMetrics(),
          onState: (state) => more.states?.push(state),
        })
      },
      /** raw → gate → clean */
      topology(gate: GateDefinition = rules()): Topology {
        const builder = new StreamsBuilder()
        builder
          .stream(raw, { value: json, quarantine })
          .mapValues((value): StructValue | null => (value === null ? null : { n: value['n'] ?? null }))
          .gate(gate)
          .to(clean, { value: json })
        return builder.build()
      },
    }
  }

  test('two partitions, to their end: what passes is in the clean topic, what does not in quarantine, both counted with the offsets', async () => {
    const data = await dataset(2)
    await data.put(numbers(0, 500))
    const metrics = new MemoryMetrics()
    const streams = data.app(data.topology(), { metrics })
    const progress = await streams.run({ until: 'end' })
    expect(streams.state).toBe('NOT_RUNNING')
    expect(progress.map(({ task }) => task)).toEqual(['0_0', '0_1'])
    for (const { position, committed, endOffset } of progress)
      expect([committed, endOffset]).toEqual([position, position])
    const clean = await data.read(data.clean)
    const quarantined = await data.read(data.quarantine)
    expect(await data.tally()).toEqual({
      in: 500,
      passed: 450,
      marked: 50,
      quarantined: { not_three: 50 },
      dropped: {},
    })
    expect(clean.map(numberOf).toSorted((a, b) => a - b)).toEqual(range(0, 500).filter((n) => n % 10 !== 3))
    expect(quarantined.map(numberOf).toSorted((a, b) => a - b)).toEqual(range(0, 500).filter((n) => n % 10 === 3))
    expect(streams.scorecards()).toMatchObject([{ records: 500, outcomes: { quarantine: 50, mark: 50 } }])
    const counted = (outcome: string): number =>
      [0, 1].reduce((sum, partition) => {
        const labels = { application: data.name, topic: data.raw, partition: String(partition), outcome }
        return sum + metrics.value('sluice_streams_records_total', labels)!
      }, 0)
    expect(['passed', 'marked', 'quarantined', 'dropped'].map(counted)).toEqual([450, 50, 50, 0])
    expect(metrics.value('sluice_streams_records_out_total', { application: data.name })).toBe(500)
  })

  test('running again with nothing new adds nothing; new records are added to the count', async () => {
    const data = await dataset(2)
    await data.put(numbers(0, 100))
    await data.app(data.topology()).run({ until: 'end' })
    await data.app(data.topology()).run({ until: 'end' })
    expect(await data.read(data.clean)).toHaveLength(90)
    await data.put(numbers(100, 120))
    await data.app(data.topology()).run({ until: 'end' })
    expect(await data.read(data.clean)).toHaveLength(108)
    expect((await data.tally()).in).toBe(120)
  })

  test('an empty topic ends at once and commits nothing', async () => {
    const data = await dataset(3)
    const progress = await data.app(data.topology()).run({ until: 'end' })
    expect(progress.map(({ position }) => position)).toEqual([0, 0, 0])
    expect(await data.committed()).toEqual([])
  })

  test('a crash between produce and commit: everything is processed again, nothing is lost, and each record counts once', async () => {
    const data = await dataset(2)
    await data.put(numbers(0, 200))
    const crashing: Kafka = {
      ...bound(kafka),
      consumerMember: (options) =>
        committing(kafka.consumerMember(options), () =>
          Promise.reject(new SluiceError('INTERNAL', 'the lights went out')),
        ),
    }
    await expect(data.app(data.topology(), { kafka: crashing }).run({ until: 'end' })).rejects.toThrow(
      'the lights went out',
    )
    expect(await data.read(data.clean)).toHaveLength(180)
    expect(await data.committed()).toEqual([])
    await data.app(data.topology()).run({ until: 'end' })
    expect(await data.tally()).toMatchObject({ in: 200, passed: 180, quarantined: { not_three: 20 } })
    expect((await data.read(data.clean)).map(numberOf).toSorted((a, b) => a - b)).toEqual(
      range(0, 200)
        .filter((n) => n % 10 !== 3)
        .flatMap((n) => [n, n]),
    )
  })

  test('no offset is committed past a record that is not durable', async () => {
    const data = await dataset(1)
    await data.put(numbers(0, 50))
    const commits: number[] = []
    let release = (): void => undefined
    const held = new Promise<void>((resolve) => (release = resolve))
    const slow: Kafka = {
      ...bound(kafka),
      producer: (options) => {
        const real = kafka.producer(options)
        return {
          produce: (records) => held.then(() => real.produce(records)),
          flush: () => real.flush(),
          close: (ms) => real.close(ms),
        }
      },
      consumerMember: (options) =>
        committing(kafka.consumerMember(options), async (offsets, commit) => {
          commits.push(...offsets.map(({ offset }) => offset))
          await commit(offsets)
        }),
    }
    const stop = new AbortController()
    const streams = data.app(data.topology(), { kafka: slow, settings: { 'commit.interval.ms': '20' } })
    const running = streams.run({ signal: stop.signal })
    while (streams.progress()[0]?.position !== 50) await new Promise((resolve) => setTimeout(resolve, 20))
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(commits).toEqual([])
    release()
    stop.abort()
    await running
    expect(commits.at(-1)).toBe(50)
  })

  test('an error that may pass is survived: back to what is committed, every record counted once', async () => {
    const data = await dataset(2)
    await data.put(numbers(0, 300))
    const states: StreamsState[] = []
    await data.app(data.topology(), { kafka: flaky(kafka, 2), states }).run({ until: 'end' })
    expect(states.filter((state) => state === 'REBALANCING').length).toBeGreaterThan(1)
    expect(await data.tally()).toMatchObject({ in: 300, passed: 270 })
    expect(new Set((await data.read(data.clean)).map(numberOf)).size).toBe(270)
  })

  test('a run that somebody judges to be over has committed what was judged by, also where that failed before', async () => {
    const data = await dataset(1)
    await data.put(numbers(0, 10))
    const until = (progress: StreamsProgress): boolean => progress[0]?.position === 10
    const [end] = await data.app(data.topology(), { kafka: flaky(kafka, 1) }).run({ until })
    expect(end).toMatchObject({ position: 10, committed: 10 })
    expect(await data.committed()).toMatchObject([{ offset: 10 }])
  })

  test('errors that never pass end the run once the time without progress is up', async () => {
    const data = await dataset(1)
    await data.put(numbers(0, 10))
    const broken: Kafka = {
      ...bound(kafka),
      producer: () => ({
        produce: () => Promise.reject(new RetriableError('KAFKA_TIMEOUT', 'no answer')),
        flush: () => Promise.resolve(),
        close: () => Promise.resolve(),
      }),
    }
    const streams = data.app(data.topology(), { kafka: broken, settings: { 'task.timeout.ms': '300' } })
    await expect(streams.run()).rejects.toMatchObject({ code: 'KAFKA_TIMEOUT' })
    expect(streams.state).toBe('ERROR')
    expect(await data.committed()).toEqual([])
  })

  test('so do those that keep a task from being restored, though each attempt lasts longer and commits go through meanwhile', async () => {
    const data = await dataset(1)
    const builder = new StreamsBuilder()
    builder
      .stream(data.raw, { key: Serdes.string })
      .groupByKey()
      .count({ materialized: { name: 'counts', engine: 'memory' } })
    const topology = builder.build()
    await data.put([{ key: Buffer.from('a'), value: Buffer.from('1') }])
    await data.app(topology).run({ until: 'end' })
    let restorations = 0
    const broken: Kafka = {
      ...bound(kafka),
      fetcher: (options) => {
        const fetcher = kafka.fetcher(options)
        // Restorations keep what they have fetched.
        if (options?.isLent === true) return fetcher
        return {
          assign: (positions) => fetcher.assign(positions),
          seek: (position) => fetcher.seek(position),
          pause: (some) => fetcher.pause(some),
          resume: (some) => fetcher.resume(some),
          position: (partition) => fetcher.position(partition),
          end: (partition) => fetcher.end(partition),
          close: () => fetcher.close(),
          poll: async () => {
            restorations++
            await sleep(600)
            throw new RetriableError('KAFKA_TIMEOUT', 'no answer')
          },
        }
      },
    }
    const settings = { 'task.timeout.ms': '400', 'commit.interval.ms': '50' }
    await expect(data.app(topology, { kafka: broken, settings }).run()).rejects.toMatchObject({ code: 'KAFKA_TIMEOUT' })
    expect(restorations).toBe(2)
  })

  test('a stop lets what is under way become durable and commits it: the next run repeats nothing', async () => {
    const data = await dataset(2)
    await data.put(numbers(0, 2000))
    const stop = new AbortController()
    const first = data.app(data.topology())
    const stopped = await first.run({ signal: stop.signal, until: () => (stop.abort(), false) })
    for (const { position, committed } of stopped) expect(committed ?? 0).toBe(position)
    await data.app(data.topology()).run({ until: 'end' })
    const clean = (await data.read(data.clean)).map(numberOf)
    expect([clean.length, new Set(clean).size]).toEqual([1800, 1800])
  })

  test('a stop that takes too long ends with STOP_TIMED_OUT; what is not durable is not committed', async () => {
    const data = await dataset(1)
    await data.put(numbers(0, 10))
    const deaf: Kafka = {
      ...bound(kafka),
      producer: () => ({
        produce: () => new Promise(() => undefined),
        flush: () => Promise.resolve(),
        close: () => Promise.resolve(),
      }),
    }
    const streams = data.app(data.topology(), { kafka: deaf, settings: { 'close.timeout.ms': '100' } })
    await expect(streams.run({ until: 'end' })).rejects.toMatchObject({ code: 'STOP_TIMED_OUT' })
    expect([streams.state, await data.committed()]).toEqual(['ERROR', []])
  })

  test('a topic that the topology writes and reads is created and processed on', async () => {
    const data = await dataset(2)
    await data.put(numbers(0, 10))
    const builder = new StreamsBuilder()
    builder.stream(data.raw).to(`${data.name}.middle`)
    builder.stream(`${data.name}.middle`).to(data.clean)
    const all = data.app(builder.build()).run({
      until: (progress) =>
        progress.reduce((sum, { topic, tally }) => sum + (topic === data.raw ? 0 : tally.in), 0) === 10,
    })
    expect((await all).map(({ task }) => task)).toEqual(['0_0', '0_1', '1_0', '1_1'])
    expect(await data.read(data.clean)).toHaveLength(10)
  })

  describe('a halt', () => {
    test('stops before the record: nothing behind it is produced or committed, and it halts again until the rule is changed', async () => {
      const data = await dataset(1)
      await data.put(numbers(0, 40))
      const halting = rules({
        id: 'never_twenty',
        check: 'not_in_set',
        field: 'n',
        params: { values: [20] },
        severity: 'fatal',
      })
      const states: StreamsState[] = []
      for (let attempt = 0; attempt < 2; attempt++) {
        await expect(data.app(data.topology(halting), { states }).run()).rejects.toMatchObject({
          code: 'GATE_HALTED',
          place: { topic: data.raw, partition: 0, offset: 20, check: 'never_twenty' },
        })
      }
      expect(states.at(-1)).toBe('HALTED')
      expect((await data.committed()).map(({ offset }) => offset)).toEqual([20])
      expect((await data.read(data.clean)).map(numberOf)).toEqual(range(0, 20).filter((n) => n % 10 !== 3))
      await data.app(data.topology()).run({ until: 'end' })
      expect((await data.read(data.clean)).map(numberOf)).toEqual(range(0, 40).filter((n) => n % 10 !== 3))
      expect((await data.tally()).in).toBe(40)
    })
  })

  test('tombstones, null keys, headers and bytes that are no text come through, and into quarantine byte for byte', async () => {
    const data = await dataset(1)
    const headers: RawHeader[] = [
      { key: 'h', value: Buffer.from([0, 255]) },
      { key: 'none', value: null },
    ]
    const wrong = Buffer.from([0xff, 0xfe, 0x00, 0x7b])
    const key = Buffer.from([0xff, 0x00])
    await data.put([
      { key, value: null, headers, timestamp: 1_600_000_000_000 },
      { key: null, value: Buffer.from('{"n":1}'), headers: null, timestamp: 1_600_000_000_001 },
      { key, value: wrong, headers, timestamp: 1_600_000_000_002 },
    ])
    await data.app(data.topology({ ...rules(), tombstones: 'pass' })).run({ until: 'end' })
    const clean = await data.read(data.clean)
    expect(clean.map(({ key, value, timestamp }) => [key, value, timestamp])).toEqual([
      [key, null, 1_600_000_000_000],
      [null, Buffer.from('{"n":1}'), 1_600_000_000_001],
    ])
    expect(clean[0]!.headers).toEqual(headers)
    const [quarantined] = await data.read(data.quarantine)
    expect([quarantined!.key, quarantined!.value, quarantined!.timestamp]).toEqual([key, wrong, 1_600_000_000_002])
    expect(quarantined!.headers!.slice(0, 2)).toEqual(headers)
    expect(readQuarantineHeaders(quarantined!.headers)).toMatchObject({
      stage: 'decode',
      origin: { topic: data.raw, partition: 0, offset: 2 },
    })
  })

  test('a record whose result is too large is quarantined; one just within the limit fits into quarantine with its reasons', async () => {
    const data = await dataset(1)
    const largest = Buffer.from(`{"n":"${'x'.repeat(1_048_000)}"}`)
    await data.put([{ value: largest }])
    await data
      .app(data.topology(rules({ id: 'short', check: 'length', field: 'n', params: { max: 10 } })))
      .run({ until: 'end' })
    const [quarantined] = await data.read(data.quarantine)
    expect(Buffer.compare(quarantined!.value!, largest)).toBe(0)
  })

  describe('what a keyed check remembers', () => {
    const once = (entriesMax = 1000): GateDefinition =>
      rules({ id: 'once', check: 'unique_within', action: 'drop', doc: 'Repetitions.', params: { entriesMax } })
    const keyed = (n: number): Partial<ProducerRecord> => ({
      key: Buffer.from(String(n % 7)),
      value: Buffer.from(`{"n":${n}}`),
    })

    test('is read from the log again after a restart: a repetition is found across it', async () => {
      const data = await dataset(3)
      const values = range(0, 60).filter((n) => n % 10 !== 3)
      await data.put(values.map(keyed))
      await data.app(data.topology(once())).run({ until: 'end' })
      await data.put([...values.slice(0, 20), 70].map(keyed))
      await data.app(data.topology(once())).run({ until: 'end' })
      expect(await data.tally()).toMatchObject({
        in: values.length + 21,
        passed: values.length + 1,
        dropped: { once: 20 },
      })
      expect((await data.read(data.clean)).map(numberOf).toSorted((a, b) => a - b)).toEqual([...values, 70])
    })

    test('reaches back as many records as the check remembers, and no further', async () => {
      const data = await dataset(1)
      await data.put([1, 2, 4, 5].map(keyed))
      await data.app(data.topology(once(2))).run({ until: 'end' })
      await data.put([5, 1].map(keyed))
      await data.app(data.topology(once(2))).run({ until: 'end' })
      expect((await data.tally()).dropped).toEqual({ once: 1 })
    })
  })

  describe('what cannot be', () => {
    test('a source topic that does not exist is named', async () => {
      const data = await dataset(1)
      const builder = new StreamsBuilder()
      builder.stream([data.raw, `${data.name}.nowhere`]).to(data.clean)
      const streams = data.app(builder.build())
      await expect(streams.run()).rejects.toMatchObject({
        code: 'TOPOLOGY_INVALID',
        message: expect.stringContaining(`${data.name}.nowhere`),
      })
      expect(streams.state).toBe('ERROR')
    })

    test('a committed offset that is not there any more is not passed over in silence', async () => {
      const data = await dataset(1)
      await data.put(numbers(0, 10))
      await data.app(data.topology()).run({ until: 'end' })
      await kafka.groupOffsets(data.name).commit([{ topic: data.raw, partition: 0, offset: 99, metadata: '' }])
      await expect(data.app(data.topology()).run()).rejects.toMatchObject({ code: 'OFFSET_OUT_OF_RANGE' })
    })

    test('an application runs once', async () => {
      const data = await dataset(1)
      const streams = data.app(data.topology())
      await streams.run({ until: 'end' })
      await expect(streams.run()).rejects.toThrow('runs once')
    })
  })

  test('kill -9 at any moment: every record is in the clean topic or in quarantine, and counts exactly once', async () => {
    const data = await dataset(2)
    const total = 20_000
    await data.put(numbers(0, total))
    for (let round = 0; round < 4; round++) {
      const child = spawn(
        process.execPath,
        ['--conditions=@sluice/source', new URL('./run-in-child.ts', import.meta.url).pathname],
        {
          env: { ...process.env, ADDRESS: address, NAME: data.name },
          stdio: ['ignore', 'pipe', 'inherit'],
        },
      )
      await once(child.stdout, 'data')
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 200))
      child.kill('SIGKILL')
      await once(child, 'exit')
      if (round === 0) expect((await data.tally()).in).toBeLessThan(total)
    }
    await data.app(data.topology(), { settings: { 'group.instance.id': 'one' } }).run({ until: 'end' })
    const quarantined = range(0, total).filter((n) => n % 10 === 3)
    expect(await data.tally()).toMatchObject({
      in: total,
      passed: total - quarantined.length,
      quarantined: { not_three: quarantined.length },
    })
    const found = new Set([...(await data.read(data.clean)), ...(await data.read(data.quarantine))].map(numberOf))
    expect(found.size).toBe(total)
  }, 60_000)
})

function jestDescribe(name: string, body: () => void): void {
  if (address === '') describe.skip(`${name} (needs SLUICE_TEST_KAFKA)`, body)
  else describe(name, body)
}

const json = Serdes.json<StructValue>()

/** n ending in 3 is quarantined, n ending in 7 is marked. */
function rules(...more: readonly GateDefinition['ruleset']['checks'][number][]): GateDefinition {
  return {
    id: 'numbers',
    mode: 'enforce',
    ruleset: {
      id: 'numbers',
      version: 1,
      checks: [
        { id: 'not_three', check: 'expr', params: { expression: 'int(value.n) % 10 != 3' } },
        { id: 'not_seven', check: 'expr', params: { expression: 'int(value.n) % 10 != 7' }, severity: 'warn' },
        ...more,
      ],
    },
  }
}

function numbers(from: number, to: number): Partial<ProducerRecord>[] {
  return range(from, to).map((n) => ({ key: Buffer.from(String(n)), value: Buffer.from(`{"n":${n}}`) }))
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i)
}

interface More {
  readonly settings?: Record<string, string>
  readonly kafka?: Kafka
  readonly states?: StreamsState[]
  readonly metrics?: MemoryMetrics
}

interface Read {
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly timestamp: number
  readonly headers: readonly RawHeader[] | null
}

function numberOf({ value }: Read): number {
  return (JSON.parse(value!.toString()) as { readonly n: number }).n
}

async function readAll(kafka: Kafka, topic: string): Promise<Read[]> {
  const [description] = await kafka.admin.describeTopics([topic])
  if (description === undefined) return []
  const partitions = range(0, description.partitions).map((partition) => ({ topic, partition }))
  const ends = await kafka.admin.listOffsets(partitions, 'latest')
  const fetcher = kafka.fetcher()
  fetcher.assign(partitions.map((partition) => ({ ...partition, offset: 0 })))
  const read: Read[] = []
  const open = new Map(ends.filter(({ offset }) => offset > 0).map(({ partition, offset }) => [partition, offset]))
  while (open.size > 0) {
    for (const { partition, batches, nextOffset } of await fetcher.poll(1000)) {
      for (const batch of batches) {
        for (let i = 0; i < batch.count; i++) {
          const [key, value] = [batch.key(i), batch.value(i)]
          read.push({
            key: key && Buffer.from(key),
            value: value && Buffer.from(value),
            timestamp: batch.timestamp(i),
            headers: batch.headers(i)?.map(({ key, value }) => ({ key, value: value && Buffer.from(value) })) ?? null,
          })
        }
      }
      if (nextOffset >= (open.get(partition) ?? 0)) open.delete(partition)
    }
  }
  await fetcher.close()
  return read
}

/** The same door as a plain object, so that a test can replace one of its parts. */
function bound(kafka: Kafka): Kafka {
  return {
    producer: (options) => kafka.producer(options),
    fetcher: (options) => kafka.fetcher(options),
    transactionalProducer: (options) => kafka.transactionalProducer(options),
    groupOffsets: (id) => kafka.groupOffsets(id),
    groupMember: (options) => kafka.groupMember(options),
    consumerMember: (options) => kafka.consumerMember(options),
    admin: kafka.admin,
    metrics: () => kafka.metrics(),
    requestLog: () => kafka.requestLog(),
    close: () => kafka.close(),
  }
}

/** The member, which commits as it is told here. */
function committing(
  member: ConsumerMember,
  commit: (offsets: readonly CommittedOffset[], real: ConsumerMember['commit']) => Promise<void>,
): ConsumerMember {
  const real = (offsets: readonly CommittedOffset[]): Promise<void> => member.commit(offsets)
  return new Proxy(member, {
    get(target, property) {
      if (property === 'commit') return (offsets: readonly CommittedOffset[]) => commit(offsets, real)
      const value: unknown = Reflect.get(target, property, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

/** A client whose producers fail so many times, and work from then on. */
function flaky(kafka: Kafka, failures: number): Kafka {
  return {
    ...bound(kafka),
    producer: (options) => {
      const real = kafka.producer(options)
      return {
        produce: (records) =>
          failures-- > 0 ? Promise.reject(new RetriableError('KAFKA_TIMEOUT', 'no answer')) : real.produce(records),
        flush: () => real.flush(),
        close: (ms) => real.close(ms),
      }
    },
  }
}
