import { expect, test } from '@jest/globals'
import { SluiceError } from '@sluice/sdk'
import { FakeClock, MemoryLogger } from '@sluice/sdk/testing'
import type { CatalogueTable } from '../../src/catalogue/catalogue.ts'
import { encodeKey, encodeValue } from '../../src/catalogue/catalogue-records.ts'
import { MemoryTable } from '../../src/catalogue/memory-table.ts'
import { Processors, type ProcessorsParts } from '../../src/processors/processors.ts'
import { WorkerClient } from '../../src/rest/worker-client.ts'

const NEVER = undefined as never

function open(openTable: ProcessorsParts['openTable'], clock: FakeClock, logger = new MemoryLogger()) {
  return new Processors({
    cells: { isolation: 'connector' },
    openTable,
    modules: ['copy'],
    settings: {},
    resolve: async (settings) => ({ settings, values: new Set() }),
    kafka: NEVER,
    worker: 'w:1',
    url: 'http://w:1/',
    takenBy: async () => null,
    client: new WorkerClient(() => ({}), 1_000),
    stopMs: 1_000,
    clock,
    logger,
  })
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => void setImmediate(resolve))
}

test('a catalogue that cannot be opened is told of with the reason, and tried again until it can', async () => {
  const clock = new FakeClock()
  let isThere = false
  const processors = open(async () => {
    if (!isThere) throw new SluiceError('KAFKA_REFUSED', 'No topic may be made')
    return new MemoryTable()
  }, clock)
  await settle()
  await expect(processors.service()).rejects.toMatchObject({
    status: 503,
    message: expect.stringMatching(/^Processors cannot be seen or changed now: No topic may be made/),
  })
  isThere = true
  clock.advance(1_000)
  await settle()
  expect((await processors.service()).names()).toEqual([])
  await processors.stop()
})

test('a request waits for a catalogue that is being read, but not for ever', async () => {
  const clock = new FakeClock()
  const { promise, resolve } = Promise.withResolvers<CatalogueTable>()
  const processors = open(() => promise, clock)
  const late = processors.service().catch((error: unknown) => error)
  await settle()
  clock.advance(10_000)
  expect(await late).toMatchObject({
    status: 503,
    message: 'Processors are not there yet: their catalogue is being read',
  })
  resolve(new MemoryTable())
  await settle()
  expect((await processors.service()).names()).toEqual([])
  await processors.stop()
})

test('a catalogue that never comes does not keep the worker from stopping', async () => {
  const clock = new FakeClock()
  const processors = open(() => new Promise(() => undefined), clock)
  const stopped = processors.stop()
  await settle()
  clock.advance(5_000)
  await stopped
})

test('stopping while the catalogue is being opened leaves nothing open', async () => {
  const clock = new FakeClock()
  let isClosed = false
  const { promise, resolve } = Promise.withResolvers<CatalogueTable>()
  const processors = open(() => promise, clock)
  const stopped = processors.stop()
  const table = new MemoryTable()
  table.close = async () => {
    isClosed = true
  }
  resolve(table)
  await stopped
  expect(isClosed).toBe(true)
})

const processor = (name: string, number = 1) =>
  ({
    key: { kind: 'processor', name, worker: null },
    value: { deployments: [{ number, id: name, application: name, version: null, config: {}, at: 0 }] },
  }) as const

function tableOf(...names: string[]): MemoryTable {
  const table = new MemoryTable()
  for (const name of names) {
    const { key, value } = processor(name)
    void table.set([{ key: encodeKey(key), value: encodeValue(value) }])
  }
  return table
}

function ends(table: MemoryTable): void {
  table.entries = () => {
    throw new SluiceError('TOPIC_RECREATED', 'The topic was deleted')
  }
}

