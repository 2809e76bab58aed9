/** Java's producers and consumers, two releases of them, in processes of their own on the embedded broker. */
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { Kafka, logLevel } from 'kafkajs'
import { type EmbeddedKafka, startEmbeddedKafka } from '@sluice/embedded-kafka'
import { eventually } from './support/eventually.ts'
import { CLIENT_RELEASES, type ClientRelease, hasJava, startJava } from './support/java.ts'
import { Program } from './support/program.ts'

jest.setTimeout(120_000)

const PARTITIONS = 4
const RECORDS = 20_000
const withJava = hasJava ? describe : describe.skip

/** A VerifiableConsumer: what it holds, and how many records it read and committed, by partition. */
class VerifiableConsumer implements AsyncDisposable {
  held: number[] = []
  readonly read = new Map<number, number>()
  readonly committed = new Map<number, number>()
  readonly #program: Program

  constructor(release: ClientRelease, bootstrapServers: string, protocol: string) {
    const args = ['--bootstrap-server', bootstrapServers, '--topic', 'verified', '--group-id', protocol]
    args.push('--group-protocol', protocol, ...(protocol === 'classic' ? ['--session-timeout', '6000'] : []))
    this.#program = startJava(release, 'org.apache.kafka.tools.VerifiableConsumer', args, {
      onLine: (line) => this.#heard(line),
    })
  }

  get total(): number {
    return [...this.read.values()].reduce((sum, count) => sum + count, 0)
  }

  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    return this.#program.end(signal)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.end('SIGKILL')
  }

  report(): string {
    return this.#program.report()
  }

  #heard(line: string): void {
    const event = JSON.parse(line) as {
      name: string
      partitions?: { partition: number; count: number; minOffset: number }[]
      offsets?: { partition: number; offset: number }[]
    }
    const partitions = event.partitions ?? []
    const touched = partitions.map(({ partition }) => partition)
    if (event.name === 'partitions_assigned') this.held = [...new Set([...this.held, ...touched])]
    if (event.name === 'partitions_revoked' || event.name === 'partitions_lost')
      this.held = this.held.filter((held) => !touched.includes(held))
    if (event.name === 'records_consumed')
      for (const { partition, count } of partitions) this.read.set(partition, (this.read.get(partition) ?? 0) + count)
    if (event.name === 'offsets_committed')
      for (const { partition, offset } of event.offsets ?? []) this.committed.set(partition, offset)
  }
}

