/** Kafka Connect's ConnectWorkerIntegrationTest, by real workers in this process; in brackets the name of the scenario there. */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { fault, startEmbeddedKafka, type EmbeddedKafka } from '@sluice/embedded-kafka'
import type { RawSettings } from '@sluice/sdk'
import { eventually } from '../support/eventually.ts'
import { onBroker, TestCluster } from '../support/test-cluster.ts'
import { clusterSettings, ConnectCluster, ConnectWorker } from './connect-cluster.ts'
import { handleOf } from './monitorable-connectors.ts'

const BY_HAND = { 'restart.enable': 'false' }

onBroker('connect workers', () => {
  let kafka: TestCluster
  let cluster: ConnectCluster
  let worker: ConnectWorker

  beforeAll(async () => {
    kafka = await TestCluster.open()
    cluster = new ConnectCluster()
    worker = await cluster.add()
  })
  afterAll(async () => {
    await cluster.stop()
    await kafka.close()
  })

  const source = (name: string, tasks: number, more: RawSettings = {}): RawSettings => ({
    'connector.class': 'monitorable-source',
    'tasks.max': String(tasks),
    topic: kafka.name('lines'),
    ...more,
    name,
  })

  const tasksOf = async (name: string): Promise<number> =>
    ((await worker.must('GET', `/connectors/${name}`)) as { readonly tasks: readonly unknown[] }).tasks.length

  test('a worker joins and gets its share of the tasks; it goes, and they come back (testAddAndRemoveWorker)', async () => {
    const name = kafka.name('shared')
    await worker.configure(name, source(name, 4))
    await worker.runs(name, 4)
    const second = await cluster.add()
    await eventually('both have the same share', async () => (await cluster.shares()) === '2,2')
    await worker.runs(name, 4)
    await cluster.remove(second)
    await eventually('the first has all', async () => (await cluster.shares()) === '4')
    await worker.runs(name, 4)
    await worker.must('DELETE', `/connectors/${name}`)
  })

  test('a task that has failed is restarted by REST, and runs again (testRestartFailedTask)', async () => {
    const name = kafka.name('failing')
    const task = handleOf(name).task(0)
    await worker.configure(name, source(name, 1, BY_HAND))
    await worker.runs(name, 1)
    task.failure = new Error('as it was told')
    await worker.becomes(name, 'RUNNING/FAILED')
    expect((await worker.status(name))?.tasks[0]?.trace).toMatch(/as it was told/)
    task.failure = null
    expect(await worker.ask('POST', `/connectors/${name}/tasks/0/restart`)).toMatchObject({ status: 204 })
    await worker.runs(name, 1)
    expect(task.starts).toBe(2)
  })

  test('tasks follow tasks.max up and down, and those that are gone have no status (testTaskStatuses)', async () => {
    const name = kafka.name('resized')
    for (const tasks of [4, 2, 5, 1]) {
      await worker.configure(name, source(name, tasks))
      await worker.runs(name, tasks)
    }
    expect(await worker.ask('GET', `/connectors/${name}/tasks/3/status`)).toMatchObject({ status: 404 })
  })

  test('paused, stopped and resumed from each to each other, twice in a row too (testPauseStopResume)', async () => {
    const name = kafka.name('moved')
    const [running, paused, stopped] = ['RUNNING/RUNNING,RUNNING', 'PAUSED/PAUSED,PAUSED', 'STOPPED/']
    // What was stopped has no tasks to pause, and gets none before it is resumed.
    const ways = [
      ['pause', paused],
      ['pause', paused],
      ['resume', running],
      ['resume', running],
      ['stop', stopped],
      ['stop', stopped],
      ['resume', running],
      ['pause', paused],
      ['stop', stopped],
      ['pause', 'PAUSED/'],
      ['stop', stopped],
      ['pause', 'PAUSED/'],
      ['resume', running],
    ] as const
    await worker.configure(name, source(name, 2))
    await worker.becomes(name, running)
    for (const [way, state] of ways) {
      await worker.must('PUT', `/connectors/${name}/${way}`)
      await worker.becomes(name, state)
    }
  })

  test('stopped: no tasks, the settings stay and may change; resumed by them; deleted while stopped (testStoppedState)', async () => {
    const name = kafka.name('still')
    await worker.configure(name, source(name, 3))
    await worker.runs(name, 3)
    await worker.must('PUT', `/connectors/${name}/stop`)
    await worker.becomes(name, 'STOPPED/')
    expect(await tasksOf(name)).toBe(0)
    expect(await worker.must('GET', `/connectors/${name}/config`)).toMatchObject({ 'tasks.max': '3' })
    expect(handleOf(name).tasks.map(({ stops }) => stops)).toEqual([1, 1, 1])
    await worker.configure(name, source(name, 2, { topic: 'another' }))
    expect(await worker.must('GET', `/connectors/${name}/config`)).toMatchObject({ topic: 'another' })
    await worker.becomes(name, 'STOPPED/')
    await worker.must('PUT', `/connectors/${name}/resume`)
    await worker.runs(name, 2)
    await worker.must('PUT', `/connectors/${name}/stop`)
    await worker.becomes(name, 'STOPPED/')
    await worker.must('DELETE', `/connectors/${name}`)
    await worker.forgets(name)
  })

  test('created paused: no task is started before it is resumed (testCreateConnectorWithPausedInitialState)', async () => {
    const name = kafka.name('paused')
    await worker.must('POST', '/connectors', { name, config: source(name, 2), initial_state: 'PAUSED' })
    await eventually('it is paused', async () => (await worker.stateOf(name)).startsWith('PAUSED/'))
    expect(handleOf(name).counts).toBe('0/0')
    await worker.must('PUT', `/connectors/${name}/resume`)
    await worker.runs(name, 2)
  })

  test('created stopped, a source begins where its offsets were set before (testCreateSourceConnectorWithStoppedInitialStateAndModifyOffsets)', async () => {
    const name = kafka.name('begins')
    const topic = await kafka.topic('begun')
    const config = source(name, 1, { topic, count: '10' })
    await worker.must('POST', '/connectors', { name, config, initial_state: 'STOPPED' })
    await worker.becomes(name, 'STOPPED/')
    expect(await tasksOf(name)).toBe(0)
    const offsets = [{ partition: { task: 0 }, offset: { n: 7 } }]
    await worker.must('PATCH', `/connectors/${name}/offsets`, { offsets })
    expect(await worker.must('GET', `/connectors/${name}/offsets`)).toEqual({ offsets })
    await worker.must('PUT', `/connectors/${name}/resume`)
    await worker.runs(name, 1)
    await eventually('the rest has arrived', async () => (await kafka.count(topic)) === 3)
    expect(await kafka.values(topic)).toEqual(['0:7', '0:8', '0:9'])
    await worker.must('PUT', `/connectors/${name}/stop`)
    await worker.becomes(name, 'STOPPED/')
    await worker.must('DELETE', `/connectors/${name}/offsets`)
    expect(await worker.must('GET', `/connectors/${name}/offsets`)).toEqual({ offsets: [] })
  })

  test('created stopped, a sink begins where its offsets were set before (testCreateSinkConnectorWithStoppedInitialStateAndModifyOffsets)', async () => {
    const name = kafka.name('begins')
    const topic = await kafka.topic('given')
    await kafka.put(topic, ['a', 'b', 'c', 'd'])
    const config = { name, 'connector.class': 'monitorable-sink', topics: topic }
    await worker.must('POST', '/connectors', { name, config, initial_state: 'STOPPED' })
    await worker.becomes(name, 'STOPPED/')
    const partition = { kafka_topic: topic, kafka_partition: 0 }
    const offsets = [{ partition, offset: { kafka_offset: 2 } }]
    await worker.must('PATCH', `/connectors/${name}/offsets`, { offsets })
    expect(await worker.must('GET', `/connectors/${name}/offsets`)).toEqual({ offsets })
    await worker.must('PUT', `/connectors/${name}/resume`)
    await worker.runs(name, 1)
    await eventually('the rest has arrived', () => handleOf(name).records.length === 2)
    expect(handleOf(name).records.map(({ value }) => value)).toEqual(['c', 'd'])
    await worker.must('PUT', `/connectors/${name}/stop`)
    await worker.becomes(name, 'STOPPED/')
    await worker.must('DELETE', `/connectors/${name}/offsets`)
    expect(await worker.must('GET', `/connectors/${name}/offsets`)).toEqual({ offsets: [] })
  })

  test.each(['PAUSED', 'STOPPED'])(
    'created %s and deleted without ever having run (testDeleteConnectorCreatedWithPausedOrStoppedInitialState)',
    async (state) => {
      const name = kafka.name('unborn')
      await worker.must('POST', '/connectors', { name, config: source(name, 2), initial_state: state })
      await eventually(`it is ${state}`, async () => (await worker.stateOf(name)).startsWith(state))
      await worker.must('DELETE', `/connectors/${name}`)
      await worker.forgets(name)
      expect(await worker.ask('GET', `/connectors/${name}`)).toMatchObject({ status: 404 })
      expect(handleOf(name).counts).toBe('0/0')
    },
  )

  test('a patch changes some settings and takes others out (testPatchConnectorConfig)', async () => {
    const name = kafka.name('patched')
    expect(await worker.ask('PATCH', `/connectors/${name}/config`, { a: 'b' })).toMatchObject({ status: 404 })
    await worker.configure(name, source(name, 2, { one: '1', two: '2' }))
    await worker.runs(name, 2)
    await worker.must('PATCH', `/connectors/${name}/config`, { 'tasks.max': '3', one: null, three: '3' })
    await worker.runs(name, 3)
    const config = (await worker.must('GET', `/connectors/${name}/config`)) as RawSettings
    expect(config).toMatchObject({ 'tasks.max': '3', two: '2', three: '3' })
    expect(config).not.toHaveProperty('one')
  })

  test('more task configs than tasks.max: FAILED; not with enforcement off (testTasksMaxEnforcement)', async () => {
    const name = kafka.name('greedy')
    handleOf(name).taskCount = 3
    await worker.configure(name, source(name, 2, BY_HAND))
    await worker.becomes(name, 'FAILED/')
    expect((await worker.status(name))?.connector.trace).toMatch(/3 .*task/)
    await worker.configure(name, source(name, 2, { ...BY_HAND, 'tasks.max.enforce': 'false' }))
    await worker.runs(name, 3)
    // What runs is asked for anew, and is too many from now on.
    await worker.configure(name, source(name, 2, { ...BY_HAND, 'tasks.max.enforce': 'true' }))
    await eventually('it fails', async () => (await worker.stateOf(name)).startsWith('FAILED/'))
    handleOf(name).taskCount = 2
    await worker.configure(name, source(name, 2, { ...BY_HAND, again: '1' }))
    await worker.runs(name, 2)
  })

  test('task configs that cannot be made are asked for again until they can (testReconfigureConnectorWithFailingTaskConfigs)', async () => {
    const name = kafka.name('unsure')
    const handle = handleOf(name)
    handle.taskConfigsError = new Error('not today')
    await worker.configure(name, source(name, 2))
    await eventually('its status says so', async () =>
      /not today/.test((await worker.status(name))?.connector.trace ?? ''),
    )
    handle.taskConfigsError = null
    await worker.runs(name, 2)
    handle.taskConfigsError = new Error('nor tomorrow')
    await worker.configure(name, source(name, 3))
    await eventually('its status says so', async () =>
      /nor tomorrow/.test((await worker.status(name))?.connector.trace ?? ''),
    )
    expect(handle.tasks.map(({ starts }) => starts)).toEqual([1, 1])
    handle.taskConfigsError = null
    await worker.runs(name, 3)
  })

  test('a change of what all connectors have, such as the converter, reaches the tasks (testRuntimePropertyReconfiguration)', async () => {
    const name = kafka.name('converted')
    const topic = await kafka.topic('converted')
    const config = source(name, 1, { topic, count: '1' })
    await worker.configure(name, config)
    await eventually('it has arrived', async () => (await kafka.count(topic)) === 1)
    // The tasks' own settings stay as they are.
    await worker.configure(name, {
      ...config,
      count: '2',
      'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
      'value.converter.schemas.enable': 'false',
    })
    await eventually('the next has arrived', async () => (await kafka.count(topic)) === 2)
    expect(await kafka.values(topic)).toEqual(['0:0', '"0:1"'])
  })

  test.each([
    ['our name', 'file-stream-source', 'string'],
    [
      'the class',
      'org.apache.kafka.connect.file.FileStreamSourceConnector',
      'org.apache.kafka.connect.storage.StringConverter',
    ],
    ['the simple name', 'FileStreamSourceConnector', 'StringConverter'],
    ['the pruned name', 'FileStreamSource', 'String'],
  ])('plugins by %s (testPluginAliases)', async (_, connector, converter) => {
    const name = kafka.name('aliased')
    await worker.configure(name, {
      name,
      'connector.class': connector,
      topic: 't',
      file: '/dev/null',
      'value.converter': converter,
      'key.converter': converter,
      transforms: 'x',
      'transforms.x.type': 'Filter',
      'transforms.x.predicate': 'p',
      predicates: 'p',
      'predicates.p.type': 'RecordIsTombstone',
    })
    await worker.runs(name, 1)
    await worker.must('DELETE', `/connectors/${name}`)
  })

  test('a config topic with tasks of a connector that was deleted is read to its end (testCompactedDeletedOlderConnectorConfig)', async () => {
    const name = kafka.name('revived')
    const other = new ConnectCluster()
    const topic = `${other.name}-configs`
    await kafka.kafka.admin.ensureTopics([{ topic, partitions: 1, configs: { 'cleanup.policy': 'compact' } }])
    // Compaction has taken the connector and its commit, and left this.
    const record = (key: string, value: unknown) => ({
      partition: 0,
      key: Buffer.from(key),
      value: Buffer.from(JSON.stringify(value)),
    })
    await kafka.put(topic, [
      record(`task-${name}-0`, { properties: { 'task.class': 'gone' } }),
      record(`task-${name}-1`, { properties: { 'task.class': 'gone' } }),
    ])
    try {
      const first = await other.add()
      expect(await first.must('GET', '/connectors')).toEqual([])
      await first.configure(name, source(name, 1))
      await first.runs(name, 1)
    } finally {
      await other.stop()
    }
  })
})

