import { expect, test } from '@jest/globals'
import { silentLogger, SluiceError } from '@sluice/sdk'
import { FakeClock } from '@sluice/sdk/testing'
import { Catalogue } from '../../src/catalogue/catalogue.ts'
import { MemoryTable } from '../../src/catalogue/memory-table.ts'
import { HerderError } from '../../src/herder/herder.ts'
import type { DescribedProcessor } from '../../src/processors/described.ts'
import { LastLines } from '../../src/processors/last-lines.ts'
import { processorSettings } from '../../src/processors/processor-settings.ts'
import type { ProcessorServiceParts } from '../../src/processors/processor-service.ts'
import { fakeProcessors } from '../support/fake-processors.ts'

const clock = new FakeClock()
const config = { 'processor.class': 'csv-rows' }
const described: DescribedProcessor = {
  version: '1',
  application: 'a',
  validation: processorSettings.validate({ ...config, name: 'a' }),
  written: null,
  topology: {
    text: 't',
    json: {},
    mermaid: 'm',
    pausable: { topics: { in: null, names: 'A key cannot be paused: names is a table' }, isOpen: false },
  },
}

function open(parts: Partial<ProcessorServiceParts> = {}) {
  const table = new MemoryTable()
  const catalogue = new Catalogue(table, { clock, logger: silentLogger })
  const describe: ProcessorServiceParts['describe'] = async (given) => ({
    ...described,
    application: given['application.id'] ?? '',
  })
  return { table, catalogue, service: fakeProcessors('w:1', { catalogue, describe, clock, ...parts }) }
}

async function refusal(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => 'nothing',
    (error: unknown) => error,
  )
}

test('a deployment is written with its config as given and the version of the code; its application is named after it', async () => {
  const { service, catalogue } = open()
  const { isCreated, info } = await service.put('a', { ...config, secret: '${file:x:y}' }, { mayReplace: false })
  expect(isCreated).toBe(true)
  expect(info).toMatchObject({ name: 'a', target: 'RUNNING', deployment: { number: 1, version: '1', at: clock.now() } })
  expect(catalogue.processor('a')?.deployments[0]?.config).toEqual({ ...config, secret: '${file:x:y}' })
})

test('the same config and code change nothing; another config, or another version of the code, is another deployment', async () => {
  let version = '1'
  const { service } = open({ describe: async () => ({ ...described, version }) })
  const put = async (more: object) =>
    (await service.put('a', { ...config, ...more }, { mayReplace: true })).info.deployment.number
  expect(await put({ x: '1', y: '2' })).toBe(1)
  expect(await put({ y: '2', x: '1' })).toBe(1)
  expect(await put({ x: '2' })).toBe(2)
  version = '2'
  expect(await put({ x: '2' })).toBe(3)
  expect(service.versions('a').map(({ number, isCurrent }) => [number, isCurrent])).toEqual([
    [3, true],
    [2, false],
    [1, false],
  ])
})

test('what a deployment writes is kept, is before the eyes of whoever looks at the next one, and outlives the processor', async () => {
  const seen: unknown[] = []
  const { service, catalogue } = open({
    describe: async (given) => {
      seen.push(given['sluice.written.topology'])
      return { ...described, written: `{"of":"${given['x']}"}` }
    },
  })
  for (const x of ['1', '2']) await service.put('a', { ...config, x }, { mayReplace: true })
  await service.delete('a')
  expect(catalogue.topology('a')).toBe('{"of":"2"}')
  await service.put('a', { ...config, x: '3' }, { mayReplace: false })
  expect(seen).toEqual([undefined, '{"of":"1"}', '{"of":"2"}'])
})

test('the last twenty deployments are remembered', async () => {
  const { service } = open()
  for (let x = 1; x <= 25; x++) await service.put('a', { ...config, x: String(x) }, { mayReplace: true })
  expect(service.versions('a')).toHaveLength(20)
  expect(service.info('a').deployment.number).toBe(25)
})

test('large ones are remembered as far as one record goes; one that Kafka would never take is refused for good', async () => {
  const { service } = open()
  const put = (x: string, bytes: number) =>
    service.put('a', { ...config, x: x.repeat(bytes) }, { mayReplace: true }).then(({ info }) => info.deployment.number)
  for (const x of ['a', 'b', 'c', 'd']) await put(x, 400_000)
  expect(service.versions('a').map(({ number }) => number)).toEqual([4, 3])
  expect(await refusal(put('e', 1_100_000))).toMatchObject({ status: 400, message: expect.stringMatching(/bytes/) })
  expect(service.info('a').deployment.number).toBe(4)
})

