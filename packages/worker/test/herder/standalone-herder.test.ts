import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { silentLogger } from '@sluice/sdk'
import { FakeClock } from '@sluice/sdk/testing'
import { ConfigProviders } from '../../src/config-providers.ts'
import type { ConnectorOffset, TargetState, TaskId } from '../../src/herder/herder.ts'
import { StandaloneHerder } from '../../src/herder/standalone-herder.ts'
import { MemoryConfigStore } from '../../src/storage/memory-config-store.ts'
import { MemoryStatusStore } from '../../src/storage/memory-status-store.ts'
import { FakeHost, type Script } from './support/fake-host.ts'
import { fakeLoggers, fakePlugins } from './support/fake-plugins.ts'

const A0: TaskId = { connector: 'a', task: 0 }
let clock: FakeClock
let herder: StandaloneHerder
let host: FakeHost
let scripts: Map<string, Script>
let offsets: readonly ConnectorOffset[]
/** What `${vault:KEY}` stands for, for half a minute. */
let vault: Record<string, string>

beforeEach(async () => {
  clock = new FakeClock()
  scripts = new Map()
  vault = {}
  const providers = ConfigProviders.of(
    { 'config.providers': 'vault', 'config.providers.vault.class': 'Vault' },
    { Vault: () => ({ get: async () => ({ values: { ...vault }, ttlMs: 30_000 }) }) },
  )
  offsets = [{ partition: { file: 'a' }, offset: { position: 3 } }]
  herder = new StandaloneHerder({
    workerId: 'w1:8083',
    kafkaClusterId: 'cluster',
    config: new MemoryConfigStore(),
    status: new MemoryStatusStore(),
    host: (events, guard) => (host = new FakeHost(events, guard, clock, scripts)),
    resolve: (config) => providers.resolve(config),
    plugins: fakePlugins,
    loggers: fakeLoggers(new Map([['root', 'INFO']])),
    offsets: {
      sourceOffsets: async () => offsets,
      alterSourceOffsets: async (_connector, _config, given) => {
        offsets = given.filter(({ offset }) => offset !== null)
      },
      sinkOffsets: async () => [],
      alterSinkOffsets: async () => undefined,
      deleteSinkOffsets: async () => undefined,
      deleteSinkGroup: async () => undefined,
    },
    offsetsHook: async () => true,
    settings: { taskStopMs: 5_000, isTrackingTopics: true, automaticRestart: { backoffMs: 1_000 }, stuckAfterMs: null },
    clock,
    logger: silentLogger,
  })
  await herder.start()
})

afterEach(async () => {
  const stopped = herder.stop()
  await pass(20_000)
  await stopped
})

async function quiet(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => void setImmediate(resolve))
}

async function pass(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 250) {
    await quiet()
    clock.advance(250)
  }
  await quiet()
}

async function create(name: string, tasks = 1, targetState?: TargetState): Promise<void> {
  const config = { 'connector.class': 'FakeSource', 'tasks.max': String(tasks), name }
  await herder.putConnectorConfig(name, config, {
    mayReplace: false,
    ...(targetState === undefined ? {} : { targetState }),
  })
  await quiet()
}

const states = (name: string): readonly string[] => {
  const { connector, tasks } = herder.connectorStatus(name)
  return [connector.state, ...tasks.map(({ state }) => state)]
}

