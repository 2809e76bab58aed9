import assert from 'node:assert/strict'
import type { WithKafka } from './port-contract.ts'
import { assertRefused, record } from './port-fixture.ts'
import { range } from './produce-contract.ts'
import { type TransactionTest, valuesFor, withTransactions } from './transaction-fixture.ts'

/** What `transactionalProducer` promises of failures, misuse, and its end: nothing of what failed is ever committed. */
export function transactionFailureContract(withKafka: WithKafka): void {
  const test = withTransactions(withKafka)
  failures(test)
  misuse(test)
  ends(test)
}

function failures(test: TransactionTest): void {
  test('transaction: a record above requestBytesMax dooms it; after abort the producer goes on', async (fixture) => {
    const topic = await fixture.port.topic()
    const one = await fixture.producer({ requestBytesMax: 10_000, batchBytesMax: 5000 })
    one.begin()
    await one.produce(valuesFor(topic, 0, 'a'))
    await assertRefused(one.produce(valuesFor(topic, 0, 'x'.repeat(10_001))), 'KAFKA_TRANSACTION_ABORTABLE')
    await assertRefused(one.commit(), 'KAFKA_TRANSACTION_ABORTABLE')
    await one.abort()
    one.begin()
    await one.produce(valuesFor(topic, 0, 'b'))
    await one.commit()
    assert.deepEqual(await fixture.committed(topic), ['b'])
  })

  test('transaction: a record that the topic finds too large dooms it', async ({ port, producer, committed }) => {
    const topic = await port.topic(1, { 'max.message.bytes': '3000' })
    const one = await producer()
    for (const i of range(2)) {
      one.begin()
      await one.produce(valuesFor(topic, 0, 'a'))
      await assertRefused(one.produce(valuesFor(topic, 0, 'x'.repeat(4000))), 'KAFKA_TRANSACTION_ABORTABLE')
      await assertRefused(one.commit(), 'KAFKA_TRANSACTION_ABORTABLE')
      await one.abort()
      one.begin()
      await one.produce(valuesFor(topic, 0, `${i}`))
      await one.commit()
    }
    assert.deepEqual(await committed(topic), ['0', '1'])
  })

  test('transaction: a record that the broker refuses dooms it', async ({ port, producer, committed }) => {
    const topic = await port.topic(1, { 'cleanup.policy': 'compact' })
    const one = await producer()
    one.begin()
    const keyless = one.produce([record(topic, { partition: 0, key: 'k', value: 'v' }), record(topic, { value: 'v' })])
    await assertRefused(keyless, 'KAFKA_TRANSACTION_ABORTABLE', 'INVALID_RECORD')
    await one.abort()
    one.begin()
    await one.produce([record(topic, { key: 'k', value: 'w' })])
    await one.commit()
    assert.deepEqual(await committed(topic), ['w'])
  })

  test('transaction: a topic that does not exist dooms it, by name', async ({ port, producer }) => {
    const one = await producer({ deliveryTimeoutMs: 1500 })
    const missing = port.freshName()
    one.begin()
    const error = await assertRefused(one.produce(valuesFor(missing, 0, 'v')), 'KAFKA_TRANSACTION_ABORTABLE')
    assert.equal(error.place?.['topic'], missing)
    await one.abort()
  })

  test('transaction: a failure that nobody looked at makes commit refuse', async ({ port, producer, committed }) => {
    const topic = await port.topic()
    const one = await producer({ requestBytesMax: 10_000, batchBytesMax: 5000 })
    one.begin()
    void one.produce(valuesFor(topic, 0, 'a'))
    void one.produce(valuesFor(topic, 0, 'x'.repeat(10_001)))
    void one.produce(valuesFor(topic, 0, 'b'))
    await assertRefused(one.commit(), 'KAFKA_TRANSACTION_ABORTABLE')
    await one.abort()
    assert.deepEqual(await committed(topic), [])
  })

  test('transaction: once doomed, it takes nothing more, and commit refuses every time', async ({ port, producer }) => {
    const topic = await port.topic()
    const one = await producer({ requestBytesMax: 10_000, batchBytesMax: 5000 })
    one.begin()
    await assertRefused(one.produce(valuesFor(topic, 0, 'x'.repeat(10_001))), 'KAFKA_TRANSACTION_ABORTABLE')
    await assertRefused(one.produce(valuesFor(topic, 0, 'a')), 'KAFKA_TRANSACTION_ABORTABLE')
    assert.throws(() => one.begin(), { code: 'KAFKA_TRANSACTION_ABORTABLE' })
    for (const _ of range(2)) await assertRefused(one.commit(), 'KAFKA_TRANSACTION_ABORTABLE')
    await one.abort()
    one.begin()
    await one.commit()
  })

  test('transaction: ten failures in a row, each aborted, cost nothing that is committed between', async (fixture) => {
    const topic = await fixture.port.topic(1, { 'max.message.bytes': '3000' })
    const one = await fixture.producer()
    for (const i of range(10)) {
      one.begin()
      void one.produce(valuesFor(topic, 0, 'lost'))
      void one.produce(valuesFor(topic, 0, 'x'.repeat(4000)))
      await one.abort()
      one.begin()
      void one.produce(valuesFor(topic, 0, `${i}`))
      await one.commit()
    }
    assert.deepEqual((await fixture.committed(topic)).map(Number), range(10))
  })
}