withJava.each(CLIENT_RELEASES)('clients of Apache Kafka %s (need a JDK and Maven)', (release) => {
  let kafka: EmbeddedKafka
  let peer: Kafka
  let running: AsyncDisposable[]

  beforeEach(async () => {
    kafka = await startEmbeddedKafka({
      configs: {
        'num.partitions': String(PARTITIONS),
        'group.consumer.min.session.timeout.ms': '4000',
        'group.consumer.session.timeout.ms': '4000',
        'group.consumer.min.heartbeat.interval.ms': '500',
        'group.consumer.heartbeat.interval.ms': '500',
      },
    })
    peer = new Kafka({ brokers: kafka.bootstrapServers.split(','), logLevel: logLevel.NOTHING })
    running = []
  })
  afterEach(async () => {
    for (const program of running) await program[Symbol.asyncDispose]()
    await kafka.close()
  })

  function started<T extends AsyncDisposable>(program: T): T {
    running.push(program)
    return program
  }

  /** Sends numbers as fast as Java does, idempotently, and checks what it says it sent. */
  async function verifiablyProduced(count: number): Promise<void> {
    const args = ['--bootstrap-server', kafka.bootstrapServers, '--topic', 'verified', '--max-messages', String(count)]
    const producer = started(startJava(release, 'org.apache.kafka.tools.VerifiableProducer', args))
    const said = (await producer.succeeds()).map((line) => JSON.parse(line) as { name: string; acked?: number })
    expect(said.filter(({ name }) => name === 'producer_send_success')).toHaveLength(count)
    expect(said.find(({ name }) => name === 'tool_data')).toMatchObject({ sent: count, acked: count })
  }

  test.each(['classic', 'consumer'])(
    'VerifiableConsumers of the %s protocol share what VerifiableProducer sent, and one takes over from a killed one',
    async (protocol) => {
      const admin = peer.admin()
      await admin.connect()
      await admin.createTopics({ topics: [{ topic: 'verified', numPartitions: PARTITIONS }], waitForLeaders: true })
      const members = [0, 1].map(() => started(new VerifiableConsumer(release, kafka.bootstrapServers, protocol)))
      const [one, other] = members as [VerifiableConsumer, VerifiableConsumer]
      const reports = (): string => members.map((member) => member.report()).join('\n\n')
      await eventually('they share', () => one.held.length === 2 && other.held.length === 2).catch((error) => {
        throw new Error(reports(), { cause: error })
      })
      expect(new Set([...one.held, ...other.held])).toEqual(new Set([0, 1, 2, 3]))

      await verifiablyProduced(RECORDS)
      await eventually('everything is read', () => one.total + other.total >= RECORDS)
      expect(one.total + other.total).toBe(RECORDS)
      const committed = (): number =>
        [...one.committed, ...other.committed].reduce((sum, [, offset]) => sum + Math.max(offset, 0), 0)
      await eventually('everything is committed', () => committed() === RECORDS)
      expect(await offsets(admin, protocol)).toBe(RECORDS)

      await one.end('SIGKILL')
      await eventually('the other takes over', () => other.held.length === PARTITIONS)
      const before = other.total
      await verifiablyProduced(1_000)
      await eventually('it reads what is new', () => other.total >= before + 1_000)
      expect(other.total).toBe(before + 1_000)
      await other.end('SIGTERM')
      await eventually('it has left', () => other.held.length === 0)
      expect(await offsets(admin, protocol)).toBe(RECORDS + 1_000)
      await admin.disconnect()
    },
  )

  test('ConsoleConsumer sees of transactions and of ConsoleProducer what is committed', async () => {
    const producer = peer.producer({ transactionalId: 'ledger', idempotent: true, maxInFlightRequests: 1 })
    await producer.connect()
    for (const [value, isCommitted] of [
      ['first', true],
      ['aborted', false],
      ['aborted too', false],
      ['last', true],
    ] as const) {
      const transaction = await producer.transaction()
      await transaction.send({ topic: 'ledger', messages: [{ key: 'k', value, partition: 0 }] })
      await (isCommitted ? transaction.commit() : transaction.abort())
    }
    await producer.disconnect()
    const server = ['--bootstrap-server', kafka.bootstrapServers]
    const place = release === '3.9.2' ? 'kafka.tools.ConsoleProducer' : 'org.apache.kafka.tools.ConsoleProducer'
    const console = started(startJava(release, place, [...server, '--topic', 'ledger', '--compression-codec', 'zstd']))
    console.write('from the console\nand another\n')
    console.closeInput()
    await console.succeeds()

    const consumer = 'org.apache.kafka.tools.consumer.ConsoleConsumer'
    const how = ['--topic', 'ledger', '--from-beginning', '--isolation-level', 'read_committed', '--max-messages', '4']
    const reader = started(startJava(release, consumer, [...server, ...how, '--timeout-ms', '60000']))
    expect((await reader.succeeds()).toSorted()).toEqual(['and another', 'first', 'from the console', 'last'])
  })

  async function offsets(admin: ReturnType<Kafka['admin']>, groupId: string): Promise<number> {
    const [topic] = await admin.fetchOffsets({ groupId, topics: ['verified'] })
    return topic!.partitions.reduce((sum, { offset }) => sum + Math.max(Number(offset), 0), 0)
  }
})