describe('a worker whose broker', () => {
  const configs = {
    'auto.create.topics.enable': 'false',
    'group.initial.rebalance.delay.ms': '0',
    'group.min.session.timeout.ms': '100',
  }
  const dataDir = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-scenario-'))
  let kafka: EmbeddedKafka
  let worker: ConnectWorker

  beforeAll(async () => {
    kafka = await startEmbeddedKafka({ dataDir, configs })
    worker = await ConnectWorker.start({
      ...clusterSettings('away', kafka.bootstrapServers),
      'session.timeout.ms': '1500',
      'rest.request.timeout.ms': '1000',
      'topic.creation.enable': 'false',
    })
  })
  afterAll(async () => {
    await worker.stop()
    await kafka.close()
    fs.rmSync(dataDir, { recursive: true, force: true })
  })

  test('does not answer says so when the time of a request is over, and what it does (testRequestTimeouts)', async () => {
    const config = { 'connector.class': 'monitorable-source', topic: 't' }
    await worker.configure('early', config)
    await worker.runs('early', 1)
    kafka.intercept('Produce', () => fault.delay(3_000), { times: 1_000 })
    const { status, body } = await worker.ask('PUT', '/connectors/late/config', config)
    expect(status).toBe(500)
    expect(body).toMatchObject({
      error_code: 500,
      message: expect.stringMatching(
        /^Request timed out\. The worker is currently writing a config for connector late to the config topic/,
      ) as unknown,
    })
    kafka.clearIntercepts()
    // What was asked for is done all the same.
    await worker.runs('late', 1)
  })

  test('has no topic for a source, and makes none: the source is deleted all the same (testSourceTaskNotBlockedOnShutdownWithNonExistentTopic)', async () => {
    const config = { 'connector.class': 'monitorable-source', 'tasks.max': '2', topic: 'absent', count: '10' }
    await worker.configure('homeless', config)
    await worker.runs('homeless', 2)
    await worker.must('DELETE', '/connectors/homeless')
    await worker.forgets('homeless')
    const { tasks } = handleOf('homeless')
    await eventually('its tasks have stopped', () => tasks.every(({ stops }) => stops === 1))
  })

  test('is away for longer than the session gives its work up, and takes it again (testBrokerCoordinator)', async () => {
    const handle = handleOf('steady')
    await worker.configure('steady', { 'connector.class': 'monitorable-source', 'tasks.max': '2', topic: 't' })
    await worker.runs('steady', 2)
    const port = Number(kafka.bootstrapServers.split(':').at(-1))
    await kafka.close()
    await eventually('its tasks have stopped', () => handle.tasks.every(({ stops }) => stops === 1))
    kafka = await startEmbeddedKafka({ dataDir, configs, port })
    await eventually('they run once more', () => handle.tasks.every(({ starts }) => starts === 2), 30_000)
    await worker.runs('steady', 2)
  })
})
