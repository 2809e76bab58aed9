import assert from 'node:assert/strict'
import { valuesOf } from '../admin/admin-requests.ts'
import type { ConsumerMember, ConsumerMemberOptions, Kafka } from '../port.ts'
import { errorsOf } from './admin-topics-contract.ts'
import { TIMES, eventually } from './group-probe.ts'
import type { WithKafka } from './port-contract.ts'
import { assertRefused, record } from './port-fixture.ts'
import { range } from './produce-contract.ts'
import { fill } from './reading.ts'

/** What `admin.groups` promises. */
export function adminGroupsContract(test: WithKafka): void {
  test('a group with offsets and no members is listed as empty', async ({ kafka, topic, freshName }) => {
    const group = await groupWithOffsets(kafka, await topic(), freshName(), [5])
    const found = (await kafka.admin.groups.list()).find(({ groupId }) => groupId === group)
    assert.equal(found!.state, 'Empty')
    const stable = await kafka.admin.groups.list({ states: ['stable'] })
    assert.ok(!stable.some(({ groupId }) => groupId === group))
    const empty = await kafka.admin.groups.list({ states: ['empty'] })
    assert.ok(empty.some(({ groupId }) => groupId === group))
  })

  test('groups are listed by their type', async ({ kafka, topic, freshName }) => {
    const group = await groupWithOffsets(kafka, await topic(), freshName(), [5])
    const classic = await kafka.admin.groups.list({ types: ['classic'] })
    assert.ok(classic.some(({ groupId, type }) => groupId === group && type.toLowerCase() === 'classic'))
    const consumer = await kafka.admin.groups.list({ types: ['consumer'] })
    assert.ok(!consumer.some(({ groupId }) => groupId === group))
  })

  test('a classic group is described with its members and what they hold', async ({ kafka, topic, freshName }) => {
    const [name, groupId] = [await topic(2), freshName()]
    const member = await join(kafka, { groupId, topics: [name] })
    const [group] = valuesOf(await kafka.admin.groups.describe([groupId]))
    assert.deepEqual(
      [group!.type, group!.state, group!.protocolType, group!.assignor, group!.groupEpoch],
      ['classic', 'Stable', 'consumer', 'cooperative-sticky', -1],
    )
    const [only] = group!.members
    assert.equal(only!.memberId, member.identity().memberId)
    assert.deepEqual(
      only!.assignment!.toSorted((a, b) => a.partition - b.partition),
      range(2).map((partition) => ({ topic: name, partition })),
    )
    assert.ok(only!.rawAssignment!.length > 0 && only!.host !== '')
    await member.close()
  })

  test('a static member is described with its instance id', async ({ kafka, topic, freshName }) => {
    const [name, groupId] = [await topic(), freshName()]
    const member = await join(kafka, { groupId, topics: [name], instanceId: 'worker-1' })
    const [group] = valuesOf(await kafka.admin.groups.describe([groupId]))
    assert.equal(group!.members[0]!.groupInstanceId, 'worker-1')
    await member.close(5000, 'leave')
  })

  test('of several groups, each has its own answer', async ({ kafka, topic, freshName }) => {
    const group = await groupWithOffsets(kafka, await topic(), freshName(), [1])
    const missing = freshName()
    const described = await kafka.admin.groups.describe([group, missing])
    assert.deepEqual(errorsOf(described), { [group]: null, [missing]: 'GROUP_ID_NOT_FOUND' })
    const deleted = await kafka.admin.groups.delete([missing, group])
    assert.deepEqual(errorsOf(deleted), { [missing]: 'GROUP_ID_NOT_FOUND', [group]: null })
    assert.deepEqual(errorsOf(await kafka.admin.groups.describe([group])), { [group]: 'GROUP_ID_NOT_FOUND' })
  })

  test('a group with members is not deleted', async ({ kafka, topic, freshName }) => {
    const groupId = freshName()
    const member = await join(kafka, { groupId, topics: [await topic()] })
    assert.deepEqual(errorsOf(await kafka.admin.groups.delete([groupId])), { [groupId]: 'NON_EMPTY_GROUP' })
    await member.close()
  })

  test('every committed offset of several groups is found', async ({ kafka, topic, freshName }) => {
    const name = await topic(3)
    const a = await groupWithOffsets(kafka, name, freshName(), [5, 6])
    const b = await groupWithOffsets(kafka, name, freshName(), [7])
    const [ofA, ofB] = valuesOf(await kafka.admin.groups.offsets([a, b]))
    assert.deepEqual(
      ofA!.toSorted((x, y) => x.partition - y.partition),
      [5, 6].map((offset, partition) => ({ topic: name, partition, offset, metadata: 'm', leaderEpoch: -1 })),
    )
    assert.equal(ofB![0]!.offset, 7)
  })

  test('a group that nobody knows has no offsets', async ({ kafka, freshName }) => {
    const [outcome] = await kafka.admin.groups.offsets([freshName()])
    assert.deepEqual(outcome!.value, [])
  })

  test('offsets of a group without members are altered', async ({ kafka, topic, freshName }) => {
    const name = await topic(2)
    const group = await groupWithOffsets(kafka, name, freshName(), [5, 5])
    const at = { topic: name, partition: 0 }
    valuesOf(await kafka.admin.groups.alterOffsets(group, [{ ...at, offset: 2, metadata: 'by hand', leaderEpoch: 0 }]))
    const [offsets] = valuesOf(await kafka.admin.groups.offsets([group]))
    const found = offsets!.find(({ partition }) => partition === 0)
    assert.deepEqual(found, { ...at, offset: 2, metadata: 'by hand', leaderEpoch: 0 })
    assert.equal(offsets!.find(({ partition }) => partition === 1)!.offset, 5)
  })

  test('an offset of a topic that is not there is refused, the others are altered', async ({
    kafka,
    topic,
    freshName,
  }) => {
    const [name, missing, group] = [await topic(), freshName(), freshName()]
    const outcomes = await kafka.admin.groups.alterOffsets(group, [
      { topic: missing, partition: 0, offset: 1 },
      { topic: name, partition: 0, offset: 1 },
    ])
    assert.deepEqual(
      outcomes.map(({ error }) => error?.place?.['error'] ?? null),
      ['UNKNOWN_TOPIC_OR_PARTITION', null],
    )
  })

  test('offsets of a group with members are not altered', async ({ kafka, topic, freshName }) => {
    const [name, groupId] = [await topic(), freshName()]
    const member = await join(kafka, { groupId, topics: [name] })
    const [outcome] = await kafka.admin.groups.alterOffsets(groupId, [{ topic: name, partition: 0, offset: 1 }])
    assert.equal(outcome!.error?.code, 'KAFKA_FENCED')
    await member.close()
  })

  for (const [what, to, expected] of [
    ['the first record', 'earliest', [3, 0]],
    ['the end', 'latest', [10, 10]],
    ['a time', { timestamp: 5000 }, [5, 5]],
    ['a time behind all records', { timestamp: 99_000 }, [10, 10]],
    ['an offset', { offset: 6 }, [6, 6]],
    ['an offset before the first record', { offset: 1 }, [3, 1]],
    ['an offset behind the last', { offset: 99 }, [10, 10]],
  ] as const) {
    test(`offsets are reset to ${what}`, async ({ kafka, topic, freshName }) => {
      const name = await topic(2)
      const producer = kafka.producer()
      for (const i of range(10)) {
        await producer.produce(
          range(2).map((partition) => record(name, { partition, value: `${i}`, timestamp: i * 1000 })),
        )
      }
      await producer.close()
      const partitions = range(2).map((partition) => ({ topic: name, partition }))
      valuesOf(await kafka.admin.partitions.deleteRecords([{ topic: name, partition: 0, before: 3 }]))
      const group = freshName()
      assert.deepEqual(valuesOf(await kafka.admin.groups.resetOffsets(group, partitions, to)), expected)
      const committed = await kafka.groupOffsets(group).committed(partitions)
      assert.deepEqual(
        committed.toSorted((a, b) => a.partition - b.partition).map(({ offset }) => offset),
        expected,
      )
    })
  }

  test('a partition that is not there is not reset, the others are', async ({ kafka, topic, freshName }) => {
    const name = await topic()
    await fill(kafka, name, 3)
    const partitions = [0, 9].map((partition) => ({ topic: name, partition }))
    const outcomes = await kafka.admin.groups.resetOffsets(freshName(), partitions, 'latest')
    assert.deepEqual(
      outcomes.map(({ value, error }) => value ?? error.place!['error']),
      [3, 'UNKNOWN_TOPIC_OR_PARTITION'],
    )
  })

  test('single offsets of a group are deleted', async ({ kafka, topic, freshName }) => {
    const name = await topic(2)
    const group = await groupWithOffsets(kafka, name, freshName(), [5, 6])
    valuesOf(await kafka.admin.groups.deleteOffsets(group, [{ topic: name, partition: 0 }]))
    const [offsets] = valuesOf(await kafka.admin.groups.offsets([group]))
    assert.deepEqual(
      offsets!.map(({ partition }) => partition),
      [1],
    )
  })

  test('offsets of a topic that members read are not deleted', async ({ kafka, topic, freshName }) => {
    const [name, groupId] = [await topic(), freshName()]
    const member = await join(kafka, { groupId, topics: [name] })
    const at = { topic: name, partition: 0 }
    await member.commit([{ ...at, offset: 1, metadata: '' }])
    const [outcome] = await kafka.admin.groups.deleteOffsets(groupId, [at])
    assert.equal(outcome!.error?.place?.['error'], 'GROUP_SUBSCRIBED_TO_TOPIC')
    await member.close()
  })

  test('offsets of a group that nobody knows cannot be deleted', async ({ kafka, topic, freshName }) => {
    const work = kafka.admin.groups.deleteOffsets(freshName(), [{ topic: await topic(), partition: 0 }])
    await assertRefused(work, 'KAFKA_REFUSED', 'GROUP_ID_NOT_FOUND')
  })

  test('a static member is put out by its instance id, and one that is not there is refused', async ({
    kafka,
    topic,
    freshName,
  }) => {
    const groupId = freshName()
    const member = await join(kafka, { groupId, topics: [await topic()], instanceId: 'worker-1' })
    await member.close()
    const members = [{ groupInstanceId: 'worker-1' }, { groupInstanceId: 'worker-2' }]
    const outcomes = await kafka.admin.groups.removeMembers(groupId, members)
    assert.deepEqual(
      outcomes.map(({ error }) => error?.place?.['error'] ?? null),
      [null, 'UNKNOWN_MEMBER_ID'],
    )
    await eventually('the group is empty', async () => {
      const [group] = valuesOf(await kafka.admin.groups.describe([groupId]))
      return group!.state === 'Empty'
    })
  })

  test('all members of a group are put out', async ({ kafka, topic, freshName }) => {
    const [name, groupId] = [await topic(2), freshName()]
    const members = await Promise.all(
      ['a', 'b'].map((instanceId) => join(kafka, { groupId, topics: [name], instanceId })),
    )
    for (const member of members) await member.close()
    const outcomes = await kafka.admin.groups.removeMembers(groupId, 'all')
    assert.equal(outcomes.length, 2)
    valuesOf(outcomes)
    const [group] = valuesOf(await kafka.admin.groups.describe([groupId]))
    assert.deepEqual(group!.members, [])
  })
}

