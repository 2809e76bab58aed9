import assert from 'node:assert/strict'
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
}
