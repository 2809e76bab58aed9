/** Tasks of one sink on several workers, each with connections of its own, on a real Kafka: joins, leaves, kills, and a ledger. */
import { expect, test } from '@jest/globals'
import { connect, cooperativeStickyAssignor, rangeAssignor, type Kafka } from '@sluice/kafka'
import {
  silentLogger,
  systemClock,
  type RawSettings,
  type SinkPosition,
  type SinkRecord,
  type TopicPartition,
} from '@sluice/sdk'
import { MemoryLogger } from '@sluice/sdk/testing'
import type { StandaloneWorker } from '../src/index.ts'
import { BrokerRuns, numbers, type SinkOnBroker } from './support/broker-runs.ts'
import { eventually } from './support/eventually.ts'
import { address, onBroker, traceOf } from './support/test-cluster.ts'

const QUICK: RawSettings = {
  'consumer.override.heartbeat.interval.ms': '50',
  'consumer.override.session.timeout.ms': '6000',
}

/** Where every put of every worker is written down. */
class Ledger {
  /** `partition/offset` → by which workers, in order. */
  readonly puts = new Map<string, string[]>()
  /** Partitions that are open now, by worker. */
  readonly open = new Map<string, Set<number>>()
  readonly calls: string[] = []

  parts(worker: string) {
    const held = new Set<number>()
    this.open.set(worker, held)
    return {
      open: async (partitions: readonly TopicPartition[]) => {
        for (const { partition } of partitions) held.add(partition)
        this.calls.push(`${worker} open ${partitions.map(({ partition }) => partition).join('+')}`)
      },
      put: async (records: readonly SinkRecord[]) => {
        for (const { originalPartition, originalOffset } of records) {
          if (!held.has(originalPartition)) throw new Error(`${worker} was not opened with ${originalPartition}`)
          const at = `${originalPartition}/${originalOffset}`
          this.puts.set(at, [...(this.puts.get(at) ?? []), worker])
        }
        if (records.length > 0) await systemClock.sleep(1)
      },
      close: async (partitions: readonly TopicPartition[]) => {
        for (const { partition } of partitions) held.delete(partition)
        this.calls.push(`${worker} close ${partitions.map(({ partition }) => partition).join('+')}`)
      },
    }
  }

  get twice(): readonly string[] {
    return [...this.puts].filter(([, workers]) => workers.length > 1).map(([at]) => at)
  }
}

/** Small numbers that come in the same order in every run. */
function dice(seed: number): (sides: number) => number {
  let state = seed
  return (sides) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return Math.floor((state / 2_147_483_648) * sides)
  }
}

