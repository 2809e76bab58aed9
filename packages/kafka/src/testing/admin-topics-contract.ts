import assert from 'node:assert/strict'
import { valuesOf } from '../admin/admin-requests.ts'
import type { Outcome } from '../port.ts'
import type { WithKafka } from './port-contract.ts'
import { assertRefused, record } from './port-fixture.ts'
import { range } from './produce-contract.ts'
import { assertSoon, fill } from './reading.ts'

/** What `admin.topics` and `admin.partitions` promise. */
export function adminTopicsContract(test: WithKafka): void {
  test('a created topic tells its id, its numbers and its settings', async ({ kafka, freshName }) => {
    const topic = freshName()
    const spec = { topic, partitions: 3, configs: { 'retention.ms': '3600000' } }
    const [created] = valuesOf(await kafka.admin.topics.create([spec]))
    assert.equal(created!.partitions, 3)
    assert.equal(created!.replicationFactor, 1)
    assert.equal(created!.configs?.get('retention.ms'), '3600000')
    const idOf = async (): Promise<unknown> => (await kafka.admin.topics.describe([topic]))[0]!.value?.topicId
    await assertSoon(idOf, created!.topicId)
  })

  test('of several topics to create, each has its own answer', async ({ kafka, topic, freshName }) => {
    const [there, fresh, bad] = [await topic(), freshName(), 'not/a/topic']
    const outcomes = await kafka.admin.topics.create(
      [there, fresh, bad].map((name) => ({ topic: name, partitions: 1 })),
    )
    assert.deepEqual(errorsOf(outcomes), {
      [there]: 'TOPIC_ALREADY_EXISTS',
      [fresh]: null,
      [bad]: 'INVALID_TOPIC_EXCEPTION',
    })
    await assertSoon(() => kafka.admin.describeTopics([fresh]), [{ topic: fresh, partitions: 1 }])
  })

  test('an unknown setting, and too many replicas, are refused by name', async ({ kafka, freshName }) => {
    const [a, b] = [freshName(), freshName()]
    const outcomes = await kafka.admin.topics.create([
      { topic: a, partitions: 1, configs: { 'no.such.setting': '1' } },
      { topic: b, partitions: 1, replicationFactor: 99 },
    ])
    assert.deepEqual(errorsOf(outcomes), { [a]: 'INVALID_CONFIG', [b]: 'INVALID_REPLICATION_FACTOR' })
  })

  test('a creation that is only validated creates nothing', async ({ kafka, freshName }) => {
    const topic = freshName()
    const outcomes = await kafka.admin.topics.create([{ topic, partitions: 2 }], { validateOnly: true })
    assert.deepEqual(errorsOf(outcomes), { [topic]: null })
    assert.deepEqual(await kafka.admin.describeTopics([topic]), [])
  })

  test('replicas go where they are assigned', async ({ kafka, freshName }) => {
    const topic = freshName()
    const [broker] = (await kafka.admin.cluster.describe()).brokers
    const assignments = [[broker!.id], [broker!.id]]
    valuesOf(await kafka.admin.topics.create([{ topic, partitions: -1, assignments }]))
    const replicasOf = async (): Promise<unknown> => {
      const [found] = await kafka.admin.topics.describe([topic])
      return found!.value?.partitions.map(({ replicas }) => replicas)
    }
    await assertSoon(replicasOf, assignments)
  })

  test('a description has leaders, replicas and epochs by partition', async ({ kafka, topic }) => {
    const name = await topic(3)
    const [found] = valuesOf(await kafka.admin.topics.describe([name]))
    assert.equal(found!.isInternal, false)
    assert.deepEqual(
      found!.partitions.map(({ partition }) => partition),
      [0, 1, 2],
    )
    for (const { leader, leaderEpoch, replicas, inSyncReplicas, offlineReplicas } of found!.partitions) {
      assert.ok(leader >= 0 && leaderEpoch >= 0)
      assert.deepEqual([replicas, inSyncReplicas, offlineReplicas], [[leader], [leader], []])
    }
  })

  test('what this user may do with a topic is said when asked for', async ({ kafka, topic }) => {
    const name = await topic()
    const [plain] = valuesOf(await kafka.admin.topics.describe([name]))
    assert.equal(plain!.authorizedOperations, null)
    const [asked] = valuesOf(await kafka.admin.topics.describe([name], { authorizedOperations: true }))
    for (const operation of ['read', 'write', 'describe'] as const) {
      assert.ok(asked!.authorizedOperations!.includes(operation))
    }
  })

  test('of topics to describe or delete, those that are not there say so at once', async ({
    kafka,
    topic,
    freshName,
  }) => {
    const [there, missing] = [await topic(), freshName()]
    const described = await kafka.admin.topics.describe([there, missing])
    assert.deepEqual(errorsOf(described), { [there]: null, [missing]: 'UNKNOWN_TOPIC_OR_PARTITION' })
    const deleted = await kafka.admin.topics.delete([there, missing])
    assert.deepEqual(errorsOf(deleted), { [there]: null, [missing]: 'UNKNOWN_TOPIC_OR_PARTITION' })
  })

  test('the list of topics has them all', async ({ kafka, topic }) => {
    const names = [await topic(), await topic()]
    const all = await kafka.admin.topics.list()
    for (const name of names) assert.ok(all.includes(name))
    assert.deepEqual([...all], all.toSorted())
  })

  test('a topic grows, and its new partitions can be written at once', async ({ kafka, topic, readAll }) => {
    const name = await topic(1)
    const producer = kafka.producer()
    await producer.produce([record(name, { value: 'a' })])
    const grown = await kafka.admin.topics.createPartitions([{ topic: name, count: 4 }])
    assert.deepEqual(errorsOf(grown), { [name]: null })
    await producer.produce([record(name, { partition: 3, value: 'b' })])
    assert.equal((await readAll(name)).length, 2)
    await producer.close()
  })

  test('a topic does not shrink, and unknown topics do not grow', async ({ kafka, topic, freshName }) => {
    const [name, missing] = [await topic(3), freshName()]
    const outcomes = await kafka.admin.topics.createPartitions([
      { topic: name, count: 2 },
      { topic: missing, count: 2 },
    ])
    assert.deepEqual(errorsOf(outcomes), { [name]: 'INVALID_PARTITIONS', [missing]: 'UNKNOWN_TOPIC_OR_PARTITION' })
  })

  test('growth that is only validated changes nothing', async ({ kafka, topic }) => {
    const name = await topic(1)
    valuesOf(await kafka.admin.topics.createPartitions([{ topic: name, count: 3 }], { validateOnly: true }))
    assert.deepEqual(await kafka.admin.describeTopics([name]), [{ topic: name, partitions: 1 }])
  })

  test('offsets are listed by end, by time and by the largest timestamp, each with its own answer', async ({
    kafka,
    topic,
  }) => {
    const name = await topic()
    const producer = kafka.producer()
    for (const timestamp of [1000, 5000, 3000]) await producer.produce([record(name, { value: 'v', timestamp })])
    await producer.close()
    const at = { topic: name, partition: 0 }
    const specs = (['earliest', 'latest', 'maxTimestamp', 2000, 9000] as const).map((place) => ({ ...at, at: place }))
    const outcomes = await kafka.admin.partitions.listOffsets([...specs, { topic: name, partition: 7, at: 'latest' }])
    assert.deepEqual(
      outcomes.map(({ value }) => value?.offset),
      [0, 3, 1, 1, -1, undefined],
    )
    assert.equal(outcomes[2]!.value!.timestamp, 5000)
    assert.equal(outcomes[5]!.error!.place!['error'], 'UNKNOWN_TOPIC_OR_PARTITION')
  })

  test('the latest offset of read_committed is before an open transaction', async ({ kafka, topic, freshName }) => {
    const name = await topic()
    const producer = await kafka.transactionalProducer({ transactionalId: freshName() })
    producer.begin()
    await producer.produce([record(name, { value: 'v' })])
    const specs = [{ topic: name, partition: 0, at: 'latest' }] as const
    const [committed] = valuesOf(await kafka.admin.partitions.listOffsets(specs, { isolation: 'read_committed' }))
    const [all] = valuesOf(await kafka.admin.partitions.listOffsets(specs))
    assert.deepEqual([committed!.offset, all!.offset], [0, 1])
    await producer.close()
  })

  test('records are deleted up to an offset, and to the end', async ({ kafka, topic }) => {
    const name = await topic(3)
    await fill(kafka, name, 30, 3)
    const outcomes = await kafka.admin.partitions.deleteRecords([
      { topic: name, partition: 0, before: 4 },
      { topic: name, partition: 1, before: 'end' },
      { topic: name, partition: 2, before: 99 },
    ])
    assert.deepEqual(
      outcomes.map(({ value, error }) => value ?? error.place!['error']),
      [4, 10, 'OFFSET_OUT_OF_RANGE'],
    )
    const partitions = range(3).map((partition) => ({ topic: name, partition }))
    const starts = await kafka.admin.listOffsets(partitions, 'earliest')
    assert.deepEqual(
      starts.map(({ offset }) => offset),
      [4, 10, 0],
    )
  })

  test('an election that is not needed says so at once', async ({ kafka, topic }) => {
    const name = await topic()
    const [outcome] = await kafka.admin.partitions.electLeaders([{ topic: name, partition: 0 }], 'preferred')
    assert.equal(outcome!.error?.place?.['error'], 'ELECTION_NOT_NEEDED')
  })

  test('replicas that are where they shall be are not moved; where there is no broker none goes', async ({
    kafka,
    topic,
  }) => {
    const name = await topic(2)
    const [found] = valuesOf(await kafka.admin.topics.describe([name]))
    const [{ replicas } = { replicas: [] }] = found!.partitions
    const outcomes = await kafka.admin.partitions.reassign([
      { topic: name, partition: 0, replicas },
      { topic: name, partition: 1, replicas: [4711] },
    ])
    assert.deepEqual(
      outcomes.map(({ error }) => error?.place?.['error'] ?? null),
      [null, 'INVALID_REPLICA_ASSIGNMENT'],
    )
    assert.deepEqual(await kafka.admin.partitions.listReassignments([{ topic: name, partition: 0 }]), [])
  })

  test('a move that is not under way cannot be cancelled', async ({ kafka, topic }) => {
    const name = await topic()
    const [outcome] = await kafka.admin.partitions.reassign([{ topic: name, partition: 0, replicas: null }])
    assert.equal(outcome!.error?.place?.['error'], 'NO_REASSIGNMENT_IN_PROGRESS')
  })

  test('outcomes become values, or one error that names every refusal', async ({ kafka, freshName }) => {
    const names = [freshName(), freshName()]
    const work = kafka.admin.topics.describe(names).then(valuesOf)
    const error = await assertRefused(work, 'KAFKA_REFUSED', 'UNKNOWN_TOPIC_OR_PARTITION')
    for (const name of names) assert.ok(error.message.includes(name))
    assert.deepEqual(valuesOf<string, number>([{ item: 'a', value: 1, error: null }]), [1])
  })
}

/** Kafka's name of each item's error, or null. */
export function errorsOf<V>(outcomes: readonly Outcome<string, V>[]): Record<string, string | null> {
  return Object.fromEntries(outcomes.map(({ item, error }) => [item, nameOf(error)]))
}

function nameOf(error: Outcome<string>['error']): string | null {
  return error === null ? null : String(error.place?.['error'])
}
