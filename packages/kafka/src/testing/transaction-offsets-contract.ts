import assert from 'node:assert/strict'
import type { WithKafka } from './port-contract.ts'
import { assertRefused } from './port-fixture.ts'
import { range } from './produce-contract.ts'
import { noMember, offsetAt, valuesFor, withTransactions } from './transaction-fixture.ts'

/** What `transactionalProducer` promises of offsets: with the records, or not at all. */
export function transactionOffsetsContract(withKafka: WithKafka): void {
  const test = withTransactions(withKafka)

  test('transaction: offsets are committed with the records', async ({ port, producer, committed, offsetOf }) => {
    const [topic, groupId] = [await port.topic(), port.freshName()]
    const one = await producer()
    one.begin()
    await one.produce(valuesFor(topic, 0, 'v'))
    await one.sendOffsets(noMember(groupId), [offsetAt(topic, 42)])
    await one.commit()
    assert.deepEqual(await committed(topic), ['v'])
    assert.equal(await offsetOf(groupId, { topic, partition: 0 }), 42)
  })

  test('transaction: offsets are aborted with the records', async ({ port, kafka, producer, offsetOf }) => {
    const [topic, groupId] = [await port.topic(), port.freshName()]
    await kafka.groupOffsets(groupId).commit([offsetAt(topic, 7)])
    const one = await producer()
    one.begin()
    await one.produce(valuesFor(topic, 0, 'v'))
    await one.sendOffsets(noMember(groupId), [offsetAt(topic, 42)])
    await one.abort()
    assert.equal(await offsetOf(groupId, { topic, partition: 0 }), 7)
  })

  test('transaction: offsets alone make one', async ({ port, producer, offsetOf }) => {
    const [topic, groupId] = [await port.topic(), port.freshName()]
    const one = await producer()
    for (const offset of [1, 2, 3]) {
      one.begin()
      await one.sendOffsets(noMember(groupId), [offsetAt(topic, offset)])
      await one.commit()
    }
    assert.equal(await offsetOf(groupId, { topic, partition: 0 }), 3)
  })

  test('transaction: whoever reads offsets of an open one waits for its end', async (fixture) => {
    const [topic, groupId] = [await fixture.port.topic(), fixture.port.freshName()]
    const one = await fixture.producer()
    one.begin()
    await one.sendOffsets(noMember(groupId), [offsetAt(topic, 5)])
    let isRead = false
    const read = fixture.offsetOf(groupId, { topic, partition: 0 }).finally(() => (isRead = true))
    await new Promise((resolve) => setTimeout(resolve, 300))
    assert.equal(isRead, false)
    await one.commit()
    assert.equal(await read, 5)
  })

  test('transaction: of two offsets for a partition the later call counts', async ({ port, producer, offsetOf }) => {
    const [topic, groupId] = [await port.topic(), port.freshName()]
    const one = await producer()
    one.begin()
    for (const offset of [10, 30, 20]) void one.sendOffsets(noMember(groupId), [offsetAt(topic, offset)])
    await one.commit()
    assert.equal(await offsetOf(groupId, { topic, partition: 0 }), 20)
  })

  test('transaction: calls at the same time all count', async ({ port, kafka, producer }) => {
    const [topic, groupId] = [await port.topic(8), port.freshName()]
    const one = await producer()
    one.begin()
    await Promise.all(range(8).map((i) => one.sendOffsets(noMember(groupId), [offsetAt(topic, 100 + i, i)])))
    await one.commit()
    const partitions = range(8).map((partition) => ({ topic, partition }))
    const found = await kafka.groupOffsets(groupId).committed(partitions)
    assert.deepEqual(
      found.map(({ offset }) => offset).toSorted((a, b) => a - b),
      range(8).map((i) => 100 + i),
    )
  })

  test('transaction: many partitions go in one call', async ({ port, kafka, producer }) => {
    const [topic, groupId] = [await port.topic(20), port.freshName()]
    const one = await producer()
    one.begin()
    await one.sendOffsets(
      noMember(groupId),
      range(20).map((i) => offsetAt(topic, i, i, `m${i}`)),
    )
    await one.commit()
    const found = await kafka.groupOffsets(groupId).committed(range(20).map((partition) => ({ topic, partition })))
    assert.deepEqual(
      found.map(({ metadata }) => metadata).toSorted(),
      range(20)
        .map((i) => `m${i}`)
        .toSorted(),
    )
  })

  test('transaction: two groups are committed together', async ({ port, producer, offsetOf }) => {
    const topic = await port.topic()
    const groups = [port.freshName(), port.freshName()]
    const one = await producer()
    one.begin()
    for (const [i, groupId] of groups.entries()) await one.sendOffsets(noMember(groupId), [offsetAt(topic, i + 1)])
    await one.commit()
    for (const [i, groupId] of groups.entries()) assert.equal(await offsetOf(groupId, { topic, partition: 0 }), i + 1)
  })

  test('transaction: no offsets, nothing added', async ({ port, producer, offsetOf }) => {
    const [topic, groupId] = [await port.topic(), port.freshName()]
    const one = await producer()
    one.begin()
    await one.sendOffsets(noMember(groupId), [])
    await one.commit()
    assert.equal(await offsetOf(groupId, { topic, partition: 0 }), undefined)
  })

  test('transaction: metadata above the limit dooms it; after abort the producer goes on', async (fixture) => {
    const [topic, groupId] = [await fixture.port.topic(), fixture.port.freshName()]
    const one = await fixture.producer()
    one.begin()
    const large = one.sendOffsets(noMember(groupId), [offsetAt(topic, 1, 0, 'm'.repeat(5000))])
    await assertRefused(large, 'KAFKA_TRANSACTION_ABORTABLE', 'OFFSET_METADATA_TOO_LARGE')
    await assertRefused(one.commit(), 'KAFKA_TRANSACTION_ABORTABLE')
    await one.abort()
    one.begin()
    await one.sendOffsets(noMember(groupId), [offsetAt(topic, 2)])
    await one.commit()
    assert.equal(await fixture.offsetOf(groupId, { topic, partition: 0 }), 2)
  })

  test('transaction: a member that the group does not know dooms it', async ({
    port,
    producer,
    committed,
    offsetOf,
  }) => {
    const [topic, groupId] = [await port.topic(), port.freshName()]
    const one = await producer()
    one.begin()
    await one.produce(valuesFor(topic, 0, 'v'))
    const ghost = { groupId, generationId: 3, memberId: 'ghost', instanceId: null }
    await assertRefused(one.sendOffsets(ghost, [offsetAt(topic, 1)]), 'KAFKA_TRANSACTION_ABORTABLE')
    await assertRefused(one.commit(), 'KAFKA_TRANSACTION_ABORTABLE')
    await one.abort()
    assert.deepEqual(await committed(topic), [])
    assert.equal(await offsetOf(groupId, { topic, partition: 0 }), undefined)
  })

  test('transaction: a copy that is cut off in the middle of one is taken up where it stood', async (fixture) => {
    const { port, kafka } = fixture
    const [source, target, groupId] = [await port.topic(), await port.topic(), port.freshName()]
    const transactionalId = port.freshName()
    const plain = kafka.producer()
    const values = range(500).map((i) => `${i}`)
    await plain.produce(valuesFor(source, 0, ...values))
    await plain.close()
    let transactions = 0
    for (let isDone = false; !isDone;) {
      const copier = await fixture.producer({ transactionalId })
      const fetcher = kafka.fetcher({ partitionBytesMax: 2000, bytesMax: 2000 })
      fetcher.assign([
        {
          topic: source,
          partition: 0,
          offset: (await fixture.offsetOf(groupId, { topic: source, partition: 0 })) ?? 0,
        },
      ])
      for (let left = 3; left > 0 && !isDone; left--) {
        const position = fetcher.position({ topic: source, partition: 0 })!
        isDone = position >= values.length
        if (isDone) break
        const next = values.slice(position, position + 50)
        fetcher.seek({ topic: source, partition: 0, offset: position + next.length })
        copier.begin()
        await copier.produce(valuesFor(target, 0, ...next))
        await copier.sendOffsets(noMember(groupId), [offsetAt(source, position + next.length)])
        transactions++
        if (left > 1) await copier.commit()
      }
      await fetcher.close()
      await copier.close(0)
    }
    assert.ok(transactions > 10)
    assert.deepEqual(await fixture.committed(target), values)
  })
}
