/** Kafka Connect's OffsetsApiIntegrationTest (KIP-875), by a real worker in this process; in brackets the names of the scenarios there. */
import { isDeepStrictEqual } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { startEmbeddedKafka, type EmbeddedKafka } from '@sluice/embedded-kafka'
import { connect, rangeAssignor, type Kafka } from '@sluice/kafka'
import type { RawSettings } from '@sluice/sdk'
import { eventually } from '../support/eventually.ts'
import { address, onBroker, TestCluster } from '../support/test-cluster.ts'
import { ConnectCluster, type ConnectWorker } from './connect-cluster.ts'
import { handleOf } from './monitorable-connectors.ts'

const MESSAGES = 10

onBroker('offsets of connectors', () => {
  let kafka: TestCluster
  let other: EmbeddedKafka
  let otherKafka: Kafka
  let otherConnection: Kafka
  let cluster: ConnectCluster
  let worker: ConnectWorker

  beforeAll(async () => {
    kafka = await TestCluster.open()
    other = await startEmbeddedKafka({ configs: { 'group.initial.rebalance.delay.ms': '0' } })
    otherKafka = await connect({ bootstrapServers: other.bootstrapServers })
    otherConnection = await connect({ bootstrapServers: address })
    cluster = new ConnectCluster()
    worker = await cluster.add()
  })
  afterAll(async () => {
    await cluster.stop()
    await otherKafka.close()
    await otherConnection.close()
    await other.close()
    await kafka.close()
  })

  const get = (name: string): Promise<unknown> => worker.must('GET', `/connectors/${name}/offsets`)
  const patch = (name: string, body: unknown): ReturnType<ConnectWorker['ask']> =>
    worker.ask('PATCH', `/connectors/${name}/offsets`, body)
  const reset = (name: string): ReturnType<ConnectWorker['ask']> => worker.ask('DELETE', `/connectors/${name}/offsets`)

  async function stop(name: string): Promise<void> {
    await worker.must('PUT', `/connectors/${name}/stop`)
    await worker.becomes(name, 'STOPPED/')
  }

  async function resume(name: string, tasks = 1): Promise<void> {
    await worker.must('PUT', `/connectors/${name}/resume`)
    await worker.runs(name, tasks)
  }

  test('of a connector that is not there are 404 (testGetNonExistentConnectorOffsets, testAlterOffsetsNonExistentConnector)', async () => {
    const refusal = { error_code: 404, message: expect.stringMatching(/^Connector absent not found/) as unknown }
    expect(await worker.ask('GET', '/connectors/absent/offsets')).toEqual({ status: 404, body: refusal })
    const body = { offsets: [{ partition: { a: 1 }, offset: { b: 1 } }] }
    expect(await patch('absent', body)).toMatchObject({ status: 404 })
    expect(await reset('absent')).toMatchObject({ status: 404 })
  })

  describe('a sink', () => {
    const PARTITIONS = 2

    /** A topic with messages, and a sink that has read them all. */
    async function sink(
      more: RawSettings = {},
      where: 'here' | 'elsewhere' = 'here',
    ): Promise<{ readonly name: string; readonly topic: string }> {
      const name = kafka.name('sink')
      const topic = kafka.name('read')
      const admin = where === 'here' ? kafka.kafka.admin : otherKafka.admin
      await admin.ensureTopics([{ topic, partitions: PARTITIONS }])
      await fill(where, topic)
      const elsewhere = where === 'here' ? {} : { 'consumer.override.bootstrap.servers': other.bootstrapServers }
      await worker.configure(name, { 'connector.class': 'monitorable-sink', topics: topic, ...elsewhere, ...more })
      await arrived(name, PARTITIONS * MESSAGES)
      await eventually('all is committed', async () => isDeepStrictEqual(await get(name), offsetsOf(topic, MESSAGES)))
      return { name, topic }
    }

    async function fill(where: 'here' | 'elsewhere', topic: string): Promise<void> {
      const producer = (where === 'here' ? kafka.kafka : otherKafka).producer({})
      const record = { topic, key: null, timestamp: null, headers: null }
      for (let partition = 0; partition < PARTITIONS; partition++)
        await producer.produce(
          Array.from({ length: MESSAGES }, (_, n) => ({ ...record, partition, value: Buffer.from(`${n}`) })),
        )
      await producer.close()
    }

    const arrived = (name: string, count: number): Promise<void> =>
      eventually(`${count} records have arrived`, () => handleOf(name).records.length === count)

    const offsetsOf = (topic: string, offset: number): object => ({
      offsets: Array.from({ length: PARTITIONS }, (_, partition) => ({
        partition: { kafka_topic: topic, kafka_partition: partition },
        offset: { kafka_offset: offset },
      })),
    })

    const GROUP = { 'consumer.override.group.id': 'a-group-of-its-own' }

    test.each([
      ['in the group of its name (testGetSinkConnectorOffsets)', {}, 'here'],
      ['in a group that it names (testGetSinkConnectorOffsetsOverriddenConsumerGroupId)', GROUP, 'here'],
      ['on another cluster (testGetSinkConnectorOffsetsDifferentKafkaClusterTargeted)', {}, 'elsewhere'],
    ] as const)('shows where it is, %s', async (_, more, where) => {
      const { topic } = await sink(more, where)
      const groupId = GROUP['consumer.override.group.id']
      if (more !== GROUP) return
      const [found] = await kafka.kafka.admin.groups.offsets([groupId])
      expect(found?.value?.filter((one) => one.topic === topic)).toHaveLength(PARTITIONS)
    })

    test('is not moved before it is stopped: 400 (testAlterOffsetsNonStoppedConnector)', async () => {
      const { name, topic } = await sink()
      const refusal = { error_code: 400, message: expect.stringMatching(/must be in the STOPPED state/) as unknown }
      expect(await patch(name, offsetsOf(topic, 5))).toEqual({ status: 400, body: refusal })
      await worker.must('PUT', `/connectors/${name}/pause`)
      await worker.becomes(name, 'PAUSED/PAUSED')
      expect(await patch(name, offsetsOf(topic, 5))).toEqual({ status: 400, body: refusal })
      expect(await reset(name)).toEqual({ status: 400, body: refusal })
    })

    test.each([
      ['(testAlterSinkConnectorOffsets, testResetSinkConnectorOffsets)', {}, 'here'],
      [
        'in a group that it names (…OverriddenConsumerGroupId)',
        { 'consumer.override.group.id': 'another-group' },
        'here',
      ],
      ['on another cluster (…DifferentKafkaClusterTargeted)', {}, 'elsewhere'],
    ] as const)(
      'reads on from where it was moved to, and from the beginning after a reset %s',
      async (_, more, where) => {
        const { name, topic } = await sink(more, where)
        await stop(name)
        const [first, second] = [0, 1].map((partition) => ({ kafka_topic: topic, kafka_partition: partition }))
        const moved = [
          { partition: first, offset: { kafka_offset: 5 } },
          { partition: second, offset: null },
        ]
        expect(await patch(name, { offsets: moved })).toEqual({
          status: 200,
          body: { message: 'The offsets for this connector have been altered successfully' },
        })
        expect(await get(name)).toEqual({ offsets: [moved[0]] })
        await resume(name)
        // Half of the one, and all of the other.
        await arrived(name, PARTITIONS * MESSAGES + 5 + MESSAGES)
        await stop(name)
        expect(await reset(name)).toEqual({
          status: 200,
          body: { message: 'The offsets for this connector have been reset successfully' },
        })
        expect(await get(name)).toEqual({ offsets: [] })
        await resume(name)
        await arrived(name, PARTITIONS * MESSAGES + 5 + MESSAGES + PARTITIONS * MESSAGES)
      },
    )

    test('whose group still has somebody in it is not moved: 500 (testAlterSinkConnectorOffsetsZombieSinkTasks, testResetSinkConnectorOffsetsZombieSinkTasks)', async () => {
      const { name, topic } = await sink()
      await stop(name)
      const zombie = otherConnection.consumerMember({
        groupId: `connect-${name}`,
        topics: [topic],
        assignors: [rangeAssignor],
        hooks: { onAssigned: () => undefined, onLost: () => undefined },
      })
      await zombie.join()
      const zombies = { error_code: 500, message: expect.stringMatching(/zombie sink tasks/) as unknown }
      expect(await patch(name, offsetsOf(topic, 5))).toEqual({ status: 500, body: zombies })
      expect(await reset(name)).toEqual({ status: 500, body: zombies })
      expect(await get(name)).toEqual(offsetsOf(topic, MESSAGES))
      await zombie.close()
      expect(await patch(name, offsetsOf(topic, 5))).toMatchObject({ status: 200 })
    })

    test('whose task never comes back from a put is moved once it was left behind: it commits nothing any more', async () => {
      const [name, topic] = [kafka.name('sink'), await kafka.topic('read', PARTITIONS)]
      await fill('here', topic)
      await worker.configure(name, { 'connector.class': 'monitorable-sink', topics: topic, block: 'put' })
      await eventually('it was given its partitions', () => handleOf(name).task(0).partitions.length === PARTITIONS)
      await stop(name)
      await eventually('it is moved', async () => (await patch(name, offsetsOf(topic, 5))).status === 200)
      expect(await get(name)).toEqual(offsetsOf(topic, 5))
    })

    test('is not moved by what says nothing: 400 (testAlterSinkConnectorOffsetsInvalidRequestBody)', async () => {
      const { name, topic } = await sink()
      await stop(name)
      const partition = { kafka_topic: topic, kafka_partition: 0 }
      for (const [body, message] of [
        [{}, /Partitions \/ offsets need to be provided/],
        [{ offsets: [] }, /Partitions \/ offsets need to be provided/],
        [{ offsets: [{}] }, /cannot be null or missing/],
        [{ offsets: [{ partition: {}, offset: null }] }, /must contain the keys 'kafka_topic' and 'kafka_partition'/],
        [{ offsets: [{ partition: { kafka_topic: topic }, offset: null }] }, /must contain the keys/],
        [
          { offsets: [{ partition: { ...partition, kafka_partition: 'x' }, offset: null }] },
          /Failed to parse the following Kafka partition value .* 'x'/,
        ],
        [{ offsets: [{ partition, offset: {} }] }, /either be null or contain the key 'kafka_offset'/],
        [
          { offsets: [{ partition, offset: { kafka_offset: 'x' } }] },
          /Failed to parse the following Kafka offset value/,
        ],
      ] as const)
        expect(await patch(name, body)).toEqual({
          status: 400,
          body: { error_code: 400, message: expect.stringMatching(message) as unknown },
        })
      expect(await get(name)).toEqual(offsetsOf(topic, MESSAGES))
    })
  })

  describe('a source', () => {
    const TASKS = 2

    async function source(
      at: ConnectWorker,
      more: RawSettings = {},
    ): Promise<{ readonly name: string; readonly topic: string }> {
      const name = kafka.name('source')
      const topic = await kafka.topic('written')
      await at.configure(name, {
        'connector.class': 'monitorable-source',
        'tasks.max': String(TASKS),
        topic,
        count: String(MESSAGES),
        ...more,
      })
      return { name, topic }
    }

    const offsetsOf = (...places: readonly (number | null)[]): object => ({
      offsets: places.map((n, task) => ({ partition: { task }, offset: n === null ? null : { n } })),
    })

    const isAt = (at: ConnectWorker, name: string, ...places: readonly number[]): Promise<void> =>
      eventually(`its tasks are at ${places.join()}`, async () => {
        const { offsets } = (await at.must('GET', `/connectors/${name}/offsets`)) as {
          offsets: { partition: { task: number } }[]
        }
        return isDeepStrictEqual(
          { offsets: offsets.toSorted((a, b) => a.partition.task - b.partition.task) },
          offsetsOf(...places),
        )
      })

    const OWN = { 'offsets.storage.topic': 'offsets-of-its-own' }

    test.each([
      ['in the worker’s topic (testGetSourceConnectorOffsets)', {}],
      ['in a topic of its own (testGetSourceConnectorOffsetsCustomOffsetsTopic)', OWN],
    ])('shows where it is, %s', async (_, more) => {
      const { name } = await source(worker, more)
      await isAt(worker, name, MESSAGES, MESSAGES)
      if (more === OWN) expect(await kafka.count(OWN['offsets.storage.topic'])).toBeGreaterThan(0)
    })

    test('that writes to another cluster shows where it is (testGetSourceConnectorOffsetsDifferentKafkaClusterTargeted)', async () => {
      const { name, topic } = await source(worker, { 'producer.override.bootstrap.servers': other.bootstrapServers })
      await isAt(worker, name, MESSAGES, MESSAGES)
      const ends = await otherKafka.admin.listOffsets([{ topic, partition: 0 }], 'latest')
      expect(ends[0]?.offset).toBe(TASKS * MESSAGES)
      expect(await kafka.count(topic)).toBe(0)
    })

    test.each([
      ['(testAlterSourceConnectorOffsets, testResetSourceConnectorOffsets)', {}],
      ['in a topic of its own (…CustomOffsetsTopic)', { 'offsets.storage.topic': 'more-offsets-of-its-own' }],
    ])('goes on from where it was moved to, and from the beginning after a reset %s', async (_, more) => {
      const topic = await kafka.topic('written')
      const written = async (): Promise<number> => (await kafka.read(topic)).length
      await movesAndResets(worker, written, { topic, ...more })
    })

    test('of a source that writes to another cluster (…DifferentKafkaClusterTargeted)', async () => {
      const topic = kafka.name('written')
      await otherKafka.admin.ensureTopics([{ topic, partitions: 1 }])
      const written = async (): Promise<number> =>
        (await otherKafka.admin.listOffsets([{ topic, partition: 0 }], 'latest'))[0]!.offset
      await movesAndResets(worker, written, { topic, 'producer.override.bootstrap.servers': other.bootstrapServers })
    })

    test('exactly once does so, too (…ExactlyOnceSupportEnabled)', async () => {
      const once = new ConnectCluster({ 'exactly.once.source.support': 'enabled' })
      const topic = await kafka.topic('written')
      const written = async (): Promise<number> => (await kafka.read(topic, 'read_committed')).length
      try {
        await movesAndResets(await once.add(), written, { topic })
      } finally {
        await once.stop()
      }
    })

    async function movesAndResets(at: ConnectWorker, written: () => Promise<number>, more: RawSettings): Promise<void> {
      const { name } = await source(at, more)
      await isAt(at, name, MESSAGES, MESSAGES)
      await at.must('PUT', `/connectors/${name}/stop`)
      await at.becomes(name, 'STOPPED/')
      const offsets = `/connectors/${name}/offsets`
      await at.must('PATCH', offsets, offsetsOf(4, null))
      await at.must('PUT', `/connectors/${name}/resume`)
      await isAt(at, name, MESSAGES, MESSAGES)
      // Six of the one, and all of the other.
      await eventually('the rest has arrived', async () => (await written()) === TASKS * MESSAGES + 6 + MESSAGES)
      await at.must('PUT', `/connectors/${name}/stop`)
      await at.becomes(name, 'STOPPED/')
      await at.must('DELETE', offsets)
      expect(await at.must('GET', offsets)).toEqual({ offsets: [] })
      await at.must('PUT', `/connectors/${name}/resume`)
      await isAt(at, name, MESSAGES, MESSAGES)
      await eventually('all has arrived again', async () => (await written()) === 2 * TASKS * MESSAGES + 6 + MESSAGES)
    }

    test('is not moved by what says nothing: 400 (testAlterSourceConnectorOffsetsInvalidRequestBody)', async () => {
      const { name } = await source(worker)
      await isAt(worker, name, MESSAGES, MESSAGES)
      await stop(name)
      for (const [body, status, message] of [
        [{}, 400, /Partitions \/ offsets need to be provided/],
        [{ offsets: [] }, 400, /Partitions \/ offsets need to be provided/],
        [{ offsets: [{}] }, 400, /cannot be null or missing/],
        [{ offset: [] }, 500, /Unrecognized field "offset"/],
        [{ offsets: [{ partition: { a: {} }, offset: null }] }, 500, /may only contain primitive types/],
      ] as const)
        expect(await patch(name, body)).toEqual({
          status,
          body: { error_code: status, message: expect.stringMatching(message) as unknown },
        })
      await isAt(worker, name, MESSAGES, MESSAGES)
    })
  })
})
