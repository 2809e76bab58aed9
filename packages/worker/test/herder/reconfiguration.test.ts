import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { isSameConfig, withPlaceholders } from '../../src/herder/placeholders.ts'
import { FakeCluster, type FakeWorker } from './support/fake-cluster.ts'

describe('placeholders', () => {
  const config = { name: 'a', password: '${file:/secrets:db}', url: 'jdbc:${env:HOST}', plain: '$5' }

  test('come back in keys that hold them in the connector, and in no others', () => {
    const made = [{ name: 'a', password: 'hunter2', url: 'jdbc:db', plain: '$5', table: 't1' }]
    expect(withPlaceholders(config, made)).toEqual([
      { name: 'a', password: '${file:/secrets:db}', url: 'jdbc:${env:HOST}', plain: '$5', table: 't1' },
    ])
  })

  test('are not put where the connector left the key out', () => {
    expect(withPlaceholders(config, [{ table: 't1' }])).toEqual([{ table: 't1' }])
  })

  test('configs are the same whatever the order of their keys', () => {
    expect(isSameConfig({ a: '1', b: '2' }, { b: '2', a: '1' })).toBe(true)
    expect(isSameConfig({ a: '1' }, { a: '1', b: '2' })).toBe(false)
    expect(isSameConfig({ a: '1', b: '2' }, { a: '1', c: '2' })).toBe(false)
  })
})

describe('task configs', () => {
  let cluster: FakeCluster
  let worker: FakeWorker

  beforeEach(async () => {
    cluster = new FakeCluster()
    ;[worker] = (await cluster.form(1)) as [FakeWorker]
  })

  afterEach(async () => {
    await cluster.stop()
  })

  test('are written with the placeholders of the connector', async () => {
    cluster.scripts.set('a', { taskConfigs: (config) => [{ ...config, password: 'hunter2' }] })
    await cluster.create('a', 1, { password: '${env:PASSWORD}' })
    expect(JSON.stringify(cluster.topic.entries)).not.toContain('hunter2')
    expect(cluster.topic.entries.find(({ key }) => key === 'task-a-0')?.value).toMatchObject({
      password: '${env:PASSWORD}',
    })
  })

  test('that do not differ are not written again when the connector asks for it', async () => {
    await cluster.create('a')
    const before = cluster.topic.keys().length
    worker.host.requestReconfiguration('a')
    await cluster.pass(500)
    expect(cluster.topic.keys()).toHaveLength(before)
  })

  test('that differ are written when the connector asks for it', async () => {
    let tables = 1
    cluster.scripts.set('a', {
      taskConfigs: () => Array.from({ length: tables }, (_, table) => ({ table: String(table) })),
    })
    await cluster.create('a')
    tables = 3
    worker.host.requestReconfiguration('a')
    await cluster.until(() => cluster.isRunning('a', 3))
  })

  test('are written again when only the connector has changed, so that the change reaches the tasks', async () => {
    cluster.scripts.set('a', { taskConfigs: () => [{ table: 't' }] })
    await cluster.create('a')
    await cluster.given(worker.herder.patchConnectorConfig('a', { 'value.converter': 'Other' }))
    await cluster.until(
      () => worker.host.started({ connector: 'a', task: 0 })?.connectorConfig['value.converter'] === 'Other',
    )
  })

  test('that cannot be made are asked for again with a back-off that the status shows, until they can', async () => {
    cluster.scripts.set('a', { taskConfigs: 'fails' })
    await cluster.given(worker.herder.putConnectorConfig('a', { name: 'a' }, { mayReplace: false }))
    await cluster.until(() => (cluster.status.connector('a')?.trace ?? '') !== '')
    expect(cluster.status.connector('a')).toMatchObject({
      state: 'RUNNING',
      trace: expect.stringContaining('the database is away'),
    })
    const nextAttempt = (): number =>
      Date.parse(/Next attempt at (.*)\.$/.exec(cluster.status.connector('a')!.trace!)![1]!)
    expect(nextAttempt() - cluster.clock.now()).toBeLessThanOrEqual(250)
    await cluster.pass(3_000)
    expect(nextAttempt() - cluster.clock.now()).toBeGreaterThan(500)
    cluster.scripts.set('a', {})
    await cluster.until(() => cluster.isRunning('a', 1))
    await cluster.until(() => cluster.status.connector('a')?.trace === null)
  })

  test('that are too many fail the connector, which is not asked again', async () => {
    cluster.scripts.set('a', { taskConfigs: 'too many' })
    await cluster.given(worker.herder.putConnectorConfig('a', { name: 'a' }, { mayReplace: false }))
    await cluster.until(() => cluster.status.connector('a')?.state === 'FAILED')
    expect(cluster.status.connector('a')?.trace).toContain('at most 1')
    cluster.scripts.set('a', {})
    await cluster.pass(5_000)
    expect(cluster.status.tasks('a')).toEqual([])
  })

  test('are not accepted for a stopped connector', async () => {
    await cluster.create('a')
    await cluster.given(worker.herder.stopConnector('a'))
    await expect(cluster.given(worker.herder.putTaskConfigs('a', [{ x: 'y' }], null))).rejects.toMatchObject({
      status: 400,
      message: 'Cannot submit non-empty set of task configs for stopped connector a',
    })
  })

  test('are asked for by the newest request alone', async () => {
    cluster.scripts.set('a', { taskConfigs: 'fails' })
    await cluster.given(worker.herder.putConnectorConfig('a', { name: 'a' }, { mayReplace: false }))
    await cluster.pass(10_000)
    for (let times = 0; times < 3; times++) worker.host.requestReconfiguration('a')
    await cluster.quiet()
    worker.host.asked = 0
    // 250, 750, 1750, 3750 ms later.
    await cluster.pass(4_000)
    expect(worker.host.asked).toBe(4)
  })

  test('made from settings that have changed meanwhile are thrown away', async () => {
    const made = Promise.withResolvers<readonly { readonly made: string }[]>()
    cluster.scripts.set('a', { taskConfigs: () => made.promise })
    await cluster.given(worker.herder.putConnectorConfig('a', { name: 'a' }, { mayReplace: false }))
    await cluster.until(() => worker.host.asked === 1)
    cluster.scripts.set('a', { taskConfigs: (config) => [{ made: `from ${config['x']}` }] })
    void worker.store.putConnector('a', { name: 'a', x: 'y' }, null)
    made.resolve([{ made: 'from nothing' }])
    await cluster.until(() => cluster.isRunning('a', 1))
    expect(cluster.topic.entries.filter(({ key }) => key === 'task-a-0').map(({ value }) => value)).toEqual([
      { made: 'from y' },
    ])
  })

  test('two patches at a time are both in the config', async () => {
    await cluster.create('a')
    await cluster.given(
      Promise.all([
        worker.herder.patchConnectorConfig('a', { one: '1' }),
        worker.herder.patchConnectorConfig('a', { two: '2' }),
      ]),
    )
    expect(await worker.herder.connectorConfig('a')).toMatchObject({ one: '1', two: '2' })
  })
})