onBroker('a sink on several workers', () => {
  const runs = new BrokerRuns()
  const PARTITIONS = 6

  const filled = (from: number, to: number): { readonly value: Buffer; readonly partition: number }[] =>
    numbers(from, to).map((n) => ({ value: Buffer.from(n), partition: Number(n) % PARTITIONS }))

  async function total(sink: SinkOnBroker): Promise<number> {
    return (await sink.committed()).reduce((sum, { offset }) => sum + offset, 0)
  }

  test.each([
    ['cooperative', 'cooperative-sticky'],
    ['eager', 'range'],
    ['of the default', 'range,cooperative-sticky'],
  ])(
    '%s assignors: workers join and leave; nothing is missing, and nothing is put twice',
    async (_, strategy) => {
      const ledger = new Ledger()
      let worker = 'none'
      const sink = await runs.sink(filled(0, 600), () => ledger.parts(worker), PARTITIONS)
      const settings = { ...QUICK, 'consumer.override.partition.assignment.strategy': strategy }
      const start = (name: string): Promise<StandaloneWorker> => {
        worker = name
        return sink.start(settings)
      }
      const roll = dice(7)
      const running: [string, StandaloneWorker][] = [['w0', await start('w0')]]
      let sent = 600
      for (let step = 1; step <= 6; step++) {
        await runs.cluster.put(sink.topic, filled(sent, (sent += 300)))
        await systemClock.sleep(20 + roll(60))
        if (running.length === 1 || (running.length < 3 && roll(2) === 0)) {
          running.push([`w${step}`, await start(`w${step}`)])
          await eventually(`w${step} has a share`, () => ledger.open.get(`w${step}`)!.size > 0)
        } else await running.splice(roll(running.length), 1)[0]![1].stop()
      }
      await eventually('all is committed', async () => (await total(sink)) === sent)
      for (const [, left] of running) await left.stop()
      expect(ledger.puts.size).toBe(sent)
      expect(ledger.twice).toEqual([])
      // What each one held at the end was closed, and counts are those of the records before the offsets.
      for (const held of ledger.open.values()) expect([...held]).toEqual([])
      for (const { offset, tally } of await sink.committed())
        expect(tally).toMatchObject({ in: offset, passed: offset })
    },
    60_000,
  )

  test('under the protocol that the broker assigns by: the same', async () => {
    const ledger = new Ledger()
    let worker = 'w0'
    const sink = await runs.sink(filled(0, 600), () => ledger.parts(worker), PARTITIONS)
    const settings = { 'consumer.override.group.protocol': 'consumer' }
    const first = await sink.start(settings)
    await eventually('it reads', () => ledger.puts.size > 0)
    worker = 'w1'
    const second = await sink.start(settings)
    await eventually('the second has a share', () => ledger.open.get('w1')!.size > 0, 30_000)
    await runs.cluster.put(sink.topic, filled(600, 900))
    await eventually('all is committed', async () => (await total(sink)) === 900)
    await first.stop()
    await second.stop()
    expect([ledger.puts.size, ledger.twice]).toEqual([900, []])
  }, 60_000)

  test('cooperative: partitions that stay are not closed when another worker comes', async () => {
    const ledger = new Ledger()
    let worker = 'w0'
    const sink = await runs.sink(filled(0, 60), () => ledger.parts(worker), PARTITIONS)
    const settings = { ...QUICK, 'consumer.override.partition.assignment.strategy': 'cooperative-sticky' }
    const first = await sink.start(settings)
    await eventually('it has all', () => ledger.open.get('w0')!.size === PARTITIONS)
    worker = 'w1'
    const second = await sink.start(settings)
    await eventually('they share', () => ledger.open.get('w1')!.size === 3)
    await first.stop()
    await second.stop()
    const [opened, closed, ...rest] = ledger.calls
    expect(opened).toBe('w0 open 0+1+2+3+4+5')
    expect(closed).toMatch(/^w0 close \d\+\d\+\d$/)
    expect(rest[0]).toMatch(/^w1 open \d\+\d\+\d$/)
  }, 60_000)

  test('a worker that goes silent: others read on from what is committed, and it commits nothing when it comes back', async () => {
    const ledger = new Ledger()
    let worker = 'w0'
    const { promise: stuck, resolve } = Promise.withResolvers<void>()
    let isStuck = false
    const sink = await runs.sink(
      filled(0, 600),
      () => {
        const parts = ledger.parts(worker)
        if (worker !== 'w0') return parts
        return {
          ...parts,
          put: async (records: readonly SinkRecord[]) => {
            await parts.put(records)
            if (records.length === 0 || isStuck) return
            isStuck = true
            await stuck
          },
        }
      },
      PARTITIONS,
    )
    const logger = new MemoryLogger()
    const settings = { ...QUICK, 'consumer.override.max.poll.interval.ms': '300' }
    const first = await sink.start(settings, { logger })
    await eventually('it is stuck', () => isStuck)
    worker = 'w1'
    const second = await sink.start(QUICK)
    await eventually('the other has all', async () => (await total(sink)) === 600, 30_000)
    resolve()
    await eventually('it is told', () => logger.lines.some(({ message }) => message.startsWith('Partitions were lost')))
    await eventually('it has a share again', () => ledger.calls.filter((call) => call.startsWith('w0 open')).length > 1)
    await runs.cluster.put(sink.topic, filled(600, 900))
    await eventually('all is committed', async () => (await total(sink)) === 900)
    await first.stop()
    await second.stop()
    expect(ledger.puts.size).toBe(900)
    for (const { offset, tally } of await sink.committed()) expect(tally).toMatchObject({ in: offset, passed: offset })
  }, 60_000)

  test('a sink that keeps offsets with its data: each record is in it once, also when workers vanish before they commit', async () => {
    // Rows and offsets of a table: both change at once.
    const table = { rows: new Map<string, string[]>(), offsets: new Map<number, number>() }
    const roll = dice(11)
    let worker = 'w0'
    const dead = new Set<string>()
    const sink = await runs.sink(
      filled(0, 1200),
      (context) => {
        const name = worker
        let waiting: SinkRecord[] = []
        return {
          open: async (partitions) =>
            context.rewind(
              partitions.flatMap(({ topic, partition }) => {
                const offset = table.offsets.get(partition)
                return offset === undefined ? [] : [{ topic, partition, offset }]
              }),
            ),
          put: async (records) => {
            waiting.push(...records)
            await systemClock.sleep(2)
          },
          flush: async (positions) => {
            // A process that was killed writes nothing any more, and hears nothing.
            if (dead.has(name)) return new Promise(() => undefined)
            for (const { originalPartition, originalOffset } of waiting) {
              const at = `${originalPartition}/${originalOffset}`
              table.rows.set(at, [...(table.rows.get(at) ?? []), name])
            }
            waiting = []
            for (const { partition, offset } of positions) table.offsets.set(partition, offset)
            // It may die right here, with its data durable and its offsets not committed.
            if (name !== 'last' && roll(4) === 0) {
              dead.add(name)
              return new Promise(() => undefined)
            }
            return positions
          },
          close: async (partitions) => {
            const gone = new Set(partitions.map(({ partition }) => partition))
            waiting = waiting.filter(({ originalPartition }) => !gone.has(originalPartition))
          },
        }
      },
      PARTITIONS,
    )
    const settings = { ...QUICK, 'consumer.override.max.poll.interval.ms': '500' }
    const victims: StandaloneWorker[] = []
    for (let i = 0; i < 4; i++) {
      worker = `w${i}`
      victims.push(await sink.start(settings, { worker: { 'task.shutdown.graceful.timeout.ms': '50' } }))
      await eventually(`${worker} is dead`, () => dead.has(worker), 30_000)
    }
    worker = 'last'
    const last = await sink.start(QUICK)
    await eventually('all is committed', async () => (await total(sink)) === 1200, 30_000)
    await last.stop()
    expect([table.rows.size, [...table.rows].filter(([, by]) => by.length > 1)]).toEqual([1200, []])
    for (const { offset, tally } of await sink.committed()) expect(tally).toMatchObject({ in: offset, passed: offset })
    for (const victim of victims) await victim.stop().catch(() => undefined)
  }, 120_000)

  test('topics by a pattern: those that come later are found, others and the dead letters are left alone', async () => {
    const ledger: string[] = []
    const sink = await runs.sink([], () => ({
      put: async (records) => void ledger.push(...records.map(({ topic, value }) => `${topic}=${value as string}`)),
    }))
    const [a, b] = [`${sink.name}.in.a`, `${sink.name}.in.b`]
    await runs.cluster.kafka.admin.ensureTopics([
      { topic: a, partitions: 1 },
      { topic: `${sink.name}.out`, partitions: 1 },
    ])
    await runs.cluster.put(a, ['1'])
    await runs.cluster.put(`${sink.name}.out`, ['no'])
    const worker = await sink.start({
      topics: '',
      'topics.regex': `${sink.name.replaceAll('.', '\\.')}\\.in\\..*`,
      'consumer.override.metadata.max.age.ms': '100',
      ...QUICK,
    })
    await eventually('the first is read', () => ledger.length === 1)
    await runs.cluster.kafka.admin.ensureTopics([{ topic: b, partitions: 1 }])
    await runs.cluster.put(b, ['2'])
    await eventually('the new one is read', () => ledger.length === 2)
    await worker.stop()
    expect(ledger).toEqual([`${a}=1`, `${b}=2`])
  }, 60_000)

  test('a topic that is deleted and created again while it is read: the task fails and says what to do', async () => {
    const seen: string[] = []
    const sink = await runs.sink(numbers(0, 20), () => ({
      put: async (records) => void seen.push(...records.map(({ value }) => value as string)),
    }))
    const worker = await sink.start()
    await eventually('committed', async () => (await sink.offset()) === 20)
    await recreate(runs.cluster.kafka, sink.topic)
    await runs.cluster.put(sink.topic, numbers(100, 150))
    await eventually('it has failed', () => worker.status()[0]?.tasks[0]?.state === 'FAILED')
    expect(traceOf(worker)).toMatch(/another one than the one that was read[^]*What to do: The topic was deleted/)
    await worker.stop()
    expect(seen).toEqual(numbers(0, 20))
  }, 30_000)

  test('a committed offset that is older than its topic: the same, also where no record would be missed', async () => {
    const seen: string[] = []
    const sink = await runs.sink(numbers(0, 20), () => ({
      put: async (records) => void seen.push(...records.map(({ value }) => value as string)),
    }))
    const first = await sink.start()
    await eventually('committed', async () => (await sink.offset()) === 20)
    await first.stop()
    const offsets = runs.cluster.kafka.groupOffsets(`connect-${sink.name}`)
    const before = await offsets.committed([{ topic: sink.topic, partition: 0 }])
    await recreate(runs.cluster.kafka, sink.topic)
    // The broker forgets the offsets of a topic that it deletes; a copy of them may come back.
    await offsets.commit(before)
    await runs.cluster.put(sink.topic, numbers(100, 150))
    const second = await sink.start()
    await eventually('it has failed', () => second.status()[0]?.tasks[0]?.state === 'FAILED')
    expect(traceOf(second)).toContain('What to do: The topic was deleted and created again')
    await second.stop()
    expect(seen).toEqual(numbers(0, 20))
  }, 30_000)

  test('a sink that kept positions of a topic that is another one now: fails, instead of leaving records out as had already', async () => {
    const held: { positions: readonly SinkPosition[] } = { positions: [] }
    const seen: string[] = []
    const sink = await runs.sink(numbers(0, 20), (context) => ({
      open: async () => context.rewind(held.positions),
      put: async (records) => void seen.push(...records.map(({ value }) => value as string)),
      flush: async (positions) => (held.positions = positions),
    }))
    const first = await sink.start()
    await eventually('committed', async () => (await sink.offset()) === 20)
    await first.stop()
    await recreate(runs.cluster.kafka, sink.topic)
    await runs.cluster.put(sink.topic, numbers(100, 150))
    const second = await sink.start()
    await eventually('it has failed', () => second.status()[0]?.tasks[0]?.state === 'FAILED')
    expect(traceOf(second)).toContain('What to do: The topic was deleted and created again')
    await second.stop()
    expect([seen, await sink.offset()]).toEqual([numbers(0, 20), undefined])
  }, 30_000)

  test('a member of the same group elsewhere, as of Java’s console consumer, shares the partitions', async () => {
    const ledger = new Ledger()
    const sink = await runs.sink(filled(0, 60), () => ledger.parts('w0'), PARTITIONS)
    const worker = await sink.start(QUICK)
    await eventually('it has all', () => ledger.open.get('w0')!.size === PARTITIONS)
    const other = await connect({ bootstrapServers: address, logger: silentLogger })
    let theirs = 0
    const member = other.consumerMember({
      groupId: `connect-${sink.name}`,
      topics: [sink.topic],
      assignors: [rangeAssignor, cooperativeStickyAssignor],
      hooks: {
        onAssigned: (partitions) => void (theirs += partitions.length),
        onLost: () => undefined,
      },
    })
    await member.join()
    await eventually('they share', () => ledger.open.get('w0')!.size === 3 && theirs === 3)
    await member.close()
    await other.close()
    await eventually('it has all again', () => ledger.open.get('w0')!.size === PARTITIONS)
    await worker.stop()
  }, 60_000)
})

async function recreate(kafka: Kafka, topic: string): Promise<void> {
  await kafka.admin.deleteTopics([topic])
  await eventually('the topic is gone', async () => (await kafka.admin.describeTopics([topic])).length === 0)
  await kafka.admin.ensureTopics([{ topic, partitions: 1 }])
}
