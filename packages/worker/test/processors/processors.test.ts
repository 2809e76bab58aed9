import { expect, test } from '@jest/globals'
import { silentLogger, SluiceError } from '@sluice/sdk'
import { FakeClock, MemoryLogger } from '@sluice/sdk/testing'
import { Catalogue } from '../../src/catalogue/catalogue.ts'
import { MemoryTable } from '../../src/catalogue/memory-table.ts'
import { Processors, type ProcessorsParts } from '../../src/processors/processors.ts'
import { WorkerClient } from '../../src/rest/worker-client.ts'

const NEVER = undefined as never

function open(openCatalogue: ProcessorsParts['openCatalogue'], clock: FakeClock, logger = new MemoryLogger()) {
  return new Processors({
    cells: { isolation: 'connector' },
    openCatalogue,
    modules: ['copy'],
    settings: {},
    resolve: async (settings) => ({ settings, values: new Set() }),
    kafka: NEVER,
    worker: 'w:1',
    url: 'http://w:1/',
    taken: new Map(),
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
    return new Catalogue(new MemoryTable(), { clock, logger: silentLogger })
  }, clock)
  await settle()
  await expect(processors.service()).rejects.toMatchObject({
    status: 503,
    message: expect.stringMatching(/^Processors are not there yet: No topic may be made/),
  })
  isThere = true
  clock.advance(10_000)
  await settle()
  expect((await processors.service()).names()).toEqual([])
  await processors.stop()
})

test('a request waits for a catalogue that is being read, but not for ever', async () => {
  const clock = new FakeClock()
  const { promise, resolve } = Promise.withResolvers<Catalogue>()
  const processors = open(() => promise, clock)
  const late = processors.service().catch((error: unknown) => error)
  await settle()
  clock.advance(10_000)
  expect(await late).toMatchObject({
    status: 503,
    message: 'Processors are not there yet: their catalogue is being read',
  })
  resolve(new Catalogue(new MemoryTable(), { clock, logger: silentLogger }))
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
  const { promise, resolve } = Promise.withResolvers<Catalogue>()
  const processors = open(() => promise, clock)
  const stopped = processors.stop()
  const table = new MemoryTable()
  table.close = async () => {
    isClosed = true
  }
  resolve(new Catalogue(table, { clock, logger: silentLogger }))
  await stopped
  expect(isClosed).toBe(true)
})

test('a catalogue that is not kept up to date any more is 503 with the reason, not what it was once', async () => {
  const clock = new FakeClock()
  const table = new MemoryTable()
  const processors = open(async () => new Catalogue(table, { clock, logger: silentLogger }), clock)
  await settle()
  expect((await processors.service()).names()).toEqual([])
  table.entries = () => {
    throw new SluiceError('DATA_INVALID', 'The topic was deleted')
  }
  await expect(processors.service()).rejects.toMatchObject({
    status: 503,
    message: expect.stringMatching(/until this worker is started again: The topic was deleted/),
  })
  await processors.stop()
})
