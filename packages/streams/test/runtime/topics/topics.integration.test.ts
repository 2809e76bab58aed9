import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { connect, type Kafka } from '@sluice/kafka'
import { Serdes, StreamsBuilder, streamsSettings, TimeWindows } from '../../../src/index.ts'
import { prepareTopics, type PreparedTopics } from '../../../src/runtime/topics/topics.ts'

const address = process.env['SLUICE_TEST_KAFKA'] ?? ''
const onABroker = address === '' ? describe.skip : describe
const text = { key: Serdes.string, value: Serdes.string }

onABroker('the topics of an application (needs SLUICE_TEST_KAFKA)', () => {
  let kafka: Kafka
  beforeAll(async () => void (kafka = await connect({ bootstrapServers: address })))
  afterAll(() => kafka.close())

  /** Prepares the topics of what `write` writes; topic names begin with the application's. */
  async function prepare(
    partitions: Readonly<Record<string, number>>,
    write: (builder: StreamsBuilder, topic: (name: string) => string) => void,
    application = `topics-${randomUUID().slice(0, 8)}`,
    more: Readonly<Record<string, string>> = {},
  ): Promise<PreparedTopics & { readonly application: string }> {
    const named = (name: string): string => `${application}.${name}`
    await kafka.admin.ensureTopics(
      Object.entries(partitions).map(([name, count]) => ({ topic: named(name), partitions: count })),
    )
    const builder = new StreamsBuilder()
    write(builder, named)
    const topology = builder.build().forApplication(application)
    const settings = streamsSettings.parse({ 'application.id': application, ...more })
    return { ...(await prepareTopics(topology, settings, kafka)), application }
  }

  async function partitionsOf(topics: readonly string[]): Promise<Record<string, number>> {
    const found = await kafka.admin.describeTopics(topics)
    return Object.fromEntries(found.map(({ topic, partitions }) => [topic, partitions]))
  }

  test('a repartition topic has as many partitions as the table it is joined with, changelogs as many as their tasks', async () => {
    const { application } = await prepare({ L: 5, R: 3 }, (builder, topic) => {
      const table = builder.table(topic('R'), { ...text, materialized: { name: 'rows' } })
      builder
        .stream(topic('L'), text)
        .selectKey((_key, value) => value)
        .join(table, (left, right) => left + right, { ...text, name: 'j' })
        .to(topic('out'), text)
    })
    const topics = [`${application}-j-repartition`, `${application}-rows-changelog`, `${application}.out`]
    expect(await partitionsOf(topics)).toEqual({ [topics[0]!]: 3, [topics[1]!]: 3, [topics[2]!]: 5 })
  })

  test('topics that are joined and differ are refused before an internal topic is made', async () => {
    const application = `topics-${randomUUID().slice(0, 8)}`
    const preparing = prepare(
      { L: 2, R: 3 },
      (builder, topic) => {
        const table = builder.table(topic('R'), { ...text, materialized: { name: 'rows' } })
        builder.stream(topic('L'), text).join(table, (left, right) => left + right, text)
      },
      application,
    )
    await expect(preparing).rejects.toMatchObject({
      code: 'TOPOLOGY_INVALID',
      message: expect.stringContaining(`${application}.R (3)`) as unknown,
    })
    expect(await partitionsOf([`${application}-rows-changelog`])).toEqual({})
  })

  test('an internal topic that is there with another number of partitions is refused', async () => {
    const write = (builder: StreamsBuilder, topic: (name: string) => string): void => {
      builder.table(topic('in'), { ...text, materialized: { name: 'rows' } })
    }
    const application = `topics-${randomUUID().slice(0, 8)}`
    await kafka.admin.ensureTopics([{ topic: `${application}-rows-changelog`, partitions: 2 }])
    await expect(prepare({ in: 3 }, write, application)).rejects.toMatchObject({
      code: 'TOPOLOGY_INVALID',
      message: expect.stringContaining(`${application}-rows-changelog has 2 partitions`) as unknown,
    })
  })

  test('a changelog of windows forgets them a day behind its store', async () => {
    const { application } = await prepare({ in: 1 }, (builder, topic) => {
      const windows = TimeWindows.ofSizeAndGrace(60_000, 30_000)
      builder
        .stream(topic('in'), text)
        .groupByKey()
        .windowedBy(windows)
        .count({ materialized: { name: 'w' } })
    })
    const [outcome] = await kafka.admin.configs.describe([{ type: 'topic', name: `${application}-w-changelog` }])
    const configs = Object.fromEntries((outcome?.value ?? []).map(({ name, value }) => [name, value]))
    expect(configs).toMatchObject({ 'cleanup.policy': 'compact,delete', 'retention.ms': String(90_000 + 86_400_000) })
  })

  test('a pattern is read as the topics that are there', async () => {
    const application = `topics-${randomUUID().slice(0, 8)}`
    const { topology, sources } = await prepare(
      { 'a-1': 2, 'a-2': 4, b: 9 },
      (builder) => void builder.stream(new RegExp(`${application}\\.a-.`)),
      application,
    )
    expect(Object.fromEntries(sources)).toEqual({ [`${application}.a-1`]: 2, [`${application}.a-2`]: 4 })
    expect(topology.subtopologies[0]?.sourceTopics).toHaveLength(2)
  })

  test('how many partitions a written topic has is known, or said to be unknown', async () => {
    const prepared = await prepare({ in: 1, out: 7 }, (builder, topic) => builder.stream(topic('in')).to(topic('out')))
    expect(prepared.partitionsOf(`${prepared.application}.out`)).toBe(7)
    expect(() => prepared.partitionsOf('elsewhere')).toThrow(expect.objectContaining({ code: 'TOPOLOGY_INVALID' }))
  })

  test('a topic of a sink that is not there is refused with the node and the remedy where topics are not created, and nothing is left behind', async () => {
    const application = `topics-${randomUUID().slice(0, 8)}`
    const write = (builder: StreamsBuilder, topic: (name: string) => string): void => {
      const rows = builder.table(topic('in'), { ...text, materialized: { name: 'rows' } })
      rows.toStream().to(topic('out'), { ...text, name: 'result' })
    }
    await expect(prepare({ in: 1 }, write, application, { 'create.topics': 'false' })).rejects.toMatchObject({
      code: 'TOPOLOGY_INVALID',
      message: expect.stringContaining(`${application}.out (result)`) as unknown,
      place: { topic: `${application}.out`, node: 'result' },
      remedy: expect.stringContaining('create.topics=true') as unknown,
    })
    expect(await partitionsOf([`${application}-rows-changelog`])).toEqual({})
    await prepare({ in: 1, out: 1 }, write, application, { 'create.topics': 'false' })
  })
})