describe('a standalone herder', () => {
  test('runs a connector and its tasks; statuses are of generation 0 and of this worker', async () => {
    await create('a', 2)
    expect(states('a')).toEqual(['RUNNING', 'RUNNING', 'RUNNING'])
    expect(herder.connectorStatus('a').connector).toEqual({
      state: 'RUNNING',
      workerId: 'w1:8083',
      trace: null,
      version: '1.0',
    })
    expect(await herder.connectorInfo('a')).toMatchObject({
      name: 'a',
      tasks: [A0, { connector: 'a', task: 1 }],
      type: 'source',
    })
    expect((await herder.taskConfigs('a')).map(({ id }) => id.task)).toEqual([0, 1])
  })

  test('tells what it runs, for /metrics', async () => {
    await create('a', 2)
    const [worker] = herder.measures().figures
    expect(worker).toMatchObject({
      group: 'connect-worker-metrics',
      values: { 'connector-count': 1, 'task-count': 2, 'task-startup-success-total': 2 },
    })
    await herder.deleteConnector('a')
    expect(herder.measures().figures[0]!.values).toMatchObject({ 'connector-count': 0, 'task-count': 0 })
  })

  test('starts anew what has a value of a config provider that is another when it has run out', async () => {
    vault = { password: 'old', tasks: '2' }
    const config = { 'connector.class': 'FakeSource', 'tasks.max': '${vault:tasks}', password: '${vault:password}' }
    await herder.putConnectorConfig('a', { ...config, name: 'a' }, { mayReplace: false })
    await quiet()
    expect(states('a')).toEqual(['RUNNING', 'RUNNING', 'RUNNING'])
    host.calls.length = 0
    vault['password'] = 'new'
    await pass(29_000)
    expect(host.calls).toEqual([])
    await pass(2_000)
    expect(host.calls.filter((call) => call.startsWith('start')).toSorted()).toEqual([
      'start a',
      'start a-0',
      'start a-1',
    ])
    expect(states('a')).toEqual(['RUNNING', 'RUNNING', 'RUNNING'])
  })

  test('refuses a name that is taken, and settings that are wrong', async () => {
    await create('a')
    await expect(create('a')).rejects.toMatchObject({ status: 409, message: 'Connector a already exists' })
    await expect(herder.putConnectorConfig('b', { wrong: 'x' }, { mayReplace: false })).rejects.toMatchObject({
      status: 400,
      message:
        'Connector configuration is invalid and contains the following 1 error(s):\nwrong is wrong\nYou can also find the above list of errors at the endpoint `/connector-plugins/{connectorType}/config/validate`',
    })
  })

  test('a patch is merged, checked, and reaches the tasks; it cannot rename', async () => {
    await create('a')
    const { config } = await herder.patchConnectorConfig('a', { 'batch.size': '7', 'tasks.max': null })
    expect(config).toEqual({ 'connector.class': 'FakeSource', name: 'a', 'batch.size': '7' })
    await quiet()
    expect(host.started(A0)?.config['batch.size']).toBe('7')
    await expect(herder.patchConnectorConfig('a', { name: 'b' })).rejects.toMatchObject({
      status: 400,
      message: "Connector name configuration (b) doesn't match connector name in the URL (a)",
    })
    await expect(herder.patchConnectorConfig('x', {})).rejects.toMatchObject({ status: 404 })
  })

  test('fewer tasks: the ones too many end and are forgotten', async () => {
    await create('a', 3)
    await herder.patchConnectorConfig('a', { 'tasks.max': '1' })
    await quiet()
    expect(states('a')).toEqual(['RUNNING', 'RUNNING'])
    expect(host.tasks).toEqual([A0])
  })

  test('pauses, resumes, stops without tasks, and comes back', async () => {
    await create('a')
    await herder.pauseConnector('a')
    await quiet()
    expect(states('a')).toEqual(['PAUSED', 'PAUSED'])
    await herder.resumeConnector('a')
    await quiet()
    expect(states('a')).toEqual(['RUNNING', 'RUNNING'])
    await herder.stopConnector('a')
    await quiet()
    expect(states('a')).toEqual(['STOPPED'])
    await herder.resumeConnector('a')
    await quiet()
    expect(states('a')).toEqual(['RUNNING', 'RUNNING'])
  })

  test.each(['PAUSED', 'STOPPED'] as const)('a connector created %s is so from the beginning', async (state) => {
    await create('a', 1, state)
    expect(states('a')).toEqual([state])
    expect(host.tasks).toEqual([])
  })

  test('deleted, nothing is left of it', async () => {
    await create('a')
    host.useTopic(A0, 'lines')
    expect(herder.activeTopics('a')).toEqual(['lines'])
    await herder.deleteConnector('a')
    expect(host.connectors).toEqual([])
    expect(host.tasks).toEqual([])
    expect(() => herder.connectorStatus('a')).toThrow('No status found for connector a')
    expect(herder.activeTopics('a')).toEqual([])
    await create('a')
    expect(states('a')).toEqual(['RUNNING', 'RUNNING'])
  })

  test('restarts a connector, a task, and both by plan', async () => {
    await create('a', 2)
    host.calls.length = 0
    await herder.restartConnector('a')
    await herder.restartTask(A0)
    expect(host.calls).toEqual(['stop a', 'start a', 'stop a-0', 'start a-0'])
    await quiet()
    host.tellTask(A0, 'FAILED', 'it broke')
    await quiet()
    host.calls.length = 0
    const plan = await herder.restartConnectorAndTasks({ connector: 'a', onlyFailed: true, includeTasks: true })
    expect(plan.tasks.map(({ state }) => state)).toEqual(['RESTARTING', 'RUNNING'])
    await quiet()
    expect(host.calls).toEqual(['stop a-0', 'start a-0'])
    await expect(herder.restartTask({ connector: 'a', task: 9 })).rejects.toMatchObject({
      message: 'Unknown task: a-9',
    })
    await expect(herder.restartConnector('x')).rejects.toMatchObject({ message: 'Unknown connector: x' })
  })

  test('what fails comes back by itself', async () => {
    await create('a')
    host.tellTask(A0, 'FAILED', 'it broke')
    await quiet()
    expect(herder.taskStatus(A0).trace).toContain('next attempt at')
    await pass(1_000)
    expect(states('a')).toEqual(['RUNNING', 'RUNNING'])
  })

  test('a connector that blocks for ever leaves the others alone', async () => {
    scripts.set('sick', { start: 'blocks', stop: 'blocks', taskConfigs: 'blocks' })
    await create('sick')
    void herder.deleteConnector('sick')
    await create('a')
    expect(states('a')).toEqual(['RUNNING', 'RUNNING'])
    await pass(6_000)
    expect(herder.connectors()).toEqual(['a'])
  })

  test('offsets are altered and reset while it is stopped, and not otherwise', async () => {
    await create('a')
    expect(await herder.connectorOffsets('a')).toEqual(offsets)
    await expect(herder.alterConnectorOffsets('a', null)).rejects.toMatchObject({ status: 400 })
    await herder.stopConnector('a')
    expect(await herder.alterConnectorOffsets('a', null)).toBe(
      'The offsets for this connector have been reset successfully',
    )
    expect(offsets).toEqual([])
  })

  test('internal requests are not for it; a log level for the cluster is one for itself', async () => {
    await expect(herder.putTaskConfigs()).rejects.toMatchObject({ status: 500 })
    await expect(herder.fenceZombies()).rejects.toMatchObject({ status: 500 })
    await herder.setClusterLoggerLevel('root', 'DEBUG')
    expect(herder.logger('root')?.level).toBe('DEBUG')
    expect(herder.stage()).toBeNull()
  })

  test('stopped, it says UNASSIGNED of connectors (of tasks, readers take no such word in the same generation) and refuses what comes', async () => {
    await create('a')
    await herder.healthCheck()
    await herder.stop()
    expect(states('a')).toEqual(['UNASSIGNED', 'RUNNING'])
    expect(host.tasks).toEqual([])
    await expect(create('b')).rejects.toMatchObject({ message: 'Worker is shutting down' })
    await expect(herder.healthCheck()).rejects.toMatchObject({ status: 500 })
  })
})
