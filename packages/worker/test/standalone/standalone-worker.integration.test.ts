/** A standalone worker on a real Kafka, asked over REST as an operator does. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import fs from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { converters } from '@sluice/codecs'
import { systemClock, type Connector, type RawSettings } from '@sluice/sdk'
import { MemoryLogger } from '@sluice/sdk/testing'
import { Plugins } from '../../src/index.ts'
import { StandaloneWorker, type StandaloneOptions } from '../../src/standalone/standalone-worker.ts'
import { numbers } from '../support/broker-runs.ts'
import { eventually } from '../support/eventually.ts'
import { freePort } from '../support/free-port.ts'
import { onBroker, TestCluster, workerSettings } from '../support/test-cluster.ts'
import { countingSource, sinkOf } from '../support/test-connectors.ts'

const CONNECTORS = fileURLToPath(new URL('../support/test-connectors.ts', import.meta.url))

let dir: string
beforeEach(async () => {
  dir = await fs.mkdtemp(path.join(os.tmpdir(), 'standalone-'))
})
afterEach(() => fs.rm(dir, { recursive: true }))

const positionsFile = (): string => path.join(dir, 'positions.json')

function start(
  settings: RawSettings,
  options: Partial<StandaloneOptions>,
  connectors: readonly Connector[] = [countingSource(), sinkOf(() => ({}))],
): Promise<StandaloneWorker> {
  const place: RawSettings =
    settings['offset.storage.topic'] === undefined ? { 'offset.storage.file.filename': positionsFile() } : {}
  return StandaloneWorker.start({
    settings: workerSettings({ listeners: 'http://127.0.0.1:0', ...place, ...settings }),
    plugins: new Plugins({ connectors, converters, transforms: [], predicates: [] }),
    logger: new MemoryLogger(),
    ...options,
  })
}

async function ask(
  worker: StandaloneWorker,
  method: string,
  resource: string,
  body?: unknown,
): Promise<{ readonly status: number; readonly body: unknown }> {
  const answer = await fetch(new URL(resource, worker.url), {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } }),
  })
  const text = await answer.text()
  return { status: answer.status, body: text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : text }
}

/** The states of the connector and of its tasks. */
async function states(worker: StandaloneWorker, connector: string): Promise<readonly string[]> {
  const { body } = await ask(worker, 'GET', `/connectors/${connector}/status`)
  const { connector: own, tasks } = body as {
    readonly connector?: { readonly state: string }
    readonly tasks?: readonly { readonly state: string }[]
  }
  return [own?.state ?? 'none', ...(tasks ?? []).map(({ state }) => state)]
}

function shows(worker: StandaloneWorker, connector: string, ...wanted: string[]): Promise<void> {
  const what = `${connector} is ${wanted.join(', ')}`
  return eventually(what, async () => (await states(worker, connector)).join() === wanted.join())
}

describe('wrong settings', () => {
  test('of all files are told before anything is started, Kafka included', async () => {
    const file = path.join(dir, 'b.properties')
    await fs.writeFile(file, 'name=b\nconnector.class=parts\nerrors.tolerance=some\n')
    const began = performance.now()
    const starting = start(
      // Nobody is there; nobody is asked.
      { 'bootstrap.servers': '127.0.0.1:1', 'offset.flush.interval.ms': 'soon', 'value.converter': 'Xml' },
      { connectors: [{ config: { name: 'a', 'connector.class': 'counting', count: 'many' } }], connectorFiles: [file] },
    )
    await expect(starting).rejects.toMatchObject({
      code: 'SETTINGS_INVALID',
      message: expect.stringMatching(
        /worker: .*soon.*worker: .*Xml.*a: .*topic.*a: .*many.*b\.properties: .*some/s,
      ) as unknown,
    })
    expect(performance.now() - began).toBeLessThan(1000)
    await expect(fs.access(positionsFile())).rejects.toThrow('ENOENT')
  })
})

