/** Java's consumers of both protocols, and its tool for groups, on the embedded broker. Needs java and Kafka's jars. */
import { type ChildProcess, execFile, execFileSync, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { type EmbeddedKafka, startEmbeddedKafka } from '@sluice/embedded-kafka'
import { RawClient } from '../support/raw-client.ts'

const hasJava = spawnSync('java', ['-version']).status === 0
if (!hasJava) console.warn('There is no java: its consumers do not meet the embedded broker')
jest.setTimeout(120_000)

const PARTITIONS = 4
const TOPIC = 'java'
const script = path.resolve(import.meta.dirname, '../../../../deploy/dev/kafka.sh')

/** The arguments of `java` before a main class. */
function java(): string[] {
  return ['-Xmx128m', '-cp', `${execFileSync('bash', [script, 'jars'], { encoding: 'utf8' }).trim()}/*`]
}

/** A VerifiableConsumer: it says what it holds and what it reads. */
class JavaConsumer {
  held: number[] = []
  read = 0
  readonly #process: ChildProcess

  constructor(bootstrap: string, protocol: 'classic' | 'consumer', groupId: string) {
    const main = 'org.apache.kafka.tools.VerifiableConsumer'
    const what = ['--topic', TOPIC, '--group-id', groupId, '--group-protocol', protocol, '--reset-policy', 'earliest']
    this.#process = spawn('java', [...java(), main, '--bootstrap-server', bootstrap, ...what], {
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    createInterface({ input: this.#process.stdout! }).on('line', (line) => this.#heard(line))
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null) return
    const ended = new Promise((resolve) => this.#process.once('exit', resolve))
    this.#process.kill()
    await ended
    this.held = []
  }

  #heard(line: string): void {
    if (!line.startsWith('{')) return
    const event = JSON.parse(line) as { name: string; count?: number; partitions?: { partition: number }[] }
    const partitions = event.partitions?.map(({ partition }) => partition) ?? []
    if (event.name === 'partitions_assigned') this.held = [...new Set([...this.held, ...partitions])]
    if (event.name === 'partitions_revoked') this.held = this.held.filter((held) => !partitions.includes(held))
    if (event.name === 'records_consumed') this.read += event.count ?? 0
  }
}

;(hasJava ? describe : describe.skip)('on the embedded broker (needs java)', () => {
  let dataDir: string
  let broker: EmbeddedKafka
  let consumers: JavaConsumer[]

  beforeEach(async () => {
    dataDir = mkdtempSync(path.join(tmpdir(), 'java-groups-'))
    broker = await startEmbeddedKafka({ dataDir })
    consumers = []
    const client = await RawClient.open(broker.addresses[0]!.port)
    const topic = { name: TOPIC, numPartitions: PARTITIONS, replicationFactor: 1, assignments: [], configs: [] }
    await client.send('CreateTopics', { topics: [topic], timeoutMs: 1_000 })
    client.close()
  })
  afterEach(async () => {
    for (const consumer of consumers) await consumer.stop()
    await broker.close()
    rmSync(dataDir, { recursive: true, force: true })
  })

  const start = (protocol: 'classic' | 'consumer'): JavaConsumer => {
    const consumer = new JavaConsumer(broker.bootstrapServers, protocol, protocol)
    consumers.push(consumer)
    return consumer
  }
  const tool = async (...args: string[]): Promise<string> => {
    const main = 'org.apache.kafka.tools.consumer.group.ConsumerGroupCommand'
    const all = [...java(), main, '--bootstrap-server', broker.bootstrapServers, ...args]
    const { stdout } = await promisify(execFile)('java', all, { timeout: 60_000 })
    return stdout
  }
  const produce = async (records: number): Promise<void> => {
    const main = 'org.apache.kafka.tools.VerifiableProducer'
    const what = ['--topic', TOPIC, '--max-messages', String(records)]
    await promisify(execFile)('java', [...java(), main, '--bootstrap-server', broker.bootstrapServers, ...what])
  }

  test.each(['classic', 'consumer'] as const)(
    'members of the %s protocol share, read everything, go on after a restart of the broker, and take over',
    async (protocol) => {
      const first = start(protocol)
      await eventually('the first has everything', () => first.held.length === PARTITIONS)
      const second = start(protocol)
      await eventually('they share', () => first.held.length === 2 && second.held.length === 2)
      await produce(1_000)
      await eventually('everything is read', () => first.read + second.read === 1_000)
      const { port } = broker.addresses[0]!
      await broker.close()
      broker = await startEmbeddedKafka({ dataDir, port })
      await produce(1_000)
      await eventually('they go on', () => first.read + second.read === 2_000)
      expect(new Set([...first.held, ...second.held]).size).toBe(PARTITIONS)
      await second.stop()
      await eventually('the first takes over', () => first.held.length === PARTITIONS)
    },
  )

  test('kafka-consumer-groups lists, describes, resets and deletes groups', async () => {
    for (const protocol of ['classic', 'consumer'] as const) {
      const consumer = start(protocol)
      await eventually(`${protocol} has everything`, () => consumer.held.length === PARTITIONS)
    }
    await produce(100)
    await eventually('everything is read', () => consumers.every(({ read }) => read === 100))
    expect(await tool('--list', '--state')).toMatch(/classic +Classic +Stable|classic +Stable/)
    expect(await tool('--describe', '--group', 'consumer', '--members', '--verbose')).toMatch(/java:0,1,2,3/)
    for (const consumer of consumers.splice(0)) await consumer.stop()
    for (const group of ['classic', 'consumer']) {
      expect(await tool('--describe', '--group', group)).toMatch(/\bjava +\d +100 +100 +0\b/)
      const reset = ['--reset-offsets', '--to-earliest', '--topic', TOPIC, '--execute']
      expect(await tool('--group', group, ...reset)).toMatch(new RegExp(`${group} +java +0 +0`))
      expect(await tool('--group', group, '--delete-offsets', '--topic', TOPIC)).toContain('Successful')
      expect(await tool('--delete', '--group', group)).toContain('was successful')
    }
    expect(await tool('--list')).not.toMatch(/^(classic|consumer)$/m)
  })
})

async function eventually(what: string, holds: () => boolean): Promise<void> {
  for (let i = 0; i < 600; i++) {
    if (holds()) return
    await new Promise((resolve) => void setTimeout(resolve, 100))
  }
  throw new Error(`It did not come to pass that ${what}`)
}
