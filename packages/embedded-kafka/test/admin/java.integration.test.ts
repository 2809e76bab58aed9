/** `kafka-topics`, `kafka-configs` and others of Apache Kafka's tools on the embedded broker. */
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { type EmbeddedKafka, startEmbeddedKafka } from '../../src/embedded-kafka.ts'
import { hasJava, java } from '../support/java.ts'

jest.setTimeout(180_000)

const withJava = hasJava ? describe : describe.skip

withJava('tools of Apache Kafka (need a JDK and Maven)', () => {
  let kafka: EmbeddedKafka
  beforeAll(async () => {
    kafka = await startEmbeddedKafka()
  })
  afterAll(() => kafka.close())

  const run = (tool: string, ...args: string[]): Promise<string> =>
    java(tool, '--bootstrap-server', kafka.bootstrapServers, ...args)

  test('kafka-topics creates, describes, grows and deletes', async () => {
    const topics = (...args: string[]): Promise<string> => run('org.apache.kafka.tools.TopicCommand', ...args)
    await topics('--create', '--topic', 'orders', '--partitions', '2', '--config', 'retention.ms=1000')
    expect(await topics('--describe', '--topic', 'orders')).toMatch(/PartitionCount: 2\s.*retention.ms=1000/)
    await topics('--alter', '--topic', 'orders', '--partitions', '3')
    expect(await topics('--describe', '--topic', 'orders')).toMatch('PartitionCount: 3')
    expect(await topics('--list')).toMatch('orders')
    await topics('--delete', '--topic', 'orders')
    expect(await topics('--list')).not.toMatch('orders')
  })

  test('kafka-configs alters topics, brokers and groups', async () => {
    const configs = (...args: string[]): Promise<string> => run('kafka.admin.ConfigCommand', ...args)
    await run('org.apache.kafka.tools.TopicCommand', '--create', '--topic', 'settings')
    const topic = ['--entity-type', 'topics', '--entity-name', 'settings']
    await configs(...topic, '--alter', '--add-config', 'retention.ms=7777,cleanup.policy=compact')
    await configs(...topic, '--alter', '--delete-config', 'cleanup.policy')
    const described = await configs(...topic, '--describe')
    expect(described).toMatch('retention.ms=7777')
    expect(described).not.toMatch('cleanup.policy')
    const brokers = ['--entity-type', 'brokers', '--entity-default']
    await configs(...brokers, '--alter', '--add-config', 'log.retention.ms=4000')
    expect(await configs(...brokers, '--describe')).toMatch('log.retention.ms=4000')
    const group = ['--entity-type', 'groups', '--entity-name', 'readers']
    await configs(...group, '--alter', '--add-config', 'consumer.session.timeout.ms=50000')
    expect(await configs(...group, '--describe')).toMatch('consumer.session.timeout.ms=50000')
  })

  test('kafka-log-dirs, kafka-leader-election and kafka-features understand the answers', async () => {
    await run('org.apache.kafka.tools.TopicCommand', '--create', '--topic', 'looked-at')
    expect(await run('org.apache.kafka.tools.LogDirsCommand', '--describe')).toMatch('"partition":"looked-at-0"')
    const one = ['--election-type', 'preferred', '--topic', 'looked-at', '--partition', '0']
    expect(await run('org.apache.kafka.tools.LeaderElectionCommand', ...one)).toMatch('Valid replica already elected')
    expect(await run('org.apache.kafka.tools.FeatureCommand', 'describe')).toMatch(
      /transaction.version.*FinalizedVersionLevel: 2/,
    )
  })
})