onBroker('a standalone worker', () => {
  let cluster: TestCluster
  beforeAll(async () => {
    cluster = await TestCluster.open()
  })
  afterAll(() => cluster.close())

  /** A counting source that goes on for long. */
  const counting = (name: string, more: RawSettings = {}): RawSettings => ({
    name,
    'connector.class': 'counting',
    topic: `${name}.raw`,
    count: '1000000',
    'per.poll': '10',
    'pause.ms': '2',
    'topic.creation.default.partitions': '1',
    ...more,
  })

  test('runs the connectors of its files and answers for them by REST, as Kafka Connect', async () => {
    const [name, other] = [cluster.name('first'), cluster.name('second')]
    const [properties, json] = [path.join(dir, 'first.properties'), path.join(dir, 'second.json')]
    const lines = Object.entries(counting(name)).map(([key, value]) => `${key}=${value}`)
    await fs.writeFile(properties, lines.join('\n'))
    await fs.writeFile(json, JSON.stringify({ name: other, config: counting(other), initial_state: 'PAUSED' }))
    const worker = await start({}, { connectorFiles: [properties, json], version: '4.3.1+sluice.9', commit: 'abc' })
    try {
      await shows(worker, name, 'RUNNING', 'RUNNING')
      await shows(worker, other, 'PAUSED')
      expect(await ask(worker, 'GET', '/')).toMatchObject({
        status: 200,
        body: { version: '4.3.1+sluice.9', commit: 'abc', kafka_cluster_id: expect.any(String) as unknown },
      })
      expect((await ask(worker, 'GET', '/connectors')).body).toEqual([name, other])
      expect((await ask(worker, 'GET', `/connectors/${name}`)).body).toMatchObject({
        name,
        config: counting(name),
        tasks: [{ connector: name, task: 0 }],
        type: 'source',
      })
      const { body: status } = await ask(worker, 'GET', `/connectors/${name}/status`)
      const id = new URL(worker.url).host
      expect(status).toMatchObject({ connector: { worker_id: id }, tasks: [{ id: 0, worker_id: id }] })
      await eventually('its topic is known', async () =>
        JSON.stringify((await ask(worker, 'GET', `/connectors/${name}/topics`)).body).includes(`${name}.raw`),
      )
      const { body: plugins } = await ask(worker, 'GET', '/connector-plugins')
      expect(plugins).toEqual(expect.arrayContaining([expect.objectContaining({ class: 'counting', type: 'source' })]))
      const { body: validation } = await ask(worker, 'PUT', '/connector-plugins/counting/config/validate', {
        ...counting(name),
        count: 'many',
      })
      expect(validation).toMatchObject({ error_count: 1 })
      expect(await ask(worker, 'PUT', '/admin/loggers/root', { level: 'DEBUG' })).toMatchObject({
        status: 200,
        body: ['root'],
      })
      expect((await ask(worker, 'GET', '/health')).body).toMatchObject({ status: 'healthy' })
      const metrics = String((await ask(worker, 'GET', '/metrics')).body)
      expect(metrics).toContain(`sluice_source_records_produced_total{connector="${name}",task="0"}`)
    } finally {
      await worker.stop()
    }
    await expect(fetch(worker.url)).rejects.toThrow()
    await worker.stop()
  })

  test('connectors are made, paused, resumed, restarted, stopped and deleted by REST; it begins without any', async () => {
    const worker = await start({}, {})
    try {
      const name = cluster.name('made')
      expect((await ask(worker, 'GET', '/connectors')).body).toEqual([])
      const created = await ask(worker, 'POST', '/connectors', { name, config: counting(name) })
      expect(created).toMatchObject({ status: 201, body: { name, type: 'source' } })
      await shows(worker, name, 'RUNNING', 'RUNNING')
      expect((await ask(worker, 'POST', '/connectors', { name, config: counting(name) })).status).toBe(409)
      expect((await ask(worker, 'PUT', `/connectors/${name}/pause`)).status).toBe(202)
      await shows(worker, name, 'PAUSED', 'PAUSED')
      expect((await ask(worker, 'PUT', `/connectors/${name}/resume`)).status).toBe(202)
      await shows(worker, name, 'RUNNING', 'RUNNING')
      const restarted = await ask(worker, 'POST', `/connectors/${name}/restart?includeTasks=true`)
      expect(restarted).toMatchObject({ status: 202, body: { connector: { state: 'RESTARTING' } } })
      await shows(worker, name, 'RUNNING', 'RUNNING')
      expect((await ask(worker, 'POST', `/connectors/${name}/tasks/0/restart`)).status).toBe(204)
      await shows(worker, name, 'RUNNING', 'RUNNING')
      const patched = await ask(worker, 'PATCH', `/connectors/${name}/config`, { 'pause.ms': '5' })
      expect(patched).toMatchObject({ status: 200, body: { config: { 'pause.ms': '5' } } })
      expect((await ask(worker, 'PUT', `/connectors/${name}/stop`)).status).toBe(204)
      await shows(worker, name, 'STOPPED')
      expect((await ask(worker, 'DELETE', `/connectors/${name}`)).status).toBe(204)
      expect((await ask(worker, 'GET', '/connectors')).body).toEqual([])
      expect((await ask(worker, 'GET', `/connectors/${name}/status`)).status).toBe(404)
    } finally {
      await worker.stop()
    }
  })

  test('offsets of a source are shown, altered and forgotten, and it goes on from there', async () => {
    const name = cluster.name('offsets')
    const worker = await start({}, { connectors: [{ config: counting(name, { count: '20' }) }] })
    const partition = { numbers: 'all' }
    const offsets = async (): Promise<unknown> => (await ask(worker, 'GET', `/connectors/${name}/offsets`)).body
    const shown = (n: number): Promise<void> =>
      eventually(
        `its position is ${n}`,
        async () => JSON.stringify(await offsets()) === JSON.stringify({ offsets: [{ partition, offset: { n } }] }),
      )
    try {
      await shown(20)
      expect((await ask(worker, 'DELETE', `/connectors/${name}/offsets`)).status).toBe(400)
      await ask(worker, 'PUT', `/connectors/${name}/stop`)
      await shows(worker, name, 'STOPPED')
      const altered = await ask(worker, 'PATCH', `/connectors/${name}/offsets`, {
        offsets: [{ partition, offset: { n: 15 } }],
      })
      expect(altered).toMatchObject({
        status: 200,
        body: { message: expect.stringContaining('have been altered successfully') as unknown },
      })
      await shown(15)
      expect(JSON.parse(await fs.readFile(positionsFile(), 'utf8'))).toEqual({
        [JSON.stringify([name, partition])]: { n: 15 },
      })
      await ask(worker, 'PUT', `/connectors/${name}/resume`)
      await shown(20)
      expect(await cluster.values(`${name}.raw`)).toEqual([...numbers(0, 20), ...numbers(15, 20)])
      await ask(worker, 'PUT', `/connectors/${name}/stop`)
      await shows(worker, name, 'STOPPED')
      expect((await ask(worker, 'DELETE', `/connectors/${name}/offsets`)).status).toBe(200)
      expect(await offsets()).toEqual({ offsets: [] })
    } finally {
      await worker.stop()
    }
  })

  test('offsets of a sink are those of its group, and can be altered too', async () => {
    const [name, topic] = [cluster.name('sink'), await cluster.topic('in')]
    await cluster.put(topic, numbers(0, 10))
    const seen: unknown[] = []
    const sink = sinkOf(() => ({ put: async (records) => void seen.push(...records.map(({ value }) => value)) }))
    const config = { name, 'connector.class': 'parts', topics: topic }
    const worker = await start({}, { connectors: [{ config }] }, [sink])
    const partition = { kafka_topic: topic, kafka_partition: 0 }
    try {
      await eventually('all is committed', async () => (await cluster.committed(name, topic))[0]?.offset === 10)
      expect((await ask(worker, 'GET', `/connectors/${name}/offsets`)).body).toEqual({
        offsets: [{ partition, offset: { kafka_offset: 10 } }],
      })
      await ask(worker, 'PUT', `/connectors/${name}/stop`)
      await shows(worker, name, 'STOPPED')
      const altered = await ask(worker, 'PATCH', `/connectors/${name}/offsets`, {
        offsets: [{ partition, offset: { kafka_offset: 7 } }],
      })
      expect(altered.status).toBe(200)
      await ask(worker, 'PUT', `/connectors/${name}/resume`)
      await eventually('it has read on', () => seen.length === 13)
      expect(seen).toEqual([...numbers(0, 10), ...numbers(7, 10)])
    } finally {
      await worker.stop()
    }
  })

  test('stops with everything stored, and goes on from there when it is started again', async () => {
    const name = cluster.name('again')
    const given = { connectors: [{ config: counting(name) }] }
    for (let round = 0; round < 3; round++) {
      const before = await cluster.count(`${name}.raw`)
      const worker = await start({ 'offset.flush.interval.ms': '60000' }, given)
      await eventually('records come', async () => (await cluster.count(`${name}.raw`)) > before + 50)
      await worker.stop()
    }
    const values = await cluster.values(`${name}.raw`)
    expect(values).toEqual(numbers(0, values.length))
    const stored = JSON.parse(await fs.readFile(positionsFile(), 'utf8')) as Record<string, { readonly n: number }>
    expect(Object.values(stored)).toEqual([{ n: values.length }])
  })

  test('a task that does not stop in time is left behind, and everything else is stored and closed all the same', async () => {
    const [name, other, topic] = [cluster.name('stuck'), cluster.name('fine'), await cluster.topic('in')]
    await cluster.put(topic, ['1'])
    const release = new AbortController()
    let isStuck = false
    const put = async (): Promise<void> => {
      isStuck = true
      await systemClock.sleep(60_000, release.signal)
    }
    const logger = new MemoryLogger()
    const configs = [{ name, 'connector.class': 'parts', topics: topic }, counting(other)]
    const worker = await start(
      { 'task.shutdown.graceful.timeout.ms': '300' },
      { connectors: configs.map((config) => ({ config })), logger },
      [sinkOf(() => ({ put })), countingSource()],
    )
    await eventually('one is stuck, one works', async () => isStuck && (await cluster.count(`${other}.raw`)) > 50)
    await worker.stop()
    release.abort()
    expect(logger.lines).toContainEqual(
      expect.objectContaining({ level: 'error', fields: expect.objectContaining({ tasks: `${name}-0` }) as unknown }),
    )
    const stored = JSON.parse(await fs.readFile(positionsFile(), 'utf8')) as Record<string, { readonly n: number }>
    expect(Object.values(stored)).toEqual([{ n: await cluster.count(`${other}.raw`) }])
  })

  test('REST goes on when all tasks have failed; a restart brings them back', async () => {
    const name = cluster.name('failing')
    let isBroken = true
    const source = countingSource({
      poll: async () => {
        if (isBroken) throw new Error('the host is gone')
        return undefined
      },
    })
    const config = counting(name, { 'restart.enable': 'false' })
    const worker = await start({}, { connectors: [{ config }] }, [source])
    try {
      await shows(worker, name, 'RUNNING', 'FAILED')
      expect((await ask(worker, 'GET', `/connectors/${name}/tasks/0/status`)).body).toMatchObject({
        trace: expect.stringContaining('the host is gone') as unknown,
      })
      isBroken = false
      await ask(worker, 'POST', `/connectors/${name}/restart?includeTasks=true&onlyFailed=true`)
      await shows(worker, name, 'RUNNING', 'RUNNING')
    } finally {
      await worker.stop()
    }
  })

  test('what cannot be made stops the start, and what had been started', async () => {
    const name = cluster.name('refused')
    const listeners = `http://127.0.0.1:${await freePort()}`
    const sick: Connector = {
      ...countingSource(),
      validate: async () => {
        checks += 1
        // Right when all is looked at, and wrong when it is to be made.
        return checks === 1 ? [] : [{ setting: 'topic', message: 'This topic is not for you' }]
      },
    }
    let checks = 0
    const starting = start({ listeners }, { connectors: [{ config: counting(name) }] }, [sick])
    await expect(starting).rejects.toMatchObject({
      code: 'SETTINGS_INVALID',
      message: expect.stringMatching(new RegExp(`${name}: [^]*This topic is not for you`)) as unknown,
    })
    expect(checks).toBe(2)
    await expect(fetch(listeners)).rejects.toThrow('fetch failed')
  })

  test('beside positions in a file no connector can be isolated, and it is told what to do', async () => {
    const worker = await start({}, {})
    try {
      const name = cluster.name('isolated')
      const refused = await ask(worker, 'POST', '/connectors', {
        name,
        config: counting(name, { isolation: 'connector' }),
      })
      expect(refused).toMatchObject({
        status: 400,
        body: { message: expect.stringContaining('Give the worker offset.storage.topic instead') as unknown },
      })
    } finally {
      await worker.stop()
    }
  })

  test('with positions in a topic connectors run in cells, and their offsets can be altered as well', async () => {
    const name = cluster.name('cells')
    const partition = { numbers: 'all' }
    const topic: RawSettings = {
      'offset.storage.topic': `${name}.positions`,
      'offset.storage.partitions': '3',
      'offset.storage.replication.factor': '1',
      'offset.storage.segment.bytes': '1048576',
    }
    const logger = new MemoryLogger()
    const config = counting(name, { count: '20' })
    const worker = await start(
      { ...topic, isolation: 'connector' },
      { connectors: [{ config }], modules: [CONNECTORS], logger },
    )
    try {
      await shows(worker, name, 'RUNNING', 'RUNNING')
      const offsets = (): Promise<unknown> =>
        ask(worker, 'GET', `/connectors/${name}/offsets`).then(({ body }) => (body as { offsets: unknown }).offsets)
      await eventually(
        'all is stored',
        async () => JSON.stringify(await offsets()) === JSON.stringify([{ partition, offset: { n: 20 } }]),
      )
      await ask(worker, 'PUT', `/connectors/${name}/stop`)
      await shows(worker, name, 'STOPPED')
      await ask(worker, 'PATCH', `/connectors/${name}/offsets`, { offsets: [{ partition, offset: { n: 18 } }] })
      await ask(worker, 'PUT', `/connectors/${name}/resume`)
      await eventually('it has read on', async () => (await cluster.count(`${name}.raw`)) === 22)
      // Of the task that runs now: what the one before it counted went with it.
      expect(await worker.progress(name)).toMatchObject([
        { id: { connector: name, task: 0 }, progress: { produced: 2 } },
      ])
    } finally {
      await worker.stop()
    }
    expect(logger.lines.filter(({ message }) => message.includes('segment.bytes'))).toEqual([])
  }, 30_000)
})
