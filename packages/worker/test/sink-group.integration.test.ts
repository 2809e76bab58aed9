/** Tasks of one sink on several workers, each with connections of its own, on a real Kafka: joins, leaves, kills, and a ledger. */
import { expect, test } from '@jest/globals'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { connect, cooperativeStickyAssignor, rangeAssignor } from '@sluice/kafka'
import { silentLogger, systemClock, type RawSettings, type SinkRecord } from '@sluice/sdk'
import { MemoryLogger } from '@sluice/sdk/testing'
import { BrokerRuns, numbers, type SinkOnBroker } from './support/broker-runs.ts'
import { eventually } from './support/eventually.ts'
import type { InlineWorker } from './support/inline-worker.ts'
import { dice, Ledger } from './support/ledger.ts'
import { address, onBroker, workerSettings } from './support/test-cluster.ts'

const CHILD = fileURLToPath(new URL('support/run-in-child.ts', import.meta.url))

const QUICK: RawSettings = {
  'consumer.override.heartbeat.interval.ms': '50',
  'consumer.override.session.timeout.ms': '6000',
}

onBroker('a sink on several workers', () => {
  const runs = new BrokerRuns()
  const PARTITIONS = 6

  const filled = (from: number, to: number): { readonly value: Buffer; readonly partition: number }[] =>
    numbers(from, to).map((n) => ({ value: Buffer.from(n), partition: Number(n) % PARTITIONS }))

  /** Who leaves in the middle of a rebalance cannot commit any more, as in Java: what it had put is put again elsewhere. */
  const atRest = (sink: SinkOnBroker): Promise<void> =>
    eventually(
      'the group is at rest',
      async () =>
        (await runs.cluster.kafka.admin.groups.describe([`connect-${sink.name}`]))[0]?.value?.state === 'Stable',
    )

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
      const start = (name: string): Promise<InlineWorker> => {
        worker = name
        return sink.start(settings)
      }
      const roll = dice(7)
      const running: [string, InlineWorker][] = [['w0', await start('w0')]]
      let sent = 600
      for (let step = 1; step <= 6; step++) {
        await runs.cluster.put(sink.topic, filled(sent, (sent += 300)))
        await systemClock.sleep(20 + roll(60))
        if (running.length === 1 || (running.length < 3 && roll(2) === 0)) {
          running.push([`w${step}`, await start(`w${step}`)])
          await eventually(`w${step} has a share`, () => ledger.open.get(`w${step}`)!.size > 0)
        } else {
          await atRest(sink)
          await running.splice(roll(running.length), 1)[0]![1].stop()
        }
      }
      await eventually('all is committed', async () => (await total(sink)) === sent)
      for (const [, left] of running) {
        await atRest(sink)
        await left.stop()
      }
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
    const victims: InlineWorker[] = []
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

  test('one of three processes is killed: the others read on, nothing is missing, and twice is only what the killed one had', async () => {
    const name = runs.cluster.name('killed')
    const topic = await runs.cluster.topic('killed', PARTITIONS)
    const records = (from: number, to: number): { readonly value: Buffer; readonly partition: number }[] =>
      numbers(from, to).map((n) => ({ value: Buffer.from(`${n}0`), partition: Number(n) % PARTITIONS }))
    const files = [0, 1, 2].map((i) => path.join(runs.dir, `ledger-${i}`))
    const worker = workerSettings({
      'offset.storage.file.filename': path.join(runs.dir, 'positions.json'),
      'consumer.max.partition.fetch.bytes': '1024',
      'consumer.heartbeat.interval.ms': '50',
      'consumer.session.timeout.ms': '6000',
    })
    const children = files.map((file) => {
      const connector = { name, 'connector.class': 'ledger', topics: topic, file }
      const env = { ...process.env, WORKER: JSON.stringify(worker), CONNECTORS: JSON.stringify([connector]) }
      return spawn(process.execPath, ['--conditions=@sluice/source', CHILD], {
        env,
        stdio: ['ignore', 'ignore', 'inherit'],
      })
    })
    const linesOf = (file: string): string[] =>
      fs.existsSync(file) ? fs.readFileSync(file, 'utf8').split('\n').slice(0, -1) : []
    let total = 0
    const put = async (count: number): Promise<void> => {
      await runs.cluster.put(topic, records(total, total + count))
      total += count
    }
    try {
      await put(600)
      await eventually(
        'all have joined',
        async () => {
          const [found] = await runs.cluster.kafka.admin.groups.describe([`connect-${name}`])
          return found!.value?.members.length === 3
        },
        30_000,
      )
      // Until it has its share the others may read all there is.
      const works = async (): Promise<boolean> => {
        if (linesOf(files[1]!).length <= 20) await put(120)
        await systemClock.sleep(50)
        return linesOf(files[1]!).length > 20
      }
      await eventually('the victim works', works, 30_000)
      children[1]!.kill('SIGKILL')
      await put(3000)
      await eventually(
        'all is committed',
        async () => (await runs.cluster.committed(name, topic)).reduce((sum, { offset }) => sum + offset, 0) === total,
        40_000,
      )
    } finally {
      for (const child of children) {
        if (child.exitCode !== null || child.signalCode !== null) continue
        child.kill('SIGTERM')
        await once(child, 'exit')
      }
    }
    const [first, killed, third] = files.map(linesOf)
    const all = [...first!, ...killed!, ...third!]
    expect(new Set(all).size).toBe(total)
    const survivors = [...first!, ...third!]
    expect(new Set(survivors).size).toBe(survivors.length)
    const lostToOthers = new Set(killed)
    const seen = new Set<string>()
    const twice = all.filter((at) => seen.size === seen.add(at).size)
    expect(twice.every((at) => lostToOthers.has(at))).toBe(true)
  }, 90_000)

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
