import assert from 'node:assert/strict'
import type { TopicPartition } from '@sluice/sdk'
import { cooperativeStickyAssignor } from '../group/assignors/cooperative-sticky.ts'
import { rangeAssignor } from '../group/assignors/range.ts'
import { roundRobinAssignor } from '../group/assignors/round-robin.ts'
import { stickyAssignor } from '../group/assignors/sticky.ts'
import type { PartitionAssignor } from '../port.ts'
import type { WithKafka } from './port-contract.ts'
import { type ConsumerProbe, consumerProbe, eventually, listed, shared } from './group-probe.ts'
import { assertRefused, record } from './port-fixture.ts'

/** What `consumerMember` promises of classic groups. */
export function consumerContract(test: WithKafka): void {
  const assignors: [name: string, make: () => PartitionAssignor][] = [
    ['range', () => rangeAssignor],
    ['roundrobin', () => roundRobinAssignor],
    ['sticky', stickyAssignor],
    ['cooperative-sticky', () => cooperativeStickyAssignor],
  ]
  for (const [name, make] of assignors) {
    test(`${name}: every partition has one owner while members come and go`, async ({ kafka, topic, freshName }) => {
      const group = freshName()
      const topics = [await topic(6)]
      const start = async (): Promise<ConsumerProbe> => {
        const probe = consumerProbe(kafka, group, topics, { assignors: [make()] })
        await probe.member.join()
        return probe
      }
      const [a, b] = [await start(), await start()]
      await shared([a, b], 6)
      const c = await start()
      await shared([a, b, c], 6)
      await b.member.close()
      await shared([a, c], 6)
      await a.member.close()
      await shared([c], 6)
      await c.member.close()
      for (const { events } of [a, b, c]) assert.ok(!events.some((event) => event.startsWith('lost')))
    })
  }

  test('cooperative: only what moves is revoked, and the new owner gets it after that', async ({
    kafka,
    topic,
    freshName,
  }) => {
    const group = freshName()
    const topics = [await topic(4)]
    const story: string[] = []
    const hooks = (name: string) => ({
      onAssigned: (partitions: readonly TopicPartition[]) => void story.push(`${name}+${listed(partitions)}`),
      onRevoked: (partitions: readonly TopicPartition[]) => void story.push(`${name}-${listed(partitions)}`),
      onLost: () => undefined,
    })
    const a = consumerProbe(kafka, group, topics, { hooks: hooks('a') })
    await a.member.join()
    const b = consumerProbe(kafka, group, topics, { hooks: hooks('b') })
    await b.member.join()
    await shared([a, b], 4)
    const moved = listed(b.member.assignment())
    const told = story.filter((line) => !line.endsWith('+'))
    assert.deepEqual(told, ['a+0,1,2,3', `a-${moved}`, `b+${moved}`])
    await b.member.close()
    await a.member.close()
  })

  test('eager: everything is revoked before it is assigned anew', async ({ kafka, topic, freshName }) => {
    const group = freshName()
    const topics = [await topic(4)]
    const assignors = [rangeAssignor]
    const a = consumerProbe(kafka, group, topics, { assignors })
    await a.member.join()
    const b = consumerProbe(kafka, group, topics, { assignors })
    await b.member.join()
    await shared([a, b], 4)
    assert.deepEqual(a.events.slice(0, 2), ['assigned 0,1,2,3', 'revoked 0,1,2,3'])
    await b.member.close()
    await a.member.close()
  })

  test('members with several assignors use one that all have, eagerly if one of them is', async ({
    kafka,
    topic,
    freshName,
  }) => {
    const group = freshName()
    const topics = [await topic(4)]
    const a = consumerProbe(kafka, group, topics, { assignors: [roundRobinAssignor, rangeAssignor] })
    await a.member.join()
    const b = consumerProbe(kafka, group, topics, { assignors: [cooperativeStickyAssignor, rangeAssignor] })
    await b.member.join()
    await shared([a, b], 4)
    assert.deepEqual([a, b].map(({ member }) => listed(member.assignment())).toSorted(), ['0,1', '2,3'])
    await b.member.close()
    await a.member.close()
  })

  test('more members than partitions: some wait until one is free', async ({ kafka, topic, freshName }) => {
    const group = freshName()
    const topics = [await topic(1)]
    const a = consumerProbe(kafka, group, topics)
    await a.member.join()
    const b = consumerProbe(kafka, group, topics)
    await b.member.join()
    assert.deepEqual(b.member.assignment(), [])
    assert.equal(b.member.poll(), true)
    await a.member.close()
    await shared([b], 1)
    await b.member.close()
  })

  test('members of different topics get only their own', async ({ kafka, topic, freshName }) => {
    const group = freshName()
    const [one, two] = [await topic(2), await topic(2)]
    const a = consumerProbe(kafka, group, [one])
    const b = consumerProbe(kafka, group, [two])
    await Promise.all([a.member.join(), b.member.join()])
    await shared([a, b], 4)
    assert.ok(a.member.assignment().every(({ topic: name }) => name === one))
    assert.ok(b.member.assignment().every(({ topic: name }) => name === two))
    await b.member.close()
    await a.member.close()
  })

  test('a subscription can be changed', async ({ kafka, topic, freshName }) => {
    const [one, two] = [await topic(1), await topic(2)]
    const a = consumerProbe(kafka, freshName(), [one])
    await a.member.join()
    a.member.subscribe([two])
    await eventually(
      'the other topic is held',
      () =>
        a.member
          .assignment()
          .map((held) => held.topic)
          .join() === `${two},${two}`,
    )
    assert.deepEqual(a.events, ['assigned 0', 'revoked 0', 'assigned 0,1'])
    await a.member.close()
  })

  test('a topic that appears later is shared out', async ({ kafka, freshName }) => {
    const name = freshName()
    const a = consumerProbe(kafka, freshName(), [name], { metadataAgeMaxMs: 200 })
    await a.member.join()
    assert.deepEqual(a.member.assignment(), [])
    await kafka.admin.ensureTopics([{ topic: name, partitions: 2 }])
    await shared([a], 2)
    await a.member.close()
  })

  test('work is handed over without loss or repetition when it is committed while it is given up', async ({
    kafka,
    topic,
    freshName,
  }) => {
    const group = freshName()
    const name = await topic(4)
    const producer = kafka.producer()
    const seen: string[] = []
    const done = new Map<number, number>()
    const count = 400
    const produced = producer.produce(
      Array.from({ length: count }, (_, i) => record(name, { partition: i % 4, value: `${i}` })),
    )
    const workers: Worker[] = []
    const start = async (): Promise<Worker> => {
      const fetcher = kafka.fetcher({ reset: 'earliest' })
      const mine = new Map<number, number>()
      const commit = (partitions: readonly TopicPartition[]): Promise<void> =>
        probe.member.commit(
          partitions.map((at) => ({
            ...at,
            offset: mine.get(at.partition) ?? done.get(at.partition) ?? 0,
            metadata: '',
          })),
        )
      const resume = async (): Promise<void> => {
        const held = probe.member.assignment()
        const committed = await probe.member.committed(held)
        for (const { partition } of held) {
          if (mine.has(partition)) continue
          mine.set(partition, committed.find((one) => one.partition === partition)?.offset ?? 0)
        }
        fetcher.assign(held.map((at) => ({ ...at, offset: mine.get(at.partition)! })))
      }
      const probe = consumerProbe(kafka, group, [name], {
        hooks: {
          onAssigned: resume,
          onRevoked: async (partitions) => {
            await commit(partitions)
            for (const { partition } of partitions) mine.delete(partition)
            fetcher.assign(Array.from(mine, ([partition, offset]) => ({ topic: name, partition, offset })))
          },
          onLost: () => assert.fail('nothing is lost here'),
        },
      })
      const worker: Worker = { probe, isStopped: false, running: Promise.resolve() }
      await probe.member.join()
      worker.running = (async () => {
        while (!worker.isStopped) {
          const isOwner = probe.member.poll()
          for (const { partition, batches, nextOffset } of await fetcher.poll(50)) {
            if (!isOwner || !mine.has(partition)) continue
            for (const records of batches) {
              for (let i = 0; i < records.count; i++) {
                if (records.offset(i) >= mine.get(partition)!) seen.push(Buffer.from(records.value(i)!).toString())
              }
            }
            mine.set(partition, nextOffset)
          }
        }
        await probe.member.close()
        await fetcher.close()
      })()
      workers.push(worker)
      return worker
    }
    const first = await start()
    await produced
    await start()
    await start()
    first.isStopped = true
    await first.running
    await producer.produce(
      Array.from({ length: count }, (_, i) => record(name, { partition: i % 4, value: `${count + i}` })),
    )
    await eventually('all has been seen', () => seen.length >= 2 * count)
    for (const worker of workers) worker.isStopped = true
    await Promise.all(workers.map(({ running }) => running))
    await producer.close()
    assert.equal(seen.length, 2 * count)
    assert.equal(new Set(seen).size, 2 * count)
    const partitions = [0, 1, 2, 3].map((partition) => ({ topic: name, partition }))
    const committed = await kafka.groupOffsets(group).committed(partitions)
    assert.deepEqual(
      committed.map(({ offset }) => offset),
      [200, 200, 200, 200],
    )
  })

  test('an assignor of the caller gets the user data of all, and its own reaches every member', async ({
    kafka,
    topic,
    freshName,
  }) => {
    const group = freshName()
    const name = await topic(2)
    const told: string[] = []
    const own = (who: string): PartitionAssignor => ({
      name: 'own',
      isCooperative: false,
      userData: () => Buffer.from(who),
      assign: (members, counts) => {
        const all = members.map(({ userData }) => Buffer.from(userData!).toString()).toSorted()
        assert.deepEqual([...counts], [[name, 2]])
        return new Map(
          members.map(({ memberId }, i) => [
            memberId,
            { partitions: i === 0 ? [{ topic: name, partition: 1 }] : [], userData: Buffer.from(all.join('+')) },
          ]),
        )
      },
      onAssignment: (_, userData) => void told.push(`${who} ${Buffer.from(userData!).toString()}`),
    })
    const a = consumerProbe(kafka, group, [name], { assignors: [own('a')] })
    await a.member.join()
    const b = consumerProbe(kafka, group, [name], { assignors: [own('b')] })
    await b.member.join()
    await eventually('both are told', () => told.includes('a a+b') && told.includes('b a+b'))
    await b.member.close()
    await a.member.close()
  })

  test('what a stuck caller held is lost, not revoked', async ({ kafka, topic, freshName }) => {
    const topics = [await topic(2)]
    const a = consumerProbe(kafka, freshName(), topics, { rebalanceTimeoutMs: 1_000 })
    await a.member.join()
    await eventually('all is lost', () => a.events.length === 2)
    assert.deepEqual(a.events, ['assigned 0,1', 'lost 0,1'])
    assert.deepEqual(a.member.assignment(), [])
    await shared([a], 2)
    await a.member.close()
  })

  test('a member of another protocol type is refused by a consumer group', async ({ kafka, topic, freshName }) => {
    const group = freshName()
    const a = consumerProbe(kafka, group, [await topic(1)])
    await a.member.join()
    const other = kafka.groupMember({
      groupId: group,
      protocolType: 'connect',
      protocols: [
        { name: 'cooperative-sticky', isCooperative: true, metadata: () => Buffer.from('x'), assign: () => new Map() },
      ],
      hooks: { onAssigned: () => undefined, onLost: () => undefined },
    })
    await assertRefused(other.join(), 'KAFKA_REFUSED', 'INCONSISTENT_GROUP_PROTOCOL')
    await other.close()
    await a.member.close()
  })
}

interface Worker {
  readonly probe: ConsumerProbe
  isStopped: boolean
  running: Promise<void>
}
