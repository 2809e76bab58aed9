import { expect, test } from '@jest/globals'
import { FakeClock, MemoryLogger } from '@sluice/sdk/testing'
import { Catalogue } from '../../src/catalogue/catalogue.ts'
import { decodeKey, encodeKey, encodeValue, type Deployment } from '../../src/catalogue/catalogue-records.ts'
import { MemoryTable } from '../../src/catalogue/memory-table.ts'

const deployment: Deployment = {
  number: 1,
  id: 'i',
  application: 'a',
  version: '1',
  config: { a: 'b', __proto__x: 'c' },
  at: 5,
}
const bytes = (text: string): Uint8Array => Buffer.from(text)
const processor = (name: string) => ({ kind: 'processor', name, worker: null }) as const

function open(): { table: MemoryTable; logger: MemoryLogger; clock: FakeClock; catalogue: () => Catalogue } {
  const table = new MemoryTable()
  const logger = new MemoryLogger()
  const clock = new FakeClock()
  return { table, logger, clock, catalogue: () => new Catalogue(table, { clock, logger }) }
}

test('what was written is there, for whoever reads it from the beginning too; a null takes it away', async () => {
  const { catalogue } = open()
  const first = catalogue()
  await first.write([
    { key: processor('a'), value: { deployments: [deployment] } },
    { key: { kind: 'target-state', name: 'a', worker: null }, value: { state: 'PAUSED' } },
    { key: { kind: 'status', name: 'a', worker: 'w:1' }, value: { deployment: 1, instances: [] } },
  ])
  for (const one of [first, catalogue()]) {
    expect(one.processors).toEqual(['a'])
    expect(one.processor('a')).toEqual({ deployments: [deployment] })
    expect(one.target('a')).toBe('PAUSED')
    expect([...one.statuses('a').keys()]).toEqual(['w:1'])
    expect(one.statusesOf('w:1')).toEqual(['a'])
  }
  await first.write([{ key: processor('a'), value: null }])
  expect(catalogue().processors).toEqual([])
})

test('every listener hears of each row, after the catalogue has it, and whether a processor should do something else now', async () => {
  const catalogue = open().catalogue()
  const heard: unknown[] = []
  catalogue.listen(({ kind, name }, isProcessor) => heard.push([kind, name, isProcessor, catalogue.processors.length]))
  await catalogue.write([
    { key: processor('a'), value: { deployments: [deployment] } },
    { key: { kind: 'worker', name: 'w:1', worker: null }, value: { url: 'http://w:1/', processors: [], at: 0 } },
  ])
  expect(heard).toEqual([
    ['processor', 'a', true, 1],
    ['worker', 'w:1', false, 1],
  ])
})

test.each([
  ['["processor","a"]', 'no JSON'],
  ['["processor","a"]', '[]'],
  ['["processor","a"]', '{"deployments":[]}'],
  ['["processor","a"]', '{"format":1,"deployments":[]}'],
  ['["processor","a"]', '{"format":1,"deployments":[{"number":"1"}]}'],
  ['["processor","a"]', '{"format":1,"deployments":[{"number":1.5,"version":null,"config":{},"at":0}]}'],
  ['["processor","a"]', '{"format":1,"deployments":[{"number":1,"version":null,"config":{"x":1},"at":0}]}'],
  ['["target-state","a"]', '{"format":1,"state":"FLYING"}'],
  ['["status","a"]', '{"format":1,"deployment":1,"instances":[]}'],
  ['["processor","a","b"]', '{}'],
  ['{"kind":"processor"}', '{}'],
  ['[]', '{}'],
  ['\u00ff', '{}'],
])('garbage is reported, and counts as not there: %s %s', async (key, value) => {
  const { table, logger, catalogue } = open()
  await table.set([{ key: encodeKey(processor('fine')), value: encodeValue({ deployments: [deployment] }) }])
  await table.set([{ key: bytes(key), value: bytes(value) }])
  const found = catalogue()
  expect(found.processors).toEqual(['fine'])
  expect(found.target('a')).toBe('RUNNING')
  expect(found.isFromTheFuture('a')).toBe(false)
  expect(logger.lines.filter(({ level }) => level === 'error')).toHaveLength(1)
})

test('garbage over what was there takes it away, and the next good record brings it back', async () => {
  const { table, catalogue } = open()
  const found = catalogue()
  await found.write([{ key: processor('a'), value: { deployments: [deployment] } }])
  await table.set([{ key: encodeKey(processor('a')), value: bytes('{') }])
  expect(found.processor('a')).toBeUndefined()
  await found.write([{ key: processor('a'), value: { deployments: [deployment] } }])
  expect(found.processor('a')).toBeDefined()
})

