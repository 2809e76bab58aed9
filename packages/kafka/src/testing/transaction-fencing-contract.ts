import assert from 'node:assert/strict'
import type { SluiceError } from '@sluice/sdk'
import type { TransactionalProducer } from '../port.ts'
import type { WithKafka } from './port-contract.ts'
import { assertRefused } from './port-fixture.ts'
import { range } from './produce-contract.ts'
import { type TransactionFixture, noMember, offsetAt, valuesFor, withTransactions } from './transaction-fixture.ts'

/** Two owners of one transactional id: the first has an open transaction when the second takes over. */
async function takeover(
  { port, producer }: TransactionFixture,
  topic: string,
): Promise<{
  readonly old: TransactionalProducer
  readonly owner: TransactionalProducer
  readonly transactionalId: string
}> {
  const transactionalId = port.freshName()
  const old = await producer({ transactionalId }, await port.another())
  old.begin()
  await old.produce(valuesFor(topic, 0, 'old'))
  const owner = await producer({ transactionalId })
  return { old, owner, transactionalId }
}

/** What `transactionalProducer` promises of ownership: one owner at a time, and the others learn it. */
export function transactionFencingContract(withKafka: WithKafka): void {
  const test = withTransactions(withKafka)

  test('transaction: a new owner fences the old one when it produces', async (fixture) => {
    const topic = await fixture.port.topic()
    const { old } = await takeover(fixture, topic)
    await assertRefused(old.produce(valuesFor(topic, 0, 'zombie')), 'KAFKA_FENCED')
    assert.deepEqual(await fixture.committed(topic), [])
  })

  test('transaction: a new owner fences the old one when it produces to another partition', async (fixture) => {
    const topic = await fixture.port.topic(2)
    const { old } = await takeover(fixture, topic)
    await assertRefused(old.produce(valuesFor(topic, 1, 'zombie')), 'KAFKA_FENCED')
    assert.deepEqual(await fixture.committed(topic), [])
  })

  test('transaction: a new owner fences the old one when it sends offsets', async (fixture) => {
    const [topic, groupId] = [await fixture.port.topic(), fixture.port.freshName()]
    const { old } = await takeover(fixture, topic)
    await assertRefused(old.sendOffsets(noMember(groupId), [offsetAt(topic, 1)]), 'KAFKA_FENCED')
    assert.equal(await fixture.offsetOf(groupId, { topic, partition: 0 }), undefined)
  })

  test('transaction: a new owner fences the old one when it commits', async (fixture) => {
    const topic = await fixture.port.topic()
    const { old } = await takeover(fixture, topic)
    await assertRefused(old.commit(), 'KAFKA_FENCED')
    assert.deepEqual(await fixture.committed(topic), [])
  })

  test('transaction: a new owner fences the old one when it aborts', async (fixture) => {
    const topic = await fixture.port.topic()
    const { old } = await takeover(fixture, topic)
    await assertRefused(old.abort(), 'KAFKA_FENCED')
  })

  test('transaction: once fenced, everything is refused at once', async (fixture) => {
    const topic = await fixture.port.topic()
    const { old } = await takeover(fixture, topic)
    await assertRefused(old.produce(valuesFor(topic, 0, 'zombie')), 'KAFKA_FENCED')
    await assertRefused(old.produce(valuesFor(topic, 0, 'again')), 'KAFKA_FENCED')
    await assertRefused(old.sendOffsets(noMember('g'), [offsetAt(topic, 1)]), 'KAFKA_FENCED')
    await assertRefused(old.commit(), 'KAFKA_FENCED')
    await assertRefused(old.abort(), 'KAFKA_FENCED')
    assert.throws(() => old.begin(), { code: 'KAFKA_FENCED' })
  })

  test('transaction: the new owner goes on undisturbed by the old one', async (fixture) => {
    const topic = await fixture.port.topic()
    const { old, owner } = await takeover(fixture, topic)
    owner.begin()
    await owner.produce(valuesFor(topic, 0, 'new'))
    await assertRefused(old.produce(valuesFor(topic, 0, 'zombie')), 'KAFKA_FENCED')
    await owner.commit()
    owner.begin()
    await owner.produce(valuesFor(topic, 0, 'newer'))
    await owner.commit()
    assert.deepEqual(await fixture.committed(topic), ['new', 'newer'])
  })

  test("transaction: a zombie that wakes up in the middle of its successor's transaction commits nothing", async (fixture) => {
    const topic = await fixture.port.topic()
    const { old, owner } = await takeover(fixture, topic)
    owner.begin()
    await owner.produce(valuesFor(topic, 0, 'new'))
    await assertRefused(old.commit(), 'KAFKA_FENCED')
    assert.deepEqual(await fixture.visibleNow(topic), [])
    await owner.abort()
    assert.deepEqual(await fixture.committed(topic), [])
  })

  test('transaction: an idle owner is fenced with the next transaction it begins', async (fixture) => {
    const topic = await fixture.port.topic()
    const transactionalId = fixture.port.freshName()
    const old = await fixture.producer({ transactionalId })
    old.begin()
    await old.produce(valuesFor(topic, 0, 'first'))
    await old.commit()
    await fixture.producer({ transactionalId })
    old.begin()
    await assertRefused(old.produce(valuesFor(topic, 0, 'zombie')), 'KAFKA_FENCED')
    assert.deepEqual(await fixture.committed(topic), ['first'])
  })

  test('transaction: each of many owners fences the one before', async (fixture) => {
    const topic = await fixture.port.topic()
    const transactionalId = fixture.port.freshName()
    const owners: TransactionalProducer[] = []
    for (const i of range(5)) {
      const owner = await fixture.producer({ transactionalId })
      owner.begin()
      await owner.produce(valuesFor(topic, 0, `${i}`))
      owners.push(owner)
    }
    for (const owner of owners.slice(0, -1)) await assertRefused(owner.commit(), 'KAFKA_FENCED')
    await owners.at(-1)!.commit()
    assert.deepEqual(await fixture.committed(topic), ['4'])
  })

  test('transaction: owners of other ids are not fenced', async (fixture) => {
    const topic = await fixture.port.topic()
    const other = await fixture.producer()
    other.begin()
    await other.produce(valuesFor(topic, 0, 'other'))
    await takeover(fixture, topic)
    await other.commit()
    assert.deepEqual(await fixture.committed(topic), ['other'])
  })

  test('transaction: a fenced producer can be closed, and its id taken back', async (fixture) => {
    const topic = await fixture.port.topic()
    const { old, owner, transactionalId } = await takeover(fixture, topic)
    await assertRefused(old.commit(), 'KAFKA_FENCED')
    await old.close()
    const back = await fixture.producer({ transactionalId })
    owner.begin()
    await assertRefused(owner.produce(valuesFor(topic, 0, 'zombie')), 'KAFKA_FENCED')
    back.begin()
    await back.produce(valuesFor(topic, 0, 'back'))
    await back.commit()
    assert.deepEqual(await fixture.committed(topic), ['back'])
  })

  test('transaction: one that outlives transactionTimeoutMs is aborted, and its producer learns it', async (fixture) => {
    const topic = await fixture.port.topic()
    const transactionalId = fixture.port.freshName()
    const slow = await fixture.producer({ transactionalId, transactionTimeoutMs: 1000 })
    slow.begin()
    await slow.produce(valuesFor(topic, 0, 'slow'))
    // Until the broker, which looks every ten seconds, has ended it.
    assert.deepEqual(await fixture.committed(topic), [])
    // KIP-890's coordinator lets the producer abort and go on; the older one has fenced it.
    const codes = ['KAFKA_FENCED', 'KAFKA_TRANSACTION_ABORTABLE']
    await assert.rejects(slow.commit(), (error: SluiceError) => codes.includes(error.code))
    const next = await fixture.producer({ transactionalId })
    next.begin()
    await next.produce(valuesFor(topic, 0, 'next'))
    await next.commit()
    assert.deepEqual(await fixture.committed(topic), ['next'])
  })

  test('transaction: one that timed out can be aborted, or its producer opened anew, and then committed', async (fixture) => {
    const topic = await fixture.port.topic()
    const transactionalId = fixture.port.freshName()
    let slow = await fixture.producer({ transactionalId, transactionTimeoutMs: 1000 })
    slow.begin()
    await slow.produce(valuesFor(topic, 0, 'slow'))
    assert.deepEqual(await fixture.committed(topic), [])
    await slow.abort().catch(async (error: SluiceError) => {
      assert.equal(error.code, 'KAFKA_FENCED')
      slow = await fixture.producer({ transactionalId, transactionTimeoutMs: 1000 })
    })
    slow.begin()
    await slow.produce(valuesFor(topic, 0, 'next'))
    await slow.commit()
    assert.deepEqual(await fixture.committed(topic), ['next'])
  })

  test('transaction: a time-out above what the broker allows is refused by name', async ({ port, kafka }) => {
    const endless = kafka.transactionalProducer({ transactionalId: port.freshName(), transactionTimeoutMs: 86_400_000 })
    await assertRefused(endless, 'KAFKA_REFUSED', 'INVALID_TRANSACTION_TIMEOUT')
  })
}