test('what is made anew runs, whatever was left behind of one of its name', async () => {
  const { service, catalogue } = open()
  await catalogue.write([{ key: { kind: 'target-state', name: 'a', worker: null }, value: { state: 'PAUSED' } }])
  expect((await service.put('a', config, { mayReplace: true })).info.target).toBe('RUNNING')
  await service.setTarget('a', 'PAUSED')
  expect((await service.put('a', { ...config, x: '1' }, { mayReplace: true })).info.target).toBe('PAUSED')
})

test('a name that is taken is refused, also by two who ask at once; one of a newer release is not overwritten', async () => {
  const { service, table } = open()
  const both = await Promise.allSettled(
    [1, 2].map((x) => service.put('a', { ...config, x: String(x) }, { mayReplace: false })),
  )
  expect(both.map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
  expect(await refusal(service.put('a', config, { mayReplace: false }))).toMatchObject({
    status: 409,
    message: 'Processor a already exists',
  })
  await table.set([{ key: Buffer.from('["processor","z"]'), value: Buffer.from('{"format":7}') }])
  expect(await refusal(service.put('z', config, { mayReplace: true }))).toMatchObject({ status: 409 })
})

test('of two that ask at once for one application, one has it', async () => {
  const { service } = open()
  const both = await Promise.allSettled(
    ['a', 'b'].map((name) => service.put(name, { ...config, 'application.id': 'x' }, { mayReplace: false })),
  )
  expect(both.map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
  expect(service.names()).toEqual(['a'])
})

test('every complaint is told: of the name, of settings, of an application that another one has', async () => {
  const { service } = open({ takenBy: async (group) => (group === 'workers' ? 'the workers' : null) })
  await service.put('a', config, { mayReplace: true })
  const of = async (name: string, given: Readonly<Record<string, string>>) =>
    (await service.validate(name, given)).configs.flatMap(({ value }) => value.errors)
  expect(await of('b', config)).toEqual([])
  expect(await of('a', config)).toEqual([])
  expect(await of('../b', config)).toEqual([expect.stringMatching(/^name must be of 1 to 200 letters/)])
  expect(await of('b', { ...config, 'application.id': 'a' })).toEqual([
    'application.id a is taken: it is the group of processor a',
  ])
  expect(await of('b', { ...config, 'application.id': 'workers' })).toEqual([
    'application.id workers is taken: it is the group of the workers',
  ])
  expect(await of('b', {})).toEqual(
    expect.arrayContaining([expect.stringMatching(/Missing required configuration "processor.class"/)]),
  )
  expect(await of('b', { ...config, 'connector.class': 'file-sink' })).toEqual([
    'connector.class names no processor: give processor.class',
  ])
  // Each instance would take it for what its state was written by.
  expect(await of('b', { ...config, 'sluice.written.topology': '{}' })).toEqual([
    'sluice.written.topology is for the worker to say: leave it out',
  ])
  expect(await of('b', { 'processor.class': 'who' })).toEqual([
    expect.stringMatching(/Failed to find any processor of the name who/),
  ])
})

test('applications are compared as config providers give them, and told with their placeholders', async () => {
  const { service } = open({
    describe: async (given) => ({
      ...described,
      application: (given['application.id'] ?? '').replace('${file:x:app}', 'orders'),
    }),
    takenBy: async (group) => (group === 'connect-lake' ? 'connector lake' : null),
  })
  const of = async (name: string, application: string) =>
    (await service.validate(name, { ...config, 'application.id': application })).configs.flatMap(
      ({ value }) => value.errors,
    )
  await service.put('a', { ...config, 'application.id': '${file:x:app}' }, { mayReplace: true })
  expect(await of('b', 'orders')).toEqual(['application.id orders is taken: it is the group of processor a'])
  expect(await of('b', '${file:x:app}')).toEqual([
    'application.id ${file:x:app} is taken: it is the group of processor a',
  ])
  expect(await of('b', 'connect-lake')).toEqual([
    'application.id connect-lake is taken: it is the group of connector lake',
  ])
})

test('a Kafka that does not answer is 503 with the reason, and says nothing about the settings', async () => {
  const away = new SluiceError('KAFKA_UNREACHABLE', 'No broker answered', { retriable: true })
  const { service } = open({ describe: () => Promise.reject(away) })
  for (const asked of [service.validate('a', config), service.put('a', config, { mayReplace: true })])
    expect(await refusal(asked)).toMatchObject({
      status: 503,
      message: expect.stringMatching(/^The processor cannot be looked at now: No broker answered/),
    })
  const refused = new SluiceError('KAFKA_REFUSED', 'Not allowed')
  const { service: other } = open({ describe: () => Promise.reject(refused) })
  expect((await other.validate('a', config)).error_count).toBe(1)
})

test('a worker that is shutting down says so, and nothing about the settings', async () => {
  const over = new HerderError(503, 'The worker is shutting down')
  const { service } = open({ describe: () => Promise.reject(over) })
  expect(await refusal(service.put('a', config, { mayReplace: true }))).toBe(over)
})

test('code that throws, ends its process or does not answer is a complaint like any other', async () => {
  const error = new SluiceError('CELL_ENDED', 'The cell of validation ended', { remedy: 'See why.' })
  const { service } = open({ describe: () => Promise.reject(error) })
  const refused = await refusal(service.put('a', config, { mayReplace: true }))
  expect(refused).toMatchObject({
    status: 400,
    message: expect.stringMatching(/following 1 error\(s\):\nThe cell of validation ended\nYou can/),
  })
  expect(service.names()).toEqual([])
})

test('what is asked of a processor that is not there is 404', async () => {
  const { service } = open()
  for (const asked of [
    service.delete('x'),
    service.restart('x'),
    service.setTarget('x', 'PAUSED'),
    service.topology('x'),
  ])
    expect(await refusal(asked)).toMatchObject({ status: 404, message: 'Processor x not found' })
  expect(() => service.status('x')).toThrow('Processor x not found')
})

test('the status has the instances of all workers that are there, and forgets one that is not heard of any more', async () => {
  const { service, catalogue } = open()
  await service.put('a', config, { mayReplace: true })
  const instance = { id: 0, state: 'RUNNING', streamsState: 'RUNNING', trace: null, version: '1', tasks: [] } as const
  const there = (name: string) => ({
    key: { kind: 'worker', name, worker: null } as const,
    value: { url: `http://${name}/`, processors: [], at: clock.now() },
  })
  const status = (worker: string) => ({
    key: { kind: 'status', name: 'a', worker } as const,
    value: { deployment: 1, instances: [instance] },
  })
  await catalogue.write([there('w:1'), there('w:2'), status('w:1'), status('w:2'), status('w:3')])
  const workers = () => service.status('a').instances.map(({ worker }) => worker)
  expect(workers()).toEqual(['w:1', 'w:2'])
  expect(service.versions('a')[0]?.runsOn).toEqual(['w:1', 'w:2'])
  clock.advance(30_000)
  await catalogue.write([there('w:1')])
  clock.advance(30_000)
  expect(workers()).toEqual(['w:1'])
})

test('lines of all workers come in the order of their time, the last ones; who does not tell his is named', async () => {
  const lines = new LastLines(clock)
  lines.keep('a', new Set())
  const asked: unknown[] = []
  const { service, catalogue } = open({
    lines,
    linesOf: async ({ worker, url }, name, count, authorization) => {
      asked.push([url, name, count, authorization])
      if (worker === 'w:3') throw new Error('gone')
      return [{ at: clock.now() + 1, level: 'info', instance: 0, message: 'theirs', worker }]
    },
  })
  await service.put('a', config, { mayReplace: true })
  for (const name of ['w:1', 'w:2', 'w:3', 'w:4']) {
    await catalogue.write([
      { key: { kind: 'worker', name, worker: null }, value: { url: `http://${name}/`, processors: [], at: 0 } },
    ])
    if (name !== 'w:4')
      await catalogue.write([
        { key: { kind: 'status', name: 'a', worker: name }, value: { deployment: 1, instances: [] } },
      ])
  }
  const logger = lines.logger(silentLogger)
  for (const message of ['first', 'second']) logger.info(message, { connector: 'a', task: 0 })
  const { lines: found, silent } = await service.logs('a', 2, { isLocal: false, authorization: 'Basic x' })
  expect(found.map(({ worker, message }) => [worker, message])).toEqual([
    ['w:1', 'second'],
    ['w:2', 'theirs'],
  ])
  expect(silent).toEqual(['w:3'])
  expect(asked).toEqual([
    ['http://w:2/', 'a', 2, 'Basic x'],
    ['http://w:3/', 'a', 2, 'Basic x'],
  ])
  const local = await service.logs('a', 10, { isLocal: true, authorization: null })
  expect(local.lines.map(({ message }) => message)).toEqual(['first', 'second'])
})

test('what Kafka does not take is 503 with the reason, so that it is tried again', async () => {
  const { service, table } = open()
  await service.put('a', config, { mayReplace: true })
  table.set = () => Promise.reject(new SluiceError('KAFKA_TIMEOUT', 'No answer'))
  for (const asked of [service.restart('a'), service.delete('a'), service.put('b', config, { mayReplace: true })])
    expect(await refusal(asked)).toMatchObject({
      status: 503,
      message: expect.stringMatching(/^The catalogue of processors cannot be written: No answer/),
    })
})

test('the code is asked for a topology once for each deployment', async () => {
  let asked = 0
  const { service } = open({
    describe: async () => {
      asked++
      return described
    },
  })
  await service.put('a', config, { mayReplace: true })
  expect([await service.topology('a'), await service.topology('a')]).toEqual([described.topology, described.topology])
  expect(asked).toBe(2)
})

test('keys are paused and resumed one by one, and known to be; those that cannot be are refused with the reason', async () => {
  const { service, catalogue } = open()
  await service.put('a', config, { mayReplace: true })
  const [x, y] = ['x', 'y'].map((key) => ({ topic: 'in', key }))
  await Promise.all([x!, y!, x!].map((key) => service.pauseKey('a', key)))
  expect(service.status('a')).toMatchObject({ target: 'RUNNING', pausedKeys: [x, y] })
  await service.resumeKey('a', x!)
  await service.resumeKey('a', x!)
  expect(service.status('a').pausedKeys).toEqual([y])
  for (const [topic, message] of [
    ['names', 'A key cannot be paused: names is a table'],
    ['out', 'Processor a does not read topic out: it reads in, names'],
    ['__proto__', /does not read topic __proto__/],
  ] as const)
    expect(await refusal(service.pauseKey('a', { topic, key: 'x' }))).toMatchObject({
      status: 400,
      message: expect.stringMatching(message),
    })
  const long = Buffer.alloc(4_097).toString('base64')
  expect(await refusal(service.pauseKey('a', { topic: 'in', key: long }))).toMatchObject({ status: 400 })
  for (const asked of [service.pauseKey('b', x!), service.resumeKey('b', x!)])
    expect(await refusal(asked)).toMatchObject({ status: 404 })
  await service.resumeKey('a', y!)
  expect(catalogue.pausedKeys('a')).toEqual([])
})

test('no more keys are paused than a record is looked for among', async () => {
  const { service, catalogue } = open()
  await service.put('a', config, { mayReplace: true })
  const keys = Array.from({ length: 1_000 }, (_, key) => ({ topic: 'in', key: String(key) }))
  await catalogue.write([{ key: { kind: 'paused-keys', name: 'a', worker: null }, value: { keys } }])
  expect(await refusal(service.pauseKey('a', { topic: 'in', key: 'one more' }))).toMatchObject({
    status: 400,
    message: '1000 keys are paused, and no more can be: at most 1000',
  })
  await service.pauseKey('a', keys[7]!)
})

test('keys stay paused with other settings, unless the topology could not hold them back; they go with the processor', async () => {
  let topics: Readonly<Record<string, string | null>> = { in: null }
  const { service, catalogue } = open({
    describe: async () => ({
      ...described,
      topology: { ...described.topology!, pausable: { topics, isOpen: false } },
    }),
  })
  const key = { topic: 'in', key: 'x' }
  const put = (x: string) => service.put('a', { ...config, x }, { mayReplace: true })
  await put('1')
  await service.pauseKey('a', key)
  await put('2')
  expect(service.status('a').pausedKeys).toEqual([key])
  topics = { in: 'It is a table now' }
  expect(await refusal(put('3'))).toMatchObject({
    status: 400,
    message: 'Keys of topic in are paused, which this topology does not allow: It is a table now',
  })
  expect(service.info('a').deployment.number).toBe(2)
  await service.delete('a')
  expect(catalogue.pausedKeys('a')).toEqual([])
  await catalogue.write([{ key: { kind: 'paused-keys', name: 'a', worker: null }, value: { keys: [key] } }])
  await put('4')
  expect(service.status('a').pausedKeys).toEqual([])
})
