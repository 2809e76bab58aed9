/** Workers of ours and of Java's in one group, and who leads it. Needs java, Kafka's jars and a broker. */
import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { type Kafka, connect } from '@sluice/kafka'
import { silentLogger } from '@sluice/sdk'
import type { ConnectWorkerGroupOptions } from '../../src/group/connect-worker-group.ts'
import { decodeAssignment, decodeMetadata } from '../../src/group/protocol.ts'
import { itemsOf, setOf, union, without } from '../../src/group/work-set.ts'
import type { ConfigListener } from '../../src/storage/config-store.ts'
import { KafkaConfigStore } from '../../src/storage/kafka-config-store.ts'
import { storeClientIds } from '../../src/storage/store-clients.ts'
import { eventually } from '../support/eventually.ts'
import { Cluster, GroupWorker } from './group-worker.ts'
import { JavaWorker, hasJava } from './java/java-worker.ts'

const address = process.env['SLUICE_TEST_KAFKA'] ?? ''
if (address === '' || !hasJava) console.warn('There is no broker, or no java: our workers do not meet those of Java')
jest.setTimeout(240_000)

const DELAY_MS = 2_000
const PATIENCE_MS = 30_000
const CONNECTORS = ['a', 'b', 'c', 'd', 'e', 'f']

const deaf: ConfigListener = {
  connectorChanged: () => {},
  connectorRemoved: () => {},
  tasksChanged: () => {},
  targetStateChanged: () => {},
  sessionKeyChanged: () => {},
  restartRequested: () => {},
  loggerLevelChanged: () => {},
}