/** What `admin.groups` promises about groups under KIP-848. */
export function adminConsumerGroupsContract(withKafka: WithKafka): void {
  const test: WithKafka = (name, body) => {
    withKafka(name, async (fixture) => {
      const { finalized } = await fixture.kafka.admin.cluster.features()
      if ((finalized['group.version'] ?? 0) >= 1) return body(fixture)
      // Where there are none, none are listed.
      assert.deepEqual(await fixture.kafka.admin.groups.list({ types: ['consumer'] }), [])
    })
  }

  test('a group under KIP-848 is described with epochs and targets, and listed as one', async ({
    kafka,
    topic,
    freshName,
  }) => {
    const [name, groupId] = [await topic(2), freshName()]
    const member = await join(kafka, { groupId, topics: [name], protocol: 'consumer' })
    const [group] = valuesOf(await kafka.admin.groups.describe([groupId]))
    assert.deepEqual([group!.type, group!.state], ['consumer', 'Stable'])
    assert.ok(group!.groupEpoch > 0)
    const [only] = group!.members
    assert.ok(only!.memberEpoch > 0)
    assert.equal(only!.assignment!.length, 2)
    assert.equal(only!.targetAssignment!.length, 2)
    const listed = await kafka.admin.groups.list({ types: ['consumer'] })
    assert.ok(listed.some((one) => one.groupId === groupId))
    await member.close()
  })

  test('groups of both kinds are described together', async ({ kafka, topic, freshName }) => {
    const [name, modern] = [await topic(), freshName()]
    const classic = await groupWithOffsets(kafka, name, freshName(), [1])
    const member = await join(kafka, { groupId: modern, topics: [name], protocol: 'consumer' })
    const groups = valuesOf(await kafka.admin.groups.describe([classic, modern]))
    assert.deepEqual(
      groups.map(({ type }) => type),
      ['classic', 'consumer'],
    )
    await member.close()
  })
}

async function join(kafka: Kafka, options: Omit<ConsumerMemberOptions, 'hooks'>): Promise<ConsumerMember> {
  const member = kafka.consumerMember({ ...TIMES, ...options, hooks: { onAssigned() {}, onLost() {} } })
  await member.join()
  await eventually('the member holds partitions', () => member.poll() && member.assignment().length > 0)
  return member
}

async function groupWithOffsets(
  kafka: Kafka,
  topic: string,
  groupId: string,
  offsets: readonly number[],
): Promise<string> {
  await kafka
    .groupOffsets(groupId)
    .commit(offsets.map((offset, partition) => ({ topic, partition, offset, metadata: 'm' })))
  return groupId
}
