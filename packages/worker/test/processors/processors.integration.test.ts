/** Processors from REST to their output, with workers and cells as they are. */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, jest, test } from '@jest/globals'
import { eventually } from '../support/eventually.ts'
import { onBroker, TestCluster, workerSettings } from '../support/test-cluster.ts'
import type { ConnectWorker } from '../scenarios/connect-cluster.ts'
import { ConnectProcesses } from '../scenarios/connect-process.ts'
import { RestClient } from '../scenarios/rest-client.ts'
import type { RawSettings } from '@sluice/sdk'
import { MemoryLogger } from '@sluice/sdk/testing'
import { converters } from '@sluice/codecs'
import { Plugins, StandaloneWorker } from '../../src/index.ts'
import { METRIC_DOCUMENTATION } from '../../src/operations/metric-names.ts'
import { AILING, MORTAL, ProcessorWorld, QUICK, type ShownStatus } from './processor-world.ts'

/** Processes start, are ended and start again here, on a machine that has more to do. */
jest.setTimeout(480_000)

interface Logs {
  readonly lines: readonly { readonly worker_id: string; readonly message: string }[]
  readonly silent_workers: readonly string[]
}

onBroker('processors of one worker', () => {
  let kafka: TestCluster
  let world: ProcessorWorld
  let worker: ConnectWorker
  /** Of a single test. */
  let own: ProcessorWorld | null = null
  beforeAll(async () => {
    kafka = await TestCluster.open()
    world = new ProcessorWorld(kafka)
    worker = await world.cluster.add()
  })
  afterEach(async () => {
    await own?.cluster.stop()
    own = null
  })
  afterAll(async () => {
    await world.cluster.stop()
    await kafka.close()
  })

  test('deployed, RUNNING in a process of its own, and records come out; paused nothing moves, resumed all does; deleted it is gone', async () => {
    const input = await kafka.topic('in', 2)
    const name = kafka.name('copy')
    const created = await worker.ask('POST', '/v1/processors', { name, config: world.config(input, { prefix: '+' }) })
    expect(created).toMatchObject({ status: 201, body: { name, target_state: 'RUNNING', deployment: 1, version: '7' } })
    await kafka.put(input, ['a', 'b'])
    const status = await world.runs(worker, name)
    expect(status.instances).toMatchObject([{ id: 0, worker_id: worker.workerId, state: 'RUNNING' }])
    await world.arrives(`${input}-out`, ['+a', '+b'])
    await world.becomes(worker, name, 'has both partitions', ({ tasks }) => tasks.length === 2)
    expect(await worker.must('GET', '/v1/processors')).toMatchObject([
      { name, state: 'RUNNING', instances: 1, tasks: 2 },
    ])

    const series = String(await worker.must('GET', '/metrics'))
      .split('\n')
      .filter((line) => line.includes(`"${name}"`))
    for (const shown of ['kafka_streams_stream_thread_process_total', 'kafka_streams_stream_client_state'])
      expect(series).toContainEqual(expect.stringMatching(`^${shown}{instance="0",processor="${name}"[^}]*} [1-9]`))
    for (const line of series) expect([...METRIC_DOCUMENTATION.keys()]).toContain(line.replace(/\{.*/, ''))

    expect(await worker.ask('PUT', `/v1/processors/${name}/pause`)).toMatchObject({ status: 202 })
    await world.becomes(worker, name, 'is paused', ({ state, tasks }) => state === 'PAUSED' && tasks.length === 0)
    const before = await kafka.count(`${input}-out`)
    await kafka.put(input, ['c'])
    expect(await kafka.count(`${input}-out`)).toBe(before)
    const behind = await world.becomes(worker, name, 'is behind', ({ lag }) => lag?.highest === 1)
    expect(behind.lag).toMatchObject({
      partitions: [
        { topic: input, lag: 1 },
        { topic: input, lag: 0 },
      ],
      problem: null,
    })
    await worker.must('PUT', `/v1/processors/${name}/resume`)
    await world.arrives(`${input}-out`, ['+a', '+b', '+c'])
    await world.becomes(worker, name, 'has caught up', ({ lag }) => lag?.highest === 0)

    expect(await worker.ask('DELETE', `/v1/processors/${name}`)).toMatchObject({ status: 204 })
    expect(await worker.ask('GET', `/v1/processors/${name}/status`)).toMatchObject({ status: 404 })
    await eventually(
      'it leaves its group',
      async () =>
        (await kafka.kafka.admin.groups.list()).every(({ groupId, state }) => groupId !== name || state === 'Empty'),
      60_000,
    )
  })

  test('with a key paused it does all but the records of that key, also when it has started anew, and does those when it is resumed', async () => {
    const input = await kafka.topic('in')
    const name = kafka.name('keyed')
    const at = `/v1/processors/${name}`
    const put = (...rows: readonly string[]): Promise<void> =>
      kafka.put(
        input,
        rows.map((row) => ({ key: Buffer.from(row.slice(0, 1)), value: Buffer.from(row) })),
      )
    await worker.must('POST', '/v1/processors', {
      name,
      config: world.config(input, { 'processing.guarantee': 'exactly_once_v2' }),
      initial_state: 'PAUSED',
    })
    await worker.must('PUT', `${at}/pause?topic=${input}&key=a`)
    await worker.must('PUT', `${at}/resume`)
    await put('a1', 'b1')
    await world.arrives(`${input}-out`, ['b1'])
    expect(await worker.must('GET', `${at}/status`)).toMatchObject({
      target_state: 'RUNNING',
      paused_keys: [{ topic: input, key: 'a', key_base64: 'YQ==' }],
    })
    expect(await worker.ask('PUT', `${at}/pause?topic=${input}-out&key=a`)).toMatchObject({ status: 400 })
    // While it runs.
    await worker.must('PUT', `${at}/pause?topic=${input}&key=c`)
    await worker.must('PUT', `${at}/config`, world.config(input, { prefix: '+' }))
    await put('c1', 'a2', 'b2')
    await world.arrives(`${input}-out`, ['b1', '+b2'])
    await worker.must('PUT', `${at}/resume?topic=${input}&key=a`)
    await world.arrives(`${input}-out`, ['b1', '+b2', '+a1', '+a2'])
    await worker.must('PUT', `${at}/resume?topic=${input}&key_base64=Yw==`)
    await world.arrives(`${input}-out`, ['b1', '+b2', '+a1', '+a2', '+c1'])
    const values = await kafka.values(`${input}-out`)
    expect(values.filter((value) => value.startsWith('+a'))).toEqual(['+a1', '+a2'])
    await worker.must('DELETE', at)
  })

  test('another config starts it anew, as another deployment; the same one changes nothing', async () => {
    const input = await kafka.topic('in')
    const name = kafka.name('twice')
    const at = `/v1/processors/${name}/config`
    expect(await worker.ask('PUT', at, world.config(input))).toMatchObject({ status: 201 })
    await world.runs(worker, name)
    const other = world.config(input, { prefix: 'new-' })
    expect(await worker.ask('PUT', at, other)).toMatchObject({ status: 200, body: { deployment: 2 } })
    expect(await worker.ask('PUT', at, other)).toMatchObject({ status: 200, body: { deployment: 2 } })
    await world.becomes(worker, name, 'runs anew', ({ instances }) =>
      instances.some((one) => one.state === 'RUNNING' && one.deployment === 2),
    )
    await kafka.put(input, ['x'])
    await world.arrives(`${input}-out`, ['new-x'])
    const versions = await worker.must('GET', `/v1/processors/${name}/versions`)
    expect(versions).toMatchObject([
      { deployment: 2, version: '7', is_current: true, runs_on: [worker.workerId], config: { prefix: 'new-' } },
      { deployment: 1, version: '7', is_current: false, runs_on: [] },
    ])
    await worker.must('DELETE', `/v1/processors/${name}`)
  })

  test.each([
    ['ends its process', 'exit', /process\.exit\(3\) was called/],
    ['loops for ever', 'spin', /its event loop has stood still/],
    ['uses up its memory', 'eat', /ran out of memory|MiB of memory/],
  ])(
    'one that %s is FAILED with the reason, while a connector and another processor go on',
    async (_, sick, reason) => {
      const [input, healthy] = [await kafka.topic('in'), await kafka.topic('well')]
      const [name, other, connector] = [kafka.name('sick'), kafka.name('well'), kafka.name('lines')]
      const cured = path.join(os.tmpdir(), `sluice-${name}`)
      await worker.configure(connector, {
        'connector.class': 'monitorable-source',
        topic: kafka.name('lines'),
        'tasks.max': '1',
        name: connector,
      })
      await worker.must('PUT', `/v1/processors/${other}/config`, world.config(healthy))
      await worker.must('PUT', `/v1/processors/${name}/config`, world.config(input, { ...MORTAL, sick, cured }))
      await Promise.all([world.runs(worker, name), world.runs(worker, other), worker.runs(connector, 1)])
      await kafka.put(input, ['before', 'die', 'after'])
      const failed = await world.becomes(worker, name, 'is FAILED', ({ state }) => state === 'FAILED')
      expect(failed.instances[0]?.trace).toMatch(reason)
      expect(failed.instances[0]?.trace).toMatch(`The cell of processor ${name}`)
      await kafka.put(healthy, ['on'])
      await world.arrives(`${healthy}-out`, ['on'])
      expect(await worker.stateOf(connector)).toBe('RUNNING/RUNNING')
      // Mended, it comes back by itself, or when somebody restarts it.
      fs.writeFileSync(cured, '')
      await worker.must('POST', `/v1/processors/${name}/restart`)
      await eventually('all is out', async () => (await kafka.count(`${input}-out`)) >= 3, 90_000)
      expect(new Set(await kafka.values(`${input}-out`))).toEqual(new Set(['before', 'die', 'after']))
      for (const one of [name, other]) await worker.must('DELETE', `/v1/processors/${one}`)
      await worker.must('DELETE', `/connectors/${connector}`)
      fs.rmSync(cured)
    },
  )

  test('everything that is wrong is told at once: settings, topology, topics, names; and nothing is deployed', async () => {
    const input = await kafka.topic('in', 2)
    await kafka.kafka.admin.ensureTopics([{ topic: `${input}-table`, partitions: 3, configs: {} }])
    const errors = async (name: string, config: Readonly<Record<string, string>>): Promise<string> => {
      const { body } = await worker.ask('PUT', `/v1/processors/${encodeURIComponent(name)}/config/validate`, config)
      const { configs } = body as {
        readonly configs: readonly { readonly value: { readonly name: string; readonly errors: readonly string[] } }[]
      }
      return configs.flatMap(({ value }) => value.errors.map((error) => `${value.name}: ${error}`)).join('\n')
    }
    expect(await errors('fine', world.config(input))).toBe('')
    const many = await errors(
      'a b',
      world.config(input, { instances: '0', sick: 'hungry', 'processing.guarantee': 'perhaps', 'output.topic': '' }),
    )
    for (const part of [
      /^name: name must be/m,
      /^instances: /m,
      /^sick: /m,
      /^processing.guarantee: /m,
      /^output.topic: /m,
    ])
      expect(many).toMatch(part)
    const unnamed = await errors('u', world.config(input, { sick: 'unnamed' }))
    expect(unnamed).toMatch(/processor.class: The store KSTREAM-AGGREGATE-STATE-STORE-\d+ has no name of its own/)
    expect(unnamed).toMatch(/processor.class: The repartition topic KSTREAM-AGGREGATE\S+ has no name of its own/)
    expect(await errors('j', world.config(input, { sick: 'join' }))).toMatch(
      /different numbers of partitions: .*\(2\).*\(3\)|\(3\).*\(2\)/,
    )
    expect(await errors('n', world.config(input, { 'processor.class': 'nobody' }))).toMatch(
      /Failed to find any processor of the name nobody/,
    )
    expect(await errors('g', world.config(input, { 'application.id': world.cluster.name }))).toMatch(
      /application.id .* is taken: it is the group of the workers/,
    )
    const refused = await worker.ask('POST', '/v1/processors', {
      name: 'u',
      config: world.config(input, { sick: 'unnamed' }),
    })
    expect(refused).toMatchObject({
      status: 400,
      body: { error_code: 400, message: expect.stringMatching(/contains the following 2 error/) as unknown },
    })
    expect(await worker.ask('GET', '/v1/processors/u')).toMatchObject({
      status: 404,
      body: { error_code: 404, message: 'Processor u not found' },
    })
  })

  test('a processor and a sink never have one group, whichever of them was there first', async () => {
    const [sink, name] = [kafka.name('sink'), kafka.name('taken')]
    const input = await kafka.topic('in')
    const sinkConfig = { 'connector.class': 'monitorable-sink', topics: input, 'tasks.max': '1' }
    const processor = (application: string) => ({
      name,
      config: world.config(input, { 'application.id': application }),
      initial_state: 'PAUSED',
    })
    await worker.configure(sink, { ...sinkConfig, name: sink })
    expect(await worker.ask('POST', '/v1/processors', processor(`connect-${sink}`))).toMatchObject({
      status: 400,
      body: { message: expect.stringContaining(`is taken: it is the group of connector ${sink}`) as unknown },
    })
    await worker.must('DELETE', `/connectors/${sink}`)
    await worker.must('POST', '/v1/processors', processor(`connect-${sink}`))
    expect(await worker.ask('PUT', `/connectors/${sink}/config`, { ...sinkConfig, name: sink })).toMatchObject({
      status: 400,
      body: { message: expect.stringContaining(`connect-${sink} is that of processor ${name}`) as unknown },
    })
    await worker.must('DELETE', `/v1/processors/${name}`)
  })

  test('code that does not fit the state is refused, also where the disk is fresh, and before it is deployed', async () => {
    const input = await kafka.topic('in', 2)
    const name = kafka.name('shifting')
    const [cured, folder] = [path.join(os.tmpdir(), `sluice-${name}`), path.join(os.tmpdir(), `sluice-${name}-state`)]
    const config = world.config(input, { sick: 'shifting', cured, 'state.dir': folder })
    await worker.must('POST', '/v1/processors', { name, config })
    await world.runs(worker, name)
    await kafka.put(input, ['a'])
    await world.arrives(`${input}-out`, ['1'])
    // Another version of the code, on a disk that knows nothing.
    fs.writeFileSync(cured, '')
    await worker.must('PUT', `/v1/processors/${name}/pause`)
    await world.becomes(worker, name, 'is paused', ({ state }) => state === 'PAUSED')
    fs.rmSync(folder, { recursive: true })
    await worker.must('PUT', `/v1/processors/${name}/resume`)
    const failed = await world.becomes(worker, name, 'is FAILED', ({ state }) => state === 'FAILED')
    const why = /does not fit the state that is stored: store rows: its values were/
    expect(failed.instances[0]?.trace).toMatch(why)
    const refused = await worker.ask('PUT', `/v1/processors/${name}/config`, { ...config, prefix: 'x' })
    expect(refused).toMatchObject({ status: 400, body: { message: expect.stringMatching(why) as unknown } })
    await worker.must('DELETE', `/v1/processors/${name}`)
    fs.rmSync(cured)
    fs.rmSync(folder, { recursive: true, force: true })
  })

  test('the topology is told as JSON, as Kafka Streams’ text, and as a diagram', async () => {
    const input = await kafka.topic('in')
    const name = kafka.name('drawn')
    await worker.must('POST', '/v1/processors', { name, config: world.config(input), initial_state: 'PAUSED' })
    await world.becomes(worker, name, 'is paused', ({ state }) => state === 'PAUSED')
    const at = `/v1/processors/${name}/topology`
    expect(await worker.must('GET', at)).toMatchObject({ subtopologies: [{ nodes: expect.anything() as unknown }] })
    expect(await worker.must('GET', `${at}?format=text`)).toMatch(/^Topologies:\n {3}Sub-topology: 0/)
    expect(await worker.must('GET', `${at}?format=mermaid`)).toMatch(/^(flowchart|graph)/m)
    expect(await worker.ask('GET', `${at}?format=xml`)).toMatchObject({ status: 400 })
    await worker.must('DELETE', `/v1/processors/${name}`)
  })

  test('its last lines are there for whoever asks, and tell no secret that a provider gave', async () => {
    const file = path.join(os.tmpdir(), `${kafka.name('secrets')}.properties`)
    fs.writeFileSync(file, 'word=opensesame\n')
    own = new ProcessorWorld(kafka, { 'config.providers': 'file', 'config.providers.file.class': 'FileConfigProvider' })
    const secretive = await own.cluster.add()
    const input = await kafka.topic('in')
    const name = kafka.name('secretive')
    const config = own.config(input, {
      sick: 'throw',
      secret: `\${file:${file}:word}`,
      'processing.exception.handler': 'fail',
    })
    await secretive.must('POST', '/v1/processors', { name, config })
    await own.runs(secretive, name)
    await kafka.put(input, ['die'])
    const failed = await own.becomes(secretive, name, 'is FAILED', ({ state }) => state === 'FAILED')
    expect(failed.instances[0]?.trace).toMatch(/It cannot go on with \[hidden\]/)
    expect(failed.instances[0]?.trace).toMatch(/Automatic restart 1/)
    let lines: Logs['lines'] = []
    await eventually(
      'its lines are there',
      async () => {
        lines = ((await secretive.must('GET', `/v1/processors/${name}/logs?lines=50`)) as Logs).lines
        return /State is RUNNING[^]*The task failed/.test(lines.map(({ message }) => message).join('\n'))
      },
      60_000,
    )
    const refused = await secretive.ask('PUT', `/v1/processors/x/config/validate`, {
      ...config,
      sick: 'throw-topology',
    })
    const ended = await secretive.ask('PUT', `/v1/processors/x/config/validate`, { ...config, sick: 'exit-topology' })
    expect(JSON.stringify(ended.body)).toMatch(/It ends with \[hidden\]/)
    const everything = [
      failed,
      lines,
      refused.body,
      ended.body,
      await secretive.must('GET', `/v1/processors/${name}`),
      secretive.logger.lines,
    ]
    expect(JSON.stringify(refused.body)).toMatch(/No topology with \[hidden\]/)
    expect(JSON.stringify(everything)).not.toMatch(/opensesame/)
    fs.rmSync(file)
  })

  test('code that does not come back while it is looked at is a complaint, and holds nobody up', async () => {
    own = new ProcessorWorld(kafka, { 'cell.request.timeout.ms': '5000' })
    const patient = await own.cluster.add()
    const input = await kafka.topic('in')
    const looked = patient.ask('POST', '/v1/processors', {
      name: 'endless',
      config: own.config(input, { sick: 'spin-topology' }),
    })
    expect(await patient.ask('GET', '/v1/processors')).toEqual({ status: 200, body: [] })
    expect(await looked).toMatchObject({ status: 400 })
  })
})

onBroker('processors of several workers', () => {
  let kafka: TestCluster
  let world: ProcessorWorld
  beforeAll(async () => {
    kafka = await TestCluster.open()
  })
  afterEach(() => world.cluster.stop())
  afterAll(() => kafka.close())

  test('share the tasks; any worker tells of all, and takes what is asked; what one leaves the other takes up', async () => {
    world = new ProcessorWorld(kafka, QUICK)
    const [first, second] = [await world.cluster.add(), await world.cluster.add()]
    const input = await kafka.topic('in', 4)
    const name = kafka.name('shared')
    await first.must('POST', '/v1/processors', { name, config: world.config(input, { sick: 'tell' }) })
    const shares = (tasks: readonly { readonly worker_id: string }[]): string =>
      [first, second].map(({ workerId }) => tasks.filter((task) => task.worker_id === workerId).length).join()
    for (const worker of [first, second])
      await world.becomes(worker, name, 'has its tasks on both', ({ tasks }) => shares(tasks) === '2,2')
    await kafka.put(
      input,
      [0, 1, 2, 3].map((partition) => ({ partition, value: Buffer.from('die') })),
    )
    await eventually('all are out', async () => (await kafka.count(`${input}-out`)) >= 4, 60_000)
    await eventually(
      'the lines of both are told by one',
      async () => {
        const { lines, silent_workers: silent } = (await second.must('GET', `/v1/processors/${name}/logs`)) as Logs
        const tellers = new Set(
          lines.filter(({ message }) => message.includes('It tells')).map((line) => line.worker_id),
        )
        return tellers.size === 2 && silent.length === 0
      },
      60_000,
    )
    await second.must('PUT', `/v1/processors/${name}/pause`)
    await world.becomes(
      first,
      name,
      'is paused on both',
      ({ state, instances }) => state === 'PAUSED' && instances.length === 2,
    )
    await first.must('PUT', `/v1/processors/${name}/resume`)
    await world.becomes(second, name, 'has its tasks on both', ({ tasks }) => shares(tasks) === '2,2')
    await world.cluster.remove(second)
    await world.becomes(
      first,
      name,
      'has all on the first',
      ({ tasks, instances }) => shares(tasks) === '4,0' && instances.length === 1,
    )
  })

  test('have as many processes on a worker as they have instances there, and share the tasks among them', async () => {
    world = new ProcessorWorld(kafka)
    const worker = await world.cluster.add()
    const input = await kafka.topic('in', 4)
    const name = kafka.name('wide')
    await worker.must('POST', '/v1/processors', { name, config: world.config(input, { instances: '2', sick: 'tell' }) })
    const shares = ({ tasks }: ShownStatus): string =>
      [0, 1].map((instance) => tasks.filter((task) => task.instance === instance).length).join()
    await world.becomes(worker, name, 'has its tasks on both', (status) => shares(status) === '2,2')
    const page = String(await worker.must('GET', '/metrics'))
    for (const instance of [0, 1]) expect(page).toContain(`{cell="processor ${name}/${instance}",of="processor"}`)
    await kafka.put(
      input,
      [0, 1, 2, 3].map((partition) => ({ partition, value: Buffer.from('die') })),
    )
    await world.arrives(`${input}-out`, ['die'])
    const { lines } = (await worker.must('GET', `/v1/processors/${name}/logs`)) as Logs
    expect(lines.some(({ message }) => message.includes('It tells'))).toBe(true)
    await worker.must('PUT', `/v1/processors/${name}/pause`)
    await world.becomes(worker, name, 'is paused', ({ state, tasks }) => state === 'PAUSED' && tasks.length === 0)
    await worker.must('PUT', `/v1/processors/${name}/resume`)
    await world.becomes(worker, name, 'has its tasks on both again', (status) => shares(status) === '2,2')
  })

  test('whose catalogue is deleted under the workers run on: it is made again with them, and health says so', async () => {
    world = new ProcessorWorld(kafka)
    const [first, second] = [await world.cluster.add(), await world.cluster.add()]
    const input = await kafka.topic('in')
    const [name, other] = [kafka.name('before'), kafka.name('after')]
    await first.must('POST', '/v1/processors', { name, config: world.config(input) })
    await world.runs(second, name)
    await kafka.kafka.admin.topics.delete([`${world.cluster.name}-configs-catalog`])
    const told = async (worker: ConnectWorker): Promise<string> =>
      ((await worker.must('GET', '/health')) as { readonly message: string }).message
    await eventually(
      'one of them has put it back, and tells',
      async () =>
        (await Promise.all([first, second].map(told))).some(
          (message) => /had lost its processors by .*; put back from here: /.test(message) && message.endsWith(name),
        ),
      120_000,
    )
    await kafka.put(input, ['a'])
    await world.arrives(`${input}-out`, ['a'])
    // Both read the new one.
    await eventually(
      'the other one reads it too',
      async () => {
        const made = await first.ask('PUT', `/v1/processors/${other}/config`, world.config(input))
        return made.status < 300
      },
      120_000,
    )
    await world.runs(second, other)
    await world.runs(second, name)
  })

  test('come back with a worker that was stopped', async () => {
    world = new ProcessorWorld(kafka)
    const input = await kafka.topic('in')
    const name = kafka.name('back')
    const first = await world.cluster.add()
    await first.must('POST', '/v1/processors', { name, config: world.config(input) })
    await world.runs(first, name)
    await kafka.put(input, ['a'])
    await world.arrives(`${input}-out`, ['a'])
    await world.cluster.remove(first)
    await kafka.put(input, ['b'])
    const second = await world.cluster.add()
    const status = await world.runs(second, name)
    expect(status.instances.map((one) => one.worker_id)).toEqual([second.workerId])
    await world.arrives(`${input}-out`, ['a', 'b'])
  })
})

onBroker('processors of a standalone worker', () => {
  test('run in its own process, and are forgotten with it', async () => {
    const kafka = await TestCluster.open()
    const world = new ProcessorWorld(kafka)
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-alone-'))
    const start = (): Promise<StandaloneWorker> =>
      StandaloneWorker.start({
        settings: workerSettings({
          listeners: 'http://127.0.0.1:0',
          'offset.storage.file.filename': path.join(folder, 'positions.json'),
        }),
        plugins: new Plugins({ connectors: [], converters, transforms: [], predicates: [] }),
        processors: [AILING],
        logger: new MemoryLogger(),
      })
    let worker = await start()
    try {
      const rest = new RestClient(worker.url.replace(/\/$/, ''))
      const input = await kafka.topic('in')
      const name = kafka.name('alone')
      await rest.must('POST', '/v1/processors', { name, config: world.config(input) })
      await world.runs(rest, name)
      await kafka.put(input, ['a'])
      await world.arrives(`${input}-out`, ['a'])
      await worker.stop()
      worker = await start()
      expect(await new RestClient(worker.url.replace(/\/$/, '')).must('GET', '/v1/processors')).toEqual([])
    } finally {
      await worker.stop()
      await kafka.close()
      fs.rmSync(folder, { recursive: true })
    }
  })
})

onBroker('processors of workers that are killed', () => {
  let kafka: TestCluster
  let world: ProcessorWorld
  let workers: ConnectProcesses
  beforeEach(async () => {
    kafka = await TestCluster.open()
    world = new ProcessorWorld(kafka)
    workers = new ConnectProcesses({ 'session.timeout.ms': QUICK['session.timeout.ms']! })
  })
  afterEach(async () => {
    await workers.stop()
    await kafka.close()
  })

  const config = (input: string): RawSettings => ({
    ...world.config(input, MORTAL),
    'processor.class': 'csv-rows',
    'quarantine.topic': `${input}-out.quarantine`,
    headings: '["id"]',
  })
  const row = (id: string): string => `{"id":"${id}"}`
  const put = (input: string, ids: readonly string[], partition: number | null = null): Promise<void> =>
    kafka.put(
      input,
      ids.map((id) => ({ partition, key: Buffer.from(id), value: Buffer.from(row(id)) })),
    )

  test('end with the only one, and come back with the next one, which goes on where they were', async () => {
    const input = await kafka.topic('in')
    const name = kafka.name('killed')
    const first = await workers.add()
    await first.must('POST', '/v1/processors', { name, config: config(input) })
    await world.runs(first, name)
    await put(input, ['1'])
    await world.arrives(`${input}-out`, [row('1')])
    await workers.bounce(first, 'SIGKILL')
    await put(input, ['2'])
    const [second] = workers.workers
    await world.becomes(second!, name, 'runs on the second', ({ instances }) =>
      instances.some((one) => one.state === 'RUNNING' && one.worker_id === second!.workerId),
    )
    await world.arrives(`${input}-out`, [row('1'), row('2')])
  })

  test('run on two, which share the partitions; the tasks of the one that is killed go on at the other, from where they were', async () => {
    const input = await kafka.topic('in', 4)
    const name = kafka.name('shared')
    const [first, second] = await Promise.all([workers.add(), workers.add()])
    const shares = ({ tasks }: ShownStatus): string =>
      [first, second].map(({ workerId }) => tasks.filter((task) => task.worker_id === workerId).length).join()
    await first.must('POST', '/v1/processors', { name, config: config(input) })
    await world.becomes(second, name, 'has its tasks on both', (status) => shares(status) === '2,2')
    const wave = (of: string): readonly string[] => [0, 1, 2, 3].map((partition) => `${of}${partition}`)
    const putWave = async (of: string): Promise<void> => {
      for (const [partition, id] of wave(of).entries()) await put(input, [id], partition)
    }
    await putWave('a')
    await world.arrives(`${input}-out`, wave('a').map(row))

    await workers.kill(first)
    await putWave('b')
    await world.arrives(`${input}-out`, [...wave('a'), ...wave('b')].map(row))
    const alone = await world.becomes(second, name, 'has all on the second', (status) => shares(status) === '0,4')
    expect(alone.instances.map(({ worker_id: worker }) => worker)).toEqual([second.workerId])
  })
})