;(address === '' || !hasJava ? describe.skip : describe)('one group with workers of Java (needs java)', () => {
  let kafka: Kafka
  let groupId: string
  let cluster: Cluster
  let javas: JavaWorker[]
  let stores: KafkaConfigStore[]
  beforeEach(async () => {
    kafka = await connect({ bootstrapServers: address })
    groupId = `mixed-${randomUUID().slice(0, 8)}`
    cluster = new Cluster(groupId, {})
    javas = []
    stores = []
  })
  afterEach(async () => {
    for (const worker of cluster.workers) await worker.leave()
    for (const java of javas) await java.end('SIGKILL')
    for (const store of stores) await store.stop()
    await kafka.close()
  })

  const startJava = async (settings: Readonly<Record<string, string>> = {}): Promise<JavaWorker> => {
    const topics = ['config', 'offset', 'status'].flatMap((kind) => [
      [`${kind}.storage.topic`, `${groupId}-${kind}`],
      [`${kind}.storage.replication.factor`, '1'],
    ])
    const java = await JavaWorker.start({
      ...(Object.fromEntries(topics) as Record<string, string>),
      'bootstrap.servers': address,
      'group.id': groupId,
      'key.converter': 'org.apache.kafka.connect.storage.StringConverter',
      'value.converter': 'org.apache.kafka.connect.storage.StringConverter',
      'offset.storage.partitions': '1',
      'status.storage.partitions': '1',
      'plugin.discovery': 'service_load',
      'session.timeout.ms': '6000',
      'heartbeat.interval.ms': '500',
      'scheduled.rebalance.max.delay.ms': String(DELAY_MS),
      ...settings,
    })
    javas.push(java)
    return java
  }

  /** One of ours, which reads the config topic that Java writes. */
  const startOurs = async (name: string, options: Partial<ConnectWorkerGroupOptions> = {}): Promise<GroupWorker> => {
    const topic = `${groupId}-config`
    const described = { topic, setting: 'config.storage.topic', holds: 'configs', configs: {}, mayCreate: true }
    const store = new KafkaConfigStore({
      kafka,
      topic: { ...described, partitions: 1, replicationFactor: 1 },
      groupId,
      clientIds: storeClientIds(groupId, name),
      exactlyOnce: 'disabled',
      logger: silentLogger,
    })
    await store.start(deaf)
    stores.push(store)
    const snapshot = async (): Promise<ReturnType<typeof store.snapshot>> => {
      await store.refresh(PATIENCE_MS)
      return store.snapshot()
    }
    return GroupWorker.start(address, cluster, name, { delayMaxMs: DELAY_MS, ...options }, snapshot)
  }

  /** What Java's worker says that it holds, and has been told since, in its own bytes: its statuses may be late. */
  const heldBy = async (java: JavaWorker): Promise<readonly string[]> => {
    const [outcome] = await kafka.admin.groups.describe([groupId])
    for (const { rawMetadata, rawAssignment } of outcome?.value?.members ?? []) {
      // Empty while the group rebalances.
      if (rawMetadata === null || rawAssignment === null || rawMetadata.length * rawAssignment.length === 0) continue
      const { url, allocation } = decodeMetadata(rawMetadata)
      if (url !== `${java.url}/`) continue
      const { assigned, revoked } = decodeAssignment(rawAssignment)
      const kept = allocation === null ? setOf([]) : setOf(itemsOf(allocation.assigned))
      return [...union(without(kept, setOf(itemsOf(revoked))), setOf(itemsOf(assigned))).keys()]
    }
    return []
  }

  /** All work runs once, shared between Java's one worker and ours. */
  const isShared = async (java: JavaWorker | undefined, ...ours: readonly GroupWorker[]): Promise<boolean> => {
    const theirs = java === undefined ? [] : await heldBy(java)
    const running = java === undefined ? [] : await java.running()
    const parts = [...ours.map(({ held }) => [...held.keys()]), ...(java === undefined ? [] : [theirs])]
    const all = parts.flat()
    const tasks = parts.map((keys) => keys.filter((key) => key.startsWith('0/')).length)
    const connectors = parts.map((keys, i) => keys.length - tasks[i]!)
    const gap = (counts: readonly number[]): number => Math.max(...counts) - Math.min(...counts)
    if (!theirs.every((key) => running.includes(key))) return false
    return all.length === 12 && new Set(all).size === 12 && gap(tasks) <= 1 && gap(connectors) <= 1
  }
  const shared = async (what: string, java: JavaWorker | undefined, ...ours: readonly GroupWorker[]): Promise<void> => {
    await eventually(what, () => isShared(java, ...ours), PATIENCE_MS).catch(async (cause: unknown) => {
      const held = ours.map(({ name, held: keys, events }) => ({ name, keys: [...keys.keys()], events }))
      const theirs = java === undefined ? [] : [await heldBy(java), await java.running()]
      throw new Error(JSON.stringify({ held, theirs }), { cause })
    })
  }

  for (const protocol of ['sessioned', 'compatible'] as const) {
    test(`${protocol}: Java leads, ours join, leave and are killed; then Java is killed, and comes back to follow`, async () => {
      const settings = { 'connect.protocol': protocol }
      const options = { connectProtocol: protocol }
      const java = await startJava(settings)
      for (const name of CONNECTORS) await java.create(name)
      await shared('Java has all', java)

      const first = await startOurs('w1', options)
      await shared('two share', java, first)
      const second = await startOurs('w2', options)
      await shared('three share', java, first, second)
      expect(first.last).toMatchObject({ isLeader: false, leaderUrl: `${java.url}/`, isMismatch: false })
      expect(first.group.protocol).toBe(protocol)

      const { length } = cluster.log
      await second.leave()
      await shared('what one left is shared out', java, first)
      const third = await startOurs('w3', options)
      await shared('three share again', java, first, third)
      await third.kill()
      await shared('what one was killed with is shared out', java, first)
      expect(cluster.stopsSince(length).filter((line) => line.startsWith('-w1')).length).toBeLessThanOrEqual(2)

      await java.end('SIGKILL')
      await shared('ours has all', undefined, first)
      expect(first.last?.isLeader).toBe(true)

      const again = await startJava(settings)
      await shared('Java follows', again, first)
      for (const key of await heldBy(again)) {
        const [task, connector] = key.split('/') as [string, string]
        expect(first.group.ownerUrl(connector, task === '-1' ? null : Number(task))).toBe(`${again.url}/`)
      }
      expect(cluster.doubles).toEqual([])
    })
  }

  test('eager: Java leads, then follows; everything is shared out anew each time', async () => {
    const settings = { 'connect.protocol': 'eager' }
    const java = await startJava(settings)
    for (const name of CONNECTORS) await java.create(name)
    await shared('Java has all', java)
    // Offers all protocols: the group has only one in common.
    const first = await startOurs('w1')
    await shared('two share', java, first)
    expect(first.group.protocol).toBe('default')
    await java.end('SIGKILL')
    await shared('ours has all', undefined, first)
    const again = await startJava(settings)
    await shared('Java follows', again, first)
    expect(first.last?.isLeader).toBe(true)
    expect(cluster.doubles).toEqual([])
  })
})