test('what a newer release has written is told of, does not run, and is known to be there', async () => {
  const { table, logger, catalogue } = open()
  await table.set([{ key: bytes('["pipeline","x"]'), value: bytes('{"format":1}') }])
  await table.set([{ key: bytes('["processor","a"]'), value: bytes('{"format":2,"wings":4}') }])
  const found = catalogue()
  expect(found.processors).toEqual([])
  expect(found.isFromTheFuture('a')).toBe(true)
  expect(logger.lines.map(({ level }) => level)).toEqual(['warn', 'warn'])
  // Whoever knows more may take it back.
  await table.set([{ key: bytes('["processor","a"]'), value: null }])
  expect(found.isFromTheFuture('a')).toBe(false)
})

test('what a newer release has written is there whatever older ones say of it', async () => {
  const { table, catalogue } = open()
  const found = catalogue()
  await table.set([{ key: bytes('["processor","a"]'), value: bytes('{"format":2,"wings":4}') }])
  await found.write([
    { key: { kind: 'status', name: 'a', worker: 'w:1' }, value: { deployment: 1, instances: [] } },
    { key: { kind: 'status', name: 'a', worker: 'w:1' }, value: null },
    { key: { kind: 'target-state', name: 'a', worker: null }, value: { state: 'PAUSED' } },
  ])
  expect(found.isFromTheFuture('a')).toBe(true)
  await table.set([{ key: bytes('["status","b","w:1"]'), value: bytes('{"format":2}') }])
  expect(found.isFromTheFuture('b')).toBe(false)
})

test('members that a newer release has added to the same format are left aside', async () => {
  const { table, catalogue } = open()
  const value = JSON.parse(Buffer.from(encodeValue({ deployments: [deployment] })).toString()) as object
  await table.set([{ key: encodeKey(processor('a')), value: bytes(JSON.stringify({ ...value, owner: 'x' })) }])
  expect(catalogue().processor('a')).toEqual({ deployments: [deployment] })
})

test('a worker that is read of at the start is as old as its record says; one that is heard of later was heard of then', async () => {
  const { clock, catalogue } = open()
  clock.advance(100_000)
  const key = { kind: 'worker', name: 'w:1', worker: null } as const
  const value = { url: 'http://w:1/', processors: [], at: clock.now() - 60_000 }
  const live = catalogue()
  await live.write([{ key, value }])
  expect(live.workers[0]?.heardAt).toBe(100_000)
  expect(catalogue().workers[0]?.heardAt).toBe(40_000)
})

test('a table without any processor gets back what is known; one that has some is right', async () => {
  const { clock, catalogue } = open()
  const known = catalogue()
  await known.write([
    { key: processor('a'), value: { deployments: [deployment] } },
    { key: { kind: 'target-state', name: 'a', worker: null }, value: { state: 'PAUSED' } },
    { key: { kind: 'paused-keys', name: 'a', worker: null }, value: { keys: [{ topic: 't', key: 'eA==' }] } },
    { key: { kind: 'restart', name: 'a', worker: null }, value: { id: 'r' } },
    { key: { kind: 'topology', name: 'a', worker: null }, value: { written: '{}' } },
    { key: { kind: 'status', name: 'a', worker: 'w:1' }, value: { deployment: 1, instances: [] } },
    { key: processor('b'), value: { deployments: [deployment] } },
    { key: { kind: 'topology', name: 'gone', worker: null }, value: { written: '{}' } },
  ])
  const empty = new MemoryTable()
  // Another worker has said already that it is there.
  await empty.set([
    { key: bytes('["worker","w:2"]'), value: bytes('{"format":1,"url":"http://w:2/","processors":[],"at":0}') },
  ])
  expect(await known.renew(empty)).toEqual({ putBack: ['a', 'b'], ended: [] })
  for (const one of [known, new Catalogue(empty, { clock, logger: new MemoryLogger() })]) {
    expect(one.processors).toEqual(['a', 'b'])
    expect(one.processor('a')).toEqual({ deployments: [deployment] })
    expect([one.target('a'), one.restart('a'), one.topology('a'), one.target('b')]).toEqual([
      'PAUSED',
      'r',
      '{}',
      'RUNNING',
    ])
    expect(one.pausedKeys('a')).toEqual([{ topic: 't', key: 'eA==' }])
    expect(one.statuses('a').size).toBe(0)
  }
  const other = new MemoryTable()
  await other.set([{ key: encodeKey(processor('c')), value: bytes('{"format":9}') }])
  expect(await known.renew(other)).toEqual({ putBack: [], ended: ['a', 'b'] })
  expect(known.processors).toEqual([])
})

test.each(['a', '__proto__', 'a"b', '日本', ''])('a name comes back from its key as it was: %j', (name) => {
  expect(decodeKey(encodeKey({ kind: 'status', name, worker: name }))).toEqual({ kind: 'status', name, worker: name })
})
