import { expect, test } from '@jest/globals'
import { FakeClock, MemoryLogger } from '@sluice/sdk/testing'
import { Catalogue, type CatalogueChange } from '../../src/catalogue/catalogue.ts'
import { encodeKey } from '../../src/catalogue/catalogue-records.ts'
import { MemoryTable } from '../../src/catalogue/memory-table.ts'
import { StatusTeller } from '../../src/processors/status-teller.ts'

const status = { deployment: 1, instances: [] }
const deployed: CatalogueChange = {
  key: { kind: 'processor', name: 'a', worker: null },
  value: { deployments: [{ number: 1, id: 'i', application: 'a', version: null, config: {}, at: 0 }] },
}
const row = (worker: string) => ({ kind: 'status', name: 'a', worker }) as const

async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => void setImmediate(resolve))
}

function open() {
  const clock = new FakeClock()
  const table = new MemoryTable()
  const catalogue = new Catalogue(table, { clock, logger: new MemoryLogger() })
  const teller = (worker: string): StatusTeller =>
    new StatusTeller({
      catalogue,
      worker,
      url: `http://${worker}/`,
      processors: [],
      clock,
      logger: new MemoryLogger(),
    })
  const pass = async (seconds: number): Promise<void> => {
    for (let second = 0; second < seconds; second++) {
      clock.advance(1_000)
      await settle()
    }
  }
  return { clock, table, catalogue, teller, pass }
}

test('a status that is taken back while it is being written does not stay', async () => {
  const { table, catalogue, teller } = open()
  const written = Promise.withResolvers<void>()
  const set = table.set.bind(table)
  table.set = async (changes) => {
    await written.promise
    await set(changes)
  }
  const own = teller('w:1')
  own.tell('a', status)
  own.tell('a', null)
  written.resolve()
  await settle()
  expect(catalogue.statuses('a').size).toBe(0)
})

test('garbage over a status is reported, holds nobody up, and is written over', async () => {
  const { table, catalogue, teller, pass } = open()
  await catalogue.write([deployed])
  const own = teller('w:1')
  own.start()
  own.tell('a', status)
  await pass(1)
  for (const garbage of [
    '{',
    '[]',
    '{"format":1,"deployment":"x","instances":[]}',
    '{"format":1,"deployment":1,"instances":[{}]}',
  ]) {
    await table.set([{ key: encodeKey(row('w:1')), value: Buffer.from(garbage) }])
    await table.set([{ key: encodeKey(row('w:2')), value: Buffer.from(garbage) }])
    expect(catalogue.statuses('a').size).toBe(0)
    await pass(10)
    expect(catalogue.statuses('a').get('w:1')).toEqual(status)
    expect(catalogue.statuses('a').has('w:2')).toBe(false)
  }
  await own.stop()
})

test('a status that another worker has cleaned away is told again', async () => {
  const { catalogue, teller, pass } = open()
  await catalogue.write([deployed])
  const own = teller('w:1')
  own.start()
  own.tell('a', status)
  await settle()
  await catalogue.write([{ key: row('w:1'), value: null }])
  await pass(10)
  expect(catalogue.statuses('a').has('w:1')).toBe(true)
  await own.stop()
})

test('a worker that had nothing to say for long, as there were no processors, is not taken for gone when there are', async () => {
  const { clock, catalogue, teller, pass } = open()
  const beat = {
    key: { kind: 'worker', name: 'w:2', worker: null },
    value: { url: 'u', processors: [], at: 0 },
  } as const
  await catalogue.write([beat])
  const first = teller('w:1')
  first.start()
  clock.advance(700_000)
  await settle()
  await catalogue.write([deployed, { key: row('w:2'), value: status }])
  await pass(2)
  expect(catalogue.statuses('a').has('w:2')).toBe(true)
  await catalogue.write([beat])
  await pass(60)
  expect(catalogue.statuses('a').has('w:2')).toBe(true)
  await first.stop()
})