function misuse(test: TransactionTest): void {
  test('transaction: calls out of turn are refused, and change nothing', async ({ port, producer, committed }) => {
    const topic = await port.topic()
    const one = await producer()
    await assertRefused(one.produce(valuesFor(topic, 0, 'v')), 'KAFKA_TRANSACTION_STATE')
    const group = { groupId: port.freshName(), generationId: -1, memberId: '', instanceId: null }
    await assertRefused(one.sendOffsets(group, []), 'KAFKA_TRANSACTION_STATE')
    await assertRefused(one.commit(), 'KAFKA_TRANSACTION_STATE')
    await assertRefused(one.abort(), 'KAFKA_TRANSACTION_STATE')
    one.begin()
    assert.throws(() => one.begin(), { code: 'KAFKA_TRANSACTION_STATE' })
    await one.produce(valuesFor(topic, 0, 'v'))
    await one.commit()
    assert.deepEqual(await committed(topic), ['v'])
  })

  test('transaction: nothing goes into one that is being ended', async ({ port, producer, committed }) => {
    const topic = await port.topic()
    const one = await producer()
    one.begin()
    void one.produce(valuesFor(topic, 0, 'v'))
    const ending = one.commit()
    await assertRefused(one.produce(valuesFor(topic, 0, 'late')), 'KAFKA_TRANSACTION_STATE')
    await assertRefused(one.commit(), 'KAFKA_TRANSACTION_STATE')
    await assertRefused(one.abort(), 'KAFKA_TRANSACTION_STATE')
    assert.throws(() => one.begin(), { code: 'KAFKA_TRANSACTION_STATE' })
    await ending
    assert.deepEqual(await committed(topic), ['v'])
  })

  test('transaction: settings that cannot work are refused before anything is asked', async ({ kafka }) => {
    await assertRefused(kafka.transactionalProducer({ transactionalId: '' }), 'SETTINGS_INVALID')
    const never = kafka.transactionalProducer({ transactionalId: 'x', transactionTimeoutMs: 0 })
    await assertRefused(never, 'SETTINGS_INVALID')
  })
}

function ends(test: TransactionTest): void {
  test('transaction: commit flushes what nobody awaited', async ({ port, producer, committed }) => {
    const topic = await port.topic(2)
    const one = await producer({ lingerMs: 60_000 })
    one.begin()
    for (const i of range(100)) void one.produce(valuesFor(topic, i % 2, `${i}`))
    await one.commit()
    assert.equal((await committed(topic)).length, 100)
  })

  test('transaction: abort fails what was not sent, and waits for the rest', async ({ port, producer, written }) => {
    const topic = await port.topic()
    const one = await producer({ lingerMs: 60_000 })
    one.begin()
    const cut = assertRefused(one.produce(valuesFor(topic, 0, 'cut')), 'KAFKA_TRANSACTION_ABORTABLE')
    await Promise.all([cut, one.abort()])
    assert.deepEqual(await written(topic), [])
  })

  test('transaction: an abort amid many requests hides whatever arrived', async ({ port, producer, committed }) => {
    const topic = await port.topic(3)
    const one = await producer({ batchBytesMax: 1024 })
    for (const _ of range(5)) {
      one.begin()
      for (const i of range(200)) void one.produce(valuesFor(topic, i % 3, 'lost'.padEnd(200, '.')))
      await new Promise((resolve) => setTimeout(resolve, 3))
      await one.abort()
      one.begin()
      void one.produce(range(3).flatMap((partition) => valuesFor(topic, partition, 'kept')))
      await one.commit()
    }
    assert.deepEqual(
      await committed(topic),
      Array.from({ length: 15 }, () => 'kept'),
    )
  })

  test('transaction: close aborts what is open', async ({ port, producer, committed }) => {
    const topic = await port.topic()
    const one = await producer()
    one.begin()
    await one.produce(valuesFor(topic, 0, 'v'))
    await one.close()
    assert.deepEqual(await committed(topic), [])
    await assertRefused(one.produce(valuesFor(topic, 0, 'late')), 'INTERRUPTED')
    assert.throws(() => one.begin(), { code: 'INTERRUPTED' })
    await one.close()
  })

  test('transaction: closing while a commit is under way lets it come to its end', async (fixture) => {
    const topic = await fixture.port.topic()
    const one = await fixture.producer()
    one.begin()
    void one.produce(valuesFor(topic, 0, 'v'))
    await Promise.all([one.commit(), one.close()])
    assert.deepEqual(await fixture.committed(topic), ['v'])
  })

  test('transaction: the next owner aborts what a producer closed at once left open', async (fixture) => {
    const topic = await fixture.port.topic()
    const transactionalId = fixture.port.freshName()
    const one = await fixture.producer({ transactionalId })
    one.begin()
    await one.produce(valuesFor(topic, 0, 'left'))
    await one.close(0)
    const two = await fixture.producer({ transactionalId })
    two.begin()
    await two.produce(valuesFor(topic, 0, 'next'))
    await two.commit()
    assert.deepEqual(await fixture.committed(topic), ['next'])
  })
}