test('a catalogue that has ended is 503 with the reason, in health too, and is opened again with what is there then', async () => {
  const clock = new FakeClock()
  const first = tableOf('a', 'b')
  const refused = new SluiceError('KAFKA_UNREACHABLE', 'Nobody is there')
  const tables = [first, refused, refused, tableOf('b', 'c')]
  let [opened, isClosed] = [0, false]
  first.close = async () => void (isClosed = true)
  const processors = open(async () => {
    const table = tables[opened++]!
    if (table instanceof SluiceError) throw table
    return table
  }, clock)
  await settle()
  const service = await processors.service()
  expect([service.names(), processors.complaint]).toEqual([['a', 'b'], null])
  ends(first)
  // At once: nobody has looked yet.
  await expect(processors.service()).rejects.toMatchObject({
    status: 503,
    message: expect.stringMatching(/^Processors cannot be seen or changed now: The topic was deleted/),
  })
  expect(processors.complaint).toMatch(/The topic was deleted/)
  const later = async (ms: number): Promise<number> => {
    clock.advance(ms)
    await settle()
    return opened
  }
  expect(await later(1_000)).toBe(1)
  expect(await later(1_000)).toBe(2)
  expect(processors.complaint).toMatch(/Nobody is there/)
  expect([await later(1_000), await later(1_000), await later(3_999), await later(1)]).toEqual([2, 3, 3, 4])
  // What is in the new one holds, and health goes on saying what that did.
  expect(processors.complaint).toMatch(/made anew by 2023-.*Z, and processors that are not in it were ended: a$/)
  expect((await processors.metrics()).samples).toContainEqual({
    name: 'sluice_catalogue_is_read',
    labels: {},
    value: 1,
  })
  expect(await processors.service()).toBe(service)
  expect(service.names()).toEqual(['b', 'c'])
  expect(isClosed).toBe(true)
  await processors.stop()
})

test('what cannot be read for a while is served as it is known, and health says that it may be old; a topic that is gone is an end', async () => {
  const clock = new FakeClock()
  const table = tableOf('a')
  let fault: SluiceError | null = new SluiceError('KAFKA_TIMEOUT', 'No answer')
  table.probe = async () => {
    if (fault !== null) throw fault
  }
  let opened = 0
  const logger = new MemoryLogger()
  const processors = open(async () => (opened++ === 0 ? table : tableOf()), clock, logger)
  await settle()
  const later = async (): Promise<string | null> => {
    for (let look = 0; look < 10; look++) {
      clock.advance(1_000)
      await settle()
    }
    return processors.complaint
  }
  expect(await later()).toMatch(/^What is known of processors may be old: No answer/)
  expect((await processors.service()).names()).toEqual(['a'])
  fault = null
  expect(await later()).toBeNull()
  fault = new SluiceError('KAFKA_REFUSED', 'Gone', { place: { error: 'UNKNOWN_TOPIC_OR_PARTITION' } })
  await later()
  clock.advance(1_000)
  await settle()
  // The one that was made in its place is empty: nobody has asked for that.
  expect((await processors.service()).names()).toEqual(['a'])
  expect(processors.complaint).toMatch(/^The catalogue's topic had lost its processors by .*; put back from here: a$/)
  expect(logger.lines).toContainEqual(
    expect.objectContaining({
      level: 'error',
      message: "The catalogue's topic had lost its processors, which were put back as they were known here",
      fields: expect.objectContaining({ processors: 'a' }),
    }),
  )
  await processors.stop()
})

test('what cannot be put back yet is known and runs on, and is put back when the next catalogue takes it', async () => {
  const clock = new FakeClock()
  const first = tableOf('a')
  const deaf = tableOf()
  let isClosed = false
  deaf.set = () => Promise.reject(new SluiceError('KAFKA_TIMEOUT', 'No answer'))
  deaf.close = async () => void (isClosed = true)
  const last = tableOf()
  const tables = [first, deaf, last]
  const processors = open(async () => tables.shift()!, clock)
  await settle()
  const service = await processors.service()
  ends(first)
  for (const ms of [1_000, 1_000]) {
    clock.advance(ms)
    await settle()
  }
  expect([isClosed, service.names()]).toEqual([true, ['a']])
  expect(processors.complaint).toMatch(/^Processors cannot be seen or changed now: No answer/)
  clock.advance(2_000)
  await settle()
  expect([...last.entries()].map(({ key }) => Buffer.from(key).toString())).toContain('["processor","a"]')
  expect(processors.complaint).toMatch(/put back from here: a$/)
  await processors.stop()
})

test('what is asked while the worker shuts down is 503, and no complaint about the settings', async () => {
  const processors = open(async () => new MemoryTable(), new FakeClock())
  const service = await processors.service()
  await processors.stop()
  await expect(service.validate('a', { 'processor.class': 'copy' })).rejects.toMatchObject({ status: 503 })
})
