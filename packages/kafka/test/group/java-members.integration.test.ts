/** Our members and Java's (VerifiableConsumer) in one group. Needs java, Kafka's jars and a broker. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, describe, jest, test } from '@jest/globals'
import {
  type ConsumerMemberOptions,
  type Kafka,
  connect,
  cooperativeStickyAssignor,
  rangeAssignor,
  roundRobinAssignor,
} from '../../src/index.ts'
import { type ConsumerProbe, consumerProbe, eventually } from '../../src/testing/group-probe.ts'

const address = process.env['SLUICE_TEST_KAFKA'] ?? ''
const hasJava = spawnSync('java', ['-version']).status === 0
if (address === '' || !hasJava) console.warn('There is no broker, or no java: our members do not meet members of Java')
jest.setTimeout(90_000)

const PARTITIONS = 6
const SESSION_MS = 6_000

/** Java's name of the assignor, and ours. */
const ASSIGNORS = [
  ['org.apache.kafka.clients.consumer.RangeAssignor', rangeAssignor],
  ['org.apache.kafka.clients.consumer.RoundRobinAssignor', roundRobinAssignor],
  ['org.apache.kafka.clients.consumer.CooperativeStickyAssignor', cooperativeStickyAssignor],
] as const

;(address === '' || !hasJava ? describe.skip : describe)('one group with members of Java (needs java)', () => {
  let kafka: Kafka
  let topic: string
  let javas: JavaConsumer[]

  beforeEach(async () => {
    kafka = await connect({ bootstrapServers: address })
    topic = `java-members-${process.pid}-${Date.now().toString(36)}`
    await kafka.admin.ensureTopics([{ topic, partitions: PARTITIONS }])
    javas = []
  })
  afterEach(async () => {
    for (const java of javas) await java.stop()
    await kafka.admin.deleteTopics([topic])
    await kafka.close()
  })

  const startJava = (...settings: string[]): JavaConsumer => {
    const java = new JavaConsumer(topic, settings)
    javas.push(java)
    return java
  }
  const ours = async (options: Partial<ConsumerMemberOptions>): Promise<ConsumerProbe> => {
    const probe = consumerProbe(kafka, topic, [topic], { sessionTimeoutMs: SESSION_MS, ...options })
    await probe.member.join()
    return probe
  }
  const isShared = (java: JavaConsumer, ...probes: ConsumerProbe[]): boolean => {
    const held = [[...java.held], ...probes.map(({ member }) => member.assignment().map(({ partition }) => partition))]
    const sizes = held.map(({ length }) => length)
    for (const { member } of probes) member.poll()
    return new Set(held.flat()).size === PARTITIONS && sizes.every((size) => size === PARTITIONS / sizes.length)
  }

  for (const [className, assignor] of ASSIGNORS) {
    const settings = ['--assignment-strategy', className]
    const options = { assignors: [assignor] }

    test(`${assignor.name}: Java joins a group that one of ours leads`, async () => {
      const probe = await ours(options)
      const java = startJava(...settings)
      await eventually('Java shares', () => isShared(java, probe))
      const third = await ours(options)
      await eventually('three share', () => isShared(java, probe, third))
      await java.stop()
      await eventually('ours take over', () => isShared(java, probe, third) || halves(probe, third))
      await third.member.close()
      await probe.member.close()
    })

    test(`${assignor.name}: one of ours joins a group that Java leads`, async () => {
      const java = startJava(...settings)
      await eventually('Java has all', () => java.held.size === PARTITIONS)
      const probe = await ours(options)
      await eventually('ours shares', () => isShared(java, probe))
      await probe.member.commit([
        { topic, partition: probe.member.assignment()[0]!.partition, offset: 0, metadata: 'ours' },
      ])
      await probe.member.close()
      await eventually('Java has all again', () => java.held.size === PARTITIONS)
    })
  }

  test('KIP-848: Java and ours share a group of the consumer protocol, where the broker has it', async () => {
    const { finalized } = await kafka.admin.cluster.features()
    if ((finalized['group.version'] ?? 0) < 1) return console.warn('This broker does not assign for consumer groups')
    const probe = await ours({ protocol: 'consumer' })
    const java = startJava('--group-protocol', 'consumer')
    await eventually('Java shares', () => isShared(java, probe))
    await probe.member.close()
    await eventually('Java has all', () => java.held.size === PARTITIONS)
  })
})

function halves(...probes: ConsumerProbe[]): boolean {
  for (const { member } of probes) member.poll()
  return probes.every(({ member }) => member.assignment().length === PARTITIONS / probes.length)
}

/** Java's consumer, and the partitions that it says it holds. */
class JavaConsumer {
  readonly held = new Set<number>()
  readonly #process: ChildProcess
  readonly #ended: Promise<void>

  constructor(topic: string, settings: readonly string[]) {
    const script = path.join(import.meta.dirname, '../../../../deploy/dev/kafka.sh')
    const jars = execFileSync('bash', [script, 'jars'], { encoding: 'utf8' }).trim()
    const isClassic = !settings.includes('--group-protocol')
    const args = ['--bootstrap-server', address, '--topic', topic, '--group-id', topic, ...settings]
    if (isClassic) args.push('--session-timeout', String(SESSION_MS))
    const main = 'org.apache.kafka.tools.VerifiableConsumer'
    this.#process = spawn('java', ['-cp', `${jars}/*`, main, ...args], { stdio: ['ignore', 'pipe', 'ignore'] })
    this.#ended = new Promise((resolve) => this.#process.once('exit', () => resolve()))
    createInterface({ input: this.#process.stdout! }).on('line', (line) => this.#said(line))
  }

  async stop(): Promise<void> {
    this.#process.kill('SIGTERM')
    await this.#ended
    this.held.clear()
  }

  #said(line: string): void {
    if (!line.startsWith('{')) return
    const { name, partitions } = JSON.parse(line) as { name: string; partitions?: { partition: number }[] }
    for (const { partition } of partitions ?? []) {
      if (name === 'partitions_assigned') this.held.add(partition)
      if (name === 'partitions_revoked') this.held.delete(partition)
    }
  }
}
