/** The command line tools of Apache Kafka, two releases of them, at their everyday work on the embedded broker. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { Kafka, logLevel } from 'kafkajs'
import { type EmbeddedKafka, startEmbeddedKafka } from '@sluice/embedded-kafka'
import { CLIENT_RELEASES, hasJava } from './support/java.ts'
import { JavaTools } from './support/java-tools.ts'

jest.setTimeout(120_000)

const withJava = hasJava ? describe : describe.skip

withJava.each(CLIENT_RELEASES)('tools of Apache Kafka %s (need a JDK and Maven)', (release) => {
  let kafka: EmbeddedKafka
  let tools: JavaTools
  let folder: string
  beforeAll(async () => {
    kafka = await startEmbeddedKafka({ nodes: 2 })
    tools = new JavaTools(release, kafka.bootstrapServers)
    folder = await mkdtemp(path.join(tmpdir(), 'sluice-tools-'))
  }, 120_000)
  afterAll(async () => {
    await tools[Symbol.asyncDispose]()
    await kafka.close()
    await rm(folder, { recursive: true, force: true })
  })

  const topics = (...args: string[]): Promise<string> => tools.run('TopicCommand', ...args)
  const configs = (...args: string[]): Promise<string> => tools.run('ConfigCommand', ...args)

  test('kafka-broker-api-versions finds every node, and nothing it cannot use', async () => {
    const told = await tools.run('BrokerApiVersionsCommand')
    expect(new Set(Array.from(told.matchAll(/\(id: (\d) rack/g), ([, id]) => id))).toEqual(new Set(['1', '2']))
    for (const api of [
      'Produce',
      'Fetch',
      'JoinGroup',
      'ConsumerGroupHeartbeat',
      'TxnOffsetCommit',
      'DescribeCluster',
    ]) {
      expect(told).toMatch(new RegExp(`\\b${api}\\(\\d+\\): [\\d to]+ \\[usable: \\d+\\]`))
    }
    expect(told).not.toMatch('NOT SUPPORTED')
  })

  test('kafka-topics creates, refuses a second one, describes, grows, lists and deletes', async () => {
    await topics('--create', '--topic', 'orders', '--partitions', '2', '--config', 'retention.ms=1000')
    const again = await tools.ask('', 'TopicCommand', '--create', '--topic', 'orders')
    expect([again.status, again.text]).toEqual([1, expect.stringContaining("'orders' already exists")])
    await topics('--create', '--topic', 'orders', '--if-not-exists')
    expect(await topics('--describe', '--topic', 'orders')).toMatch(
      /PartitionCount: 2\s+ReplicationFactor: 1\s+Configs: .*retention\.ms=1000/,
    )
    await topics('--alter', '--topic', 'orders', '--partitions', '3')
    expect(await topics('--describe', '--topic', 'orders')).toMatch(
      /Partition: 2\s+Leader: [12]\s+Replicas: [12]\s+Isr: [12]/,
    )
    const shrunk = await tools.ask('', 'TopicCommand', '--alter', '--topic', 'orders', '--partitions', '1')
    expect([shrunk.status, shrunk.text]).toEqual([1, expect.stringContaining('InvalidPartitionsException')])
    const wide = await tools.ask('', 'TopicCommand', '--create', '--topic', 'wide', '--replication-factor', '3')
    expect([wide.status, wide.text]).toEqual([1, expect.stringContaining('InvalidReplicationFactorException')])
    expect((await topics('--list')).split('\n')).toContain('orders')
    expect(await topics('--describe', '--unavailable-partitions')).toBe('')
    await topics('--delete', '--topic', 'orders')
    expect(await topics('--list')).not.toMatch('orders')
  })

  test('kafka-configs alters and describes topics, brokers and groups, and refuses nonsense', async () => {
    await topics('--create', '--topic', 'settings')
    const topic = ['--entity-type', 'topics', '--entity-name', 'settings']
    await configs(...topic, '--alter', '--add-config', 'retention.ms=7777,cleanup.policy=[compact,delete]')
    expect(await configs(...topic, '--describe')).toMatch('cleanup.policy=compact,delete')
    await configs(...topic, '--alter', '--delete-config', 'cleanup.policy')
    const described = await configs(...topic, '--describe')
    expect(described).toMatch(/retention\.ms=7777 .*DYNAMIC_TOPIC_CONFIG:retention\.ms=7777/)
    expect(described).not.toMatch('cleanup.policy')
    expect(await configs(...topic, '--describe', '--all')).toMatch(/segment\.bytes=1073741824 .*DEFAULT_CONFIG/)
    const nonsense = await tools.ask('', 'ConfigCommand', ...topic, '--alter', '--add-config', 'nonsense=1')
    expect([nonsense.status, nonsense.text]).toEqual([1, expect.stringContaining('InvalidConfigurationException')])

    const broker = ['--entity-type', 'brokers', '--entity-name', '1']
    await configs(...broker, '--alter', '--add-config', 'log.retention.ms=4000000')
    expect(await configs(...broker, '--describe')).toMatch('log.retention.ms=4000000')
    expect(await configs(...broker, '--describe', '--all')).toMatch(/num\.partitions=1 /)
  })

  test('kafka-delete-records, kafka-get-offsets and kafka-log-dirs agree about a topic', async () => {
    await topics('--create', '--topic', 'looked-at', '--partitions', '2')
    await produced(kafka, 'looked-at', 10)
    expect(await offsets('looked-at', 'latest')).toEqual(['looked-at:0:10', 'looked-at:1:10'])
    const file = await written({ partitions: [{ topic: 'looked-at', partition: 0, offset: 4 }], version: 1 })
    expect(await tools.run('DeleteRecordsCommand', '--offset-json-file', file)).toMatch(
      /looked-at-0\s+low_watermark: 4/,
    )
    expect(await offsets('looked-at', 'earliest')).toEqual(['looked-at:0:4', 'looked-at:1:0'])
    expect(await offsets('looked-at', 'max-timestamp')).toEqual(['looked-at:0:9', 'looked-at:1:9'])
    const dirs = await tools.run('LogDirsCommand', '--describe', '--topic-list', 'looked-at')
    expect(dirs).toMatch(/"partition":"looked-at-0","size":[1-9]/)
    const { brokers } = JSON.parse(dirs.slice(dirs.indexOf('{'))) as { brokers: unknown[] }
    expect(brokers).toHaveLength(2)
  })

  test('kafka-leader-election and kafka-reassign-partitions are told that nothing is replicated here', async () => {
    await topics('--create', '--topic', 'moved', '--replica-assignment', '1')
    const one = ['--election-type', 'preferred', '--topic', 'moved', '--partition', '0']
    expect(await tools.run('LeaderElectionCommand', ...one)).toMatch('Valid replica already elected')
    const tool = 'reassign.ReassignPartitionsCommand'
    expect(await tools.run(tool, '--list')).toMatch('No partition reassignments found')
    const file = await written({ version: 1, partitions: [{ topic: 'moved', partition: 0, replicas: [2] }] })
    const asked = await tools.ask('', tool, '--reassignment-json-file', file, '--execute')
    expect([asked.status, asked.text]).toEqual([1, expect.stringContaining('one replica, which is not moved')])
    kafka.moveLeader('moved', 0, 2)
    expect(await topics('--describe', '--topic', 'moved')).toMatch(/Leader: 2\s/)
  })

  test('kafka-consumer-groups lists, describes, resets, deletes offsets and groups', async () => {
    await topics('--create', '--topic', 'read', '--partitions', '2')
    await produced(kafka, 'read', 10)
    const groups = (...args: string[]): Promise<string> => tools.run('consumer.group.ConsumerGroupCommand', ...args)
    const reset = ['--group', 'readers', '--reset-offsets', '--topic', 'read']
    expect(await groups(...reset, '--to-latest', '--execute')).toMatch(/readers\s+read\s+0\s+10/)
    expect(await groups('--describe', '--group', 'readers')).toMatch(/readers\s+read\s+1\s+10\s+10\s+0\s+-/)
    expect(await groups('--describe', '--group', 'readers', '--state')).toMatch(/readers.*Empty\s+0/)
    expect(await groups(...reset, '--shift-by', '-3', '--execute')).toMatch(/readers\s+read\s+1\s+7/)
    expect(await groups(...reset, '--to-earliest', '--dry-run')).toMatch(/readers\s+read\s+1\s+0/)
    expect(await groups('--describe', '--group', 'readers')).toMatch(/readers\s+read\s+1\s+7\s+10\s+3\s+-/)
    expect(await groups('--list', '--state')).toMatch(/readers\s+(Classic\s+)?Empty/)
    expect(await groups('--group', 'readers', '--delete-offsets', '--topic', 'read:0')).toMatch(/read\s+0\s+Successful/)
    expect(await groups('--describe', '--group', 'readers')).not.toMatch(/readers\s+read\s+0/)
    expect(await groups('--delete', '--group', 'readers')).toMatch('was successful')
    expect(await groups('--list')).not.toMatch('readers')
  })

  test('kafka-cluster, kafka-features and kafka-transactions understand the answers', async () => {
    expect(await tools.run('ClusterTool', 'cluster-id')).toMatch(kafka.clusterId)
    expect(await tools.run('FeatureCommand', 'describe')).toMatch(/transaction\.version.*FinalizedVersionLevel: 2/)
    expect(await tools.run('TransactionsCommand', 'list')).toMatch('TransactionalId')
    expect(await tools.run('TransactionsCommand', 'find-hanging', '--broker-id', '1')).toMatch('StartOffset')
  })

  test('kafka-acls is told that there is no authorizer', async () => {
    for (const what of [
      ['--list'],
      ['--add', '--allow-principal', 'User:a', '--operation', 'Read', '--topic', 'orders'],
    ]) {
      const { status, text } = await tools.ask('', 'AclCommand', ...what, '--force')
      expect([status, text]).toEqual([1, expect.stringContaining('SecurityDisabledException')])
    }
  })

  async function written(plan: object): Promise<string> {
    const file = path.join(folder, 'plan.json')
    await writeFile(file, JSON.stringify(plan))
    return file
  }

  async function offsets(topic: string, time: string): Promise<string[]> {
    const told = await tools.run('GetOffsetShell', '--topic', topic, '--time', time)
    return told.trim().split('\n')
  }
})

/** `count` records to each partition. */
async function produced(kafka: EmbeddedKafka, topic: string, count: number): Promise<void> {
  const client = new Kafka({ brokers: kafka.bootstrapServers.split(','), logLevel: logLevel.NOTHING })
  const producer = client.producer()
  await producer.connect()
  const messages = Array.from({ length: 2 * count }, (_, i) => ({
    value: `value ${i}`,
    partition: i % 2,
    timestamp: String(Date.now() + i),
  }))
  await producer.send({ topic, messages })
  await producer.disconnect()
}
