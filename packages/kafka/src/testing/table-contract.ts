import assert from 'node:assert/strict'
import { TopicTable } from '../topic-table.ts'
import type { WithKafka } from './port-contract.ts'
import { range } from './produce-contract.ts'

const bytes = (text: string): Buffer => Buffer.from(text)

/** What a topic read as a table promises on this broker. */
export function tableContract(test: WithKafka): void {
  test('a table holds the latest value of each key, and is found again', async ({ kafka, freshName }) => {
    const topic = freshName()
    const table = await TopicTable.open(kafka, { topic, partitions: 3 })
    assert.equal(table.size, 0)
    await table.set(range(100).map((i) => ({ key: bytes(`key-${i % 10}`), value: bytes(`${i}`) })))
    assert.equal(table.get('key-3')?.toString(), '93')
    await table.set([{ key: bytes('key-3'), value: null }])
    assert.equal(table.get('key-3'), undefined)
    assert.equal(table.size, 9)
    await table.close()
    const again = await TopicTable.open(kafka, { topic, partitions: 1 })
    const found = [...again.entries()].map(({ key, value }) => `${key.toString()}=${value.toString()}`)
    assert.deepEqual(
      found.toSorted(),
      range(10)
        .filter((i) => i !== 3)
        .map((i) => `key-${i}=9${i}`),
    )
    await again.close()
  })

  test('keys are bytes: those that are not text do not fall together', async ({ kafka, freshName }) => {
    const table = await TopicTable.open(kafka, { topic: freshName() })
    const keys = [Buffer.from([0xff]), Buffer.from([0xfe]), Buffer.from('ÿ'), Buffer.alloc(0)]
    await table.set(keys.map((key, i) => ({ key, value: bytes(`${i}`) })))
    assert.deepEqual(
      keys.map((key) => table.get(key)?.toString()),
      ['0', '1', '2', '3'],
    )
    assert.deepEqual(
      [...table.entries()].map(({ key }) => [...key]),
      keys.map((key) => [...key]),
    )
    await table.close()
  })

  test('two tables of one topic end up the same, whoever wrote', async ({ kafka, another, freshName }) => {
    const topic = freshName()
    const a = await TopicTable.open(kafka, { topic })
    const b = await TopicTable.open(await another(), { topic })
    await Promise.all(
      range(50).flatMap((i) => [
        a.set([{ key: bytes(`k${i % 7}`), value: bytes(`a${i}`) }]),
        b.set([{ key: bytes(`k${i % 7}`), value: i % 5 === 0 ? null : bytes(`b${i}`) }]),
      ]),
    )
    await Promise.all([a.caughtUp(), b.caughtUp()])
    const entriesOf = (table: TopicTable): string[] =>
      [...table.entries()].map(({ key, value }) => `${key.toString()}=${value.toString()}`).toSorted()
    assert.deepEqual(entriesOf(a), entriesOf(b))
    await Promise.all([a.close(), b.close()])
  })

  test('listeners hear every change once, in order', async ({ kafka, another, freshName }) => {
    const topic = freshName()
    const writer = await TopicTable.open(kafka, { topic })
    const reader = await TopicTable.open(await another(), { topic })
    const heard: [TopicTable, string[]][] = [writer, reader].map((table) => {
      const changes: string[] = []
      table.onChange(({ key, value }) => changes.push(`${key.toString()}=${value?.toString() ?? 'gone'}`))
      return [table, changes]
    })
    await writer.set([
      { key: bytes('x'), value: bytes('1') },
      { key: bytes('x'), value: bytes('2') },
    ])
    await writer.set([{ key: bytes('x'), value: null }])
    for (const [table, changes] of heard) {
      await table.caughtUp()
      assert.deepEqual(changes, ['x=1', 'x=2', 'x=gone'])
      await table.close()
    }
  })
}
