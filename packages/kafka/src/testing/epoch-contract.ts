import assert from 'node:assert/strict'
import type { WithKafka } from './port-contract.ts'
import { consumerProbe, eventually, listed, pause, shared } from './group-probe.ts'
import { type PortFixture, assertRefused } from './port-fixture.ts'

const protocol = 'consumer'

/**
 * What `consumerMember` promises under the `consumer` protocol (KIP-848), where the broker has it. Where it has not, each of these
 * promises that the member is refused in a clear sentence.
 */
export function epochContract(withKafka: WithKafka): void {
  const test: WithKafka = (name, body) => {
    withKafka(name, async (fixture) => {
      const { finalized } = await fixture.kafka.admin.cluster.features()
      const isSupported = (finalized['group.version'] ?? 0) >= 1
      await (isSupported ? body(fixture) : assertUnsupported(fixture))
    })
  }

  test('KIP-848: every partition has one owner while members come and go', async ({ kafka, topic, freshName }) => {
    const group = freshName()
    const topics = [await topic(6)]
    const [a, b] = [
      consumerProbe(kafka, group, topics, { protocol }),
      consumerProbe(kafka, group, topics, { protocol }),
    ]
    await a.member.join()
    await shared([a], 6)
    await b.member.join()
    await shared([a, b], 6)
    await a.member.close()
    await shared([b], 6)
    await b.member.close()
    for (const { events } of [a, b]) assert.ok(!events.some((event) => event.startsWith('lost')))
  })

  test('KIP-848: what moves is assigned to another only when onRevoked has settled', async ({
    kafka,
    topic,
    freshName,
  }) => {
    const group = freshName()
    const topics = [await topic(2)]
    const story: string[] = []
    const a = consumerProbe(kafka, group, topics, {
      protocol,
      hooks: {
        onAssigned: () => undefined,
        onRevoked: async () => {
          await pause(500)
          story.push('a gave up')
        },
        onLost: () => undefined,
      },
    })
    await a.member.join()
    await shared([a], 2)
    const b = consumerProbe(kafka, group, topics, {
      protocol,
      hooks: { onAssigned: (partitions) => void story.push(`b got ${partitions.length}`), onLost: () => undefined },
    })
    await b.member.join()
    await shared([a, b], 2)
    assert.deepEqual(
      story.filter((line) => line !== 'b got 0'),
      ['a gave up', 'b got 1'],
    )
    await b.member.close()
    await a.member.close()
  })

  test('KIP-848: a member commits and reads with its epoch', async ({ kafka, topic, freshName }) => {
    const group = freshName()
    const name = await topic(1)
    const { member } = consumerProbe(kafka, group, [name], { protocol })
    await member.join()
    assert.ok(member.identity().generationId > 0)
    const at = { topic: name, partition: 0 }
    await member.commit([{ ...at, offset: 9, metadata: 'nine', leaderEpoch: 0 }])
    assert.deepEqual(await member.committed([at]), [{ ...at, offset: 9, metadata: 'nine', leaderEpoch: 0 }])
    await assertRefused(kafka.groupOffsets(group).commit([{ ...at, offset: 1, metadata: '' }]), 'KAFKA_FENCED')
    await member.close()
    await assertRefused(member.commit([{ ...at, offset: 10, metadata: '' }]), 'INTERRUPTED')
  })

  test('KIP-848: a subscription can be changed', async ({ kafka, topic, freshName }) => {
    const [one, two] = [await topic(1), await topic(2)]
    const a = consumerProbe(kafka, freshName(), [one], { protocol })
    await a.member.join()
    await shared([a], 1)
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

  test('KIP-848: topics are found by a pattern', async ({ kafka, topic, freshName }) => {
    const name = await topic(2)
    const a = consumerProbe(kafka, freshName(), [], { protocol, topicPattern: `${name.slice(0, -1)}[${name.at(-1)!}]` })
    await a.member.join()
    await shared([a], 2)
    assert.ok(a.member.assignment().every((held) => held.topic === name))
    await a.member.close()
  })

  test('KIP-848: a pattern that cannot be read is refused', async ({ kafka, freshName }) => {
    const { member } = consumerProbe(kafka, freshName(), [], { protocol, topicPattern: '(' })
    await assertRefused(member.join(), 'KAFKA_REFUSED', 'INVALID_REGULAR_EXPRESSION')
    await member.close()
  })

  test('KIP-848: the assignor can be chosen, and an unknown one is refused', async ({ kafka, topic, freshName }) => {
    const group = freshName()
    const topics = [await topic(4)]
    const options = { protocol, serverAssignor: 'range' } as const
    const [a, b] = [consumerProbe(kafka, group, topics, options), consumerProbe(kafka, group, topics, options)]
    await Promise.all([a.member.join(), b.member.join()])
    await shared([a, b], 4)
    assert.deepEqual([a, b].map(({ member }) => listed(member.assignment())).toSorted(), ['0,1', '2,3'])
    const other = consumerProbe(kafka, freshName(), topics, { protocol, serverAssignor: 'nonsense' })
    await assertRefused(other.member.join(), 'KAFKA_REFUSED', 'UNSUPPORTED_ASSIGNOR')
    for (const { member } of [a, b, other]) await member.close()
  })

  test('KIP-848: a static member that comes back gets what it had', async ({ kafka, topic, freshName }) => {
    const group = freshName()
    const topics = [await topic(4)]
    const options = { protocol, instanceId: 'i-b' } as const
    const [a, b] = [consumerProbe(kafka, group, topics, { protocol }), consumerProbe(kafka, group, topics, options)]
    await Promise.all([a.member.join(), b.member.join()])
    await shared([a, b], 4)
    const had = listed(b.member.assignment())
    await b.member.close()
    const again = consumerProbe(kafka, group, topics, options)
    await again.member.join()
    await shared([a, again], 4)
    assert.equal(listed(again.member.assignment()), had)
    assert.ok(!a.events.some((event) => event.startsWith('lost')))
    await again.member.close(undefined, 'leave')
    await shared([a], 4)
    await a.member.close()
  })

  test('KIP-848: a second member of the same instance is refused while the first one lives', async ({
    kafka,
    topic,
    freshName,
  }) => {
    const group = freshName()
    const topics = [await topic(1)]
    const options = { protocol, instanceId: 'i' } as const
    const first = consumerProbe(kafka, group, topics, options)
    await first.member.join()
    const second = consumerProbe(kafka, group, topics, options)
    await assertRefused(second.member.join(), 'KAFKA_REFUSED', 'UNRELEASED_INSTANCE_ID')
    await second.member.close()
    assert.equal(first.member.poll(), true)
    await first.member.close(undefined, 'leave')
  })

  test('KIP-848: what a stuck caller held is lost, and comes back with the next poll', async ({
    kafka,
    topic,
    freshName,
  }) => {
    const group = freshName()
    const topics = [await topic(2)]
    const a = consumerProbe(kafka, group, topics, { protocol, rebalanceTimeoutMs: 1_500 })
    await a.member.join()
    await shared([a], 2)
    await eventually('all is lost', () => a.events.at(-1)!.startsWith('lost'))
    assert.deepEqual(a.member.assignment(), [])
    assert.throws(() => a.member.identity(), { code: 'KAFKA_FENCED' })
    await shared([a], 2)
    await a.member.close()
  })

  test('KIP-848: a member that left joins again', async ({ kafka, topic, freshName }) => {
    const topics = [await topic(2)]
    const a = consumerProbe(kafka, freshName(), topics, { protocol })
    await a.member.join()
    await shared([a], 2)
    await a.member.leave('for the test')
    assert.deepEqual(a.events, ['assigned 0,1', 'revoked 0,1'])
    assert.equal(a.member.poll(), false)
    await a.member.join()
    await shared([a], 2)
    await a.member.close()
  })

  test('KIP-848: a member moves between the protocols of one group', async ({ kafka, topic, freshName }) => {
    const group = freshName()
    const topics = [await topic(4)]
    const classic = consumerProbe(kafka, group, topics)
    await classic.member.join()
    await shared([classic], 4)
    const modern = consumerProbe(kafka, group, topics, { protocol })
    await modern.member.join()
    await shared([classic, modern], 4)
    await classic.member.close()
    await shared([modern], 4)
    await modern.member.close()
  })
}

async function assertUnsupported({ kafka, freshName }: PortFixture): Promise<void> {
  const { member } = consumerProbe(kafka, freshName(), [freshName()], { protocol })
  const error = await assertRefused(member.join(), 'KAFKA_REFUSED', 'UNSUPPORTED_VERSION')
  assert.match(error.message, /KIP-848/)
  assert.match(error.remedy!, /classic/)
  assert.equal(error.retriable, false)
  await member.close()
}
