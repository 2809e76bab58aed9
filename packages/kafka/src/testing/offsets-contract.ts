import assert from 'node:assert/strict'
import type { CommittedOffset } from '../port.ts'
import type { WithKafka } from './port-contract.ts'
import { assertRefused } from './port-fixture.ts'

/** What `groupOffsets` promises. */
export function offsetsContract(test: WithKafka): void {
  test('committed offsets come back with their metadata, for other clients too', async ({
    kafka,
    topic,
    another,
    freshName,
  }) => {
    const name = await topic(3)
    const group = freshName()
    const partitions = [0, 1, 2].map((partition) => ({ topic: name, partition }))
    const offsets = kafka.groupOffsets(group)
    assert.deepEqual(await offsets.committed(partitions), [])
    await offsets.commit([
      { topic: name, partition: 0, offset: 41, metadata: '{"in":41,"ü":"✓"}' },
      { topic: name, partition: 2, offset: 0, metadata: '' },
    ])
    await offsets.commit([{ topic: name, partition: 0, offset: 42, metadata: 'second' }])
    const found = await (await another()).groupOffsets(group).committed(partitions)
    assert.deepEqual(
      found.toSorted((a, b) => a.partition - b.partition),
      [
        { topic: name, partition: 0, offset: 42, metadata: 'second' },
        { topic: name, partition: 2, offset: 0, metadata: '' },
      ],
    )
    assert.deepEqual(await kafka.groupOffsets(`${group}-other`).committed(partitions), [])
  })

  test('metadata of 4096 bytes is kept, and more is refused', async ({ kafka, topic, freshName }) => {
    const name = await topic()
    const offsets = kafka.groupOffsets(freshName())
    const at = { topic: name, partition: 0 }
    await offsets.commit([{ ...at, offset: 1, metadata: 'x'.repeat(4096) }])
    const tooLarge = offsets.commit([{ ...at, offset: 2, metadata: 'x'.repeat(4097) }])
    await assertRefused(tooLarge, 'KAFKA_REFUSED', 'OFFSET_METADATA_TOO_LARGE')
    const [kept] = await offsets.committed([at])
    assert.equal(kept!.offset, 1)
    assert.equal(kept!.metadata.length, 4096)
  })

  test('offsets keep the leader epoch that they were committed with', async ({ kafka, topic, freshName }) => {
    const name = await topic(2)
    const offsets = kafka.groupOffsets(freshName())
    const [a, b] = [0, 1].map((partition) => ({ topic: name, partition, offset: 3, metadata: '' })) as [
      CommittedOffset,
      CommittedOffset,
    ]
    await offsets.commit([{ ...a, leaderEpoch: 0 }, b])
    const found = await offsets.committed([a, b])
    assert.deepEqual(
      found.toSorted((x, y) => x.partition - y.partition),
      [{ ...a, leaderEpoch: 0 }, b],
    )
  })

  test('commits arrive in the order of the calls', async ({ kafka, topic, freshName }) => {
    const offsets = kafka.groupOffsets(freshName())
    const at = { topic: await topic(), partition: 0 }
    await Promise.all(Array.from({ length: 20 }, (_, offset) => offsets.commit([{ ...at, offset, metadata: '' }])))
    assert.equal((await offsets.committed([at]))[0]?.offset, 19)
  })

  test('nothing to commit and nothing to read cost nothing', async ({ kafka, freshName }) => {
    const offsets = kafka.groupOffsets(freshName())
    await offsets.commit([])
    assert.deepEqual(await offsets.committed([]), [])
    await offsets.renew([])
  })

  test('many partitions of several topics are committed and read at once', async ({ kafka, topic, freshName }) => {
    const offsets = kafka.groupOffsets(freshName())
    const topics = [await topic(50), await topic(50)]
    const all = topics.flatMap((name, i) =>
      Array.from({ length: 50 }, (_, partition) => ({
        topic: name,
        partition,
        offset: 100 * i + partition,
        metadata: name,
      })),
    )
    await offsets.commit(all)
    const found = await offsets.committed(all)
    const inOrder = (list: readonly CommittedOffset[]): readonly CommittedOffset[] =>
      list.toSorted((a, b) => a.offset - b.offset)
    assert.deepEqual(inOrder(found), inOrder(all))
  })

  test('renewing changes nothing', async ({ kafka, topic, freshName }) => {
    const name = await topic(2)
    const offsets = kafka.groupOffsets(freshName())
    const partitions = [0, 1].map((partition) => ({ topic: name, partition }))
    await offsets.commit([{ ...partitions[0]!, offset: 7, metadata: 'seven' }])
    await offsets.renew(partitions)
    assert.deepEqual(await offsets.committed(partitions), [{ ...partitions[0]!, offset: 7, metadata: 'seven' }])
  })
}
