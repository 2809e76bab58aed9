/** The client's memory. */
import { describe, expect, test } from '@jest/globals'
import { FakeClock } from '@sluice/sdk/testing'
import { memoryRegistry } from '../../src/testing/index.ts'
import type { SchemaText } from '../../src/index.ts'

const STRING: SchemaText = { type: 'AVRO', text: '"string"' }
const INT: SchemaText = { type: 'AVRO', text: '"int"' }

describe('what is in memory', () => {
  test('is not asked for again, and those who ask at the same time share one question', async () => {
    const asked: string[] = []
    const registry = await memoryRegistry({ onRequest: ({ method, path }) => void asked.push(`${method} ${path}`) })
    const ids = await Promise.all([registry.register('s', STRING), registry.register('s', STRING)])
    expect(ids[0]).toBe(ids[1])
    await Promise.all([registry.schemaById(1), registry.schemaById(1), registry.load([1])])
    await registry.schemaById(1)
    await registry.register('s', STRING)
    expect(asked).toEqual(['POST /subjects/s/versions', 'GET /schemas/ids/1'])
  })

  test('is as much as it may be: what was used last stays', async () => {
    const registry = await memoryRegistry({ entriesMax: 2 })
    for (const type of ['int', 'long', 'string']) await registry.register(type, { type: 'AVRO', text: `"${type}"` })
    await registry.load([1, 2])
    registry.peek(1)
    await registry.schemaById(3)
    expect([1, 2, 3].map((id) => registry.peek(id) !== undefined)).toEqual([true, false, true])
  })

  test('is bounded by the length of its schemas, and one that is longer is still there when it was loaded', async () => {
    const registry = await memoryRegistry({ charactersMax: 10 })
    await registry.register('a', STRING)
    await registry.register('b', { type: 'AVRO', text: '{"type":"int","doc":"0123456789"}' })
    await registry.load([1])
    await registry.load([2])
    expect([registry.peek(1), registry.peek(2)?.id]).toEqual([undefined, 2])
  })
})

test('an id that is unknown is not asked for again for a while, and then it is', async () => {
  const clock = new FakeClock()
  let asked = 0
  const registry = await memoryRegistry({ clock, onRequest: () => void asked++, unknownTtlMs: 1000 })
  for (let i = 0; i < 3; i++) await expect(registry.schemaById(1)).rejects.toMatchObject({ code: 'SCHEMA_UNKNOWN' })
  expect(asked).toBe(1)
  await registry.register('s', STRING)
  clock.advance(1000)
  expect((await registry.schemaById(1)).text).toBe('"string"')
})

test('a failure is not remembered', async () => {
  let isBroken = true
  const registry = await memoryRegistry({
    onRequest: () => {
      if (isBroken) throw new Error('broken')
    },
  })
  await expect(registry.register('s', STRING)).rejects.toThrow('broken')
  isBroken = false
  expect((await registry.register('s', STRING)).id).toBe(1)
})

test('the latest version is believed for as long as it may be, and until the subject is deleted', async () => {
  const clock = new FakeClock()
  const registry = await memoryRegistry({ clock, latestTtlMs: 1000 })
  await registry.register('s', STRING)
  await registry.latest('s')
  clock.advance(999)
  expect(registry.peekLatest('s')?.version).toBe(1)
  clock.advance(1)
  expect(registry.peekLatest('s')).toBeUndefined()
  await registry.latest('s')
  await registry.deleteSubject('s')
  expect([registry.peekLatest('s'), registry.peekId('s', STRING)]).toEqual([undefined, undefined])
})

test('a latest version that was asked for is there for the one who waited, however little time it may be believed', async () => {
  const clock = new FakeClock()
  const registry = await memoryRegistry({ clock, latestTtlMs: 0 })
  await registry.register('s', STRING)
  await registry.latest('s')
  clock.advance(5000)
  expect(registry.peekLatest('s')?.version).toBe(1)
  expect(registry.peekLatest('s')).toBeUndefined()
  await registry.latest('s')
  expect(registry.peekLatest('s')?.version).toBe(1)
})

test('normalised or not is another question', async () => {
  const registry = await memoryRegistry()
  await registry.setCompatibility('NONE')
  const a: SchemaText = { type: 'AVRO', text: '{"type":"int","x":1,"a":1}' }
  const b: SchemaText = { type: 'AVRO', text: '{"type":"int","a":1,"x":1}' }
  await registry.register('s', a)
  expect((await registry.register('s', b, { normalize: true })).id).toBe(1)
  expect([registry.peekId('s', b), registry.peekId('s', b, { normalize: true })]).toEqual([undefined, 1])
  expect((await registry.register('s', b)).id).toBe(2)
  expect(await registry.versions('s')).toEqual([1, 2])
})

test('loading several tells what failed when all have settled', async () => {
  const registry = await memoryRegistry()
  await registry.register('s', INT)
  await expect(registry.load([9, 1])).rejects.toMatchObject({ code: 'SCHEMA_UNKNOWN' })
  expect(registry.peek(1)?.text).toBe('"int"')
})
