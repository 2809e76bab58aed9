/** `/metrics`: what is there, under which names, and that it moves. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { MemoryMetrics } from '@sluice/sdk'
import type { Measures } from '../../src/operations/measures.ts'
import { METRIC_GROUPS, metricName, OWN_METRICS } from '../../src/operations/metric-names.ts'
import { metricsPage } from '../../src/operations/metrics-page.ts'
import { FakeCluster, type FakeWorker } from '../herder/support/fake-cluster.ts'

const A0 = { connector: 'a', task: 0 }
let cluster: FakeCluster
let first: FakeWorker
let second: FakeWorker

beforeEach(async () => {
  cluster = new FakeCluster()
  ;[first, second] = (await cluster.form(2)) as [FakeWorker, FakeWorker]
})

afterEach(async () => {
  await cluster.stop()
})

/** The series of a worker's page. */
async function series(...parts: readonly (() => Measures)[]): Promise<ReadonlyMap<string, string>> {
  const page = await metricsPage(new MemoryMetrics(), parts)
  const lines = page.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), line.slice(line.lastIndexOf(' ') + 1)]))
}

function of(worker: FakeWorker): Promise<ReadonlyMap<string, string>> {
  return series(() => worker.herder.measures())
}

/** All workers' together. */
async function sum(name: string): Promise<number> {
  const pages = await Promise.all([first, second].map(of))
  return pages.reduce((all, page) => all + Number(page.get(name) ?? 0), 0)
}

describe('Kafka Connect’s metrics of a worker', () => {
  test.each(
    METRIC_GROUPS.filter(({ group }) => /^connect-(worker|coordinator)|^connector-metrics/.test(group)).map(
      (one) => [one.group, one.tags.join(), one] as const,
    ),
  )('%s with tags %j are all there', async (_group, _tags, { group, tags, numbers, texts = {} }) => {
    await cluster.create('a', 2)
    const pages = await Promise.all([first, second].map(of))
    const names = new Set(pages.flatMap((page) => [...page.keys()]))
    const labels = tags.includes('connector') ? '{connector="a"}' : ''
    for (const attribute of Object.keys(numbers)) expect(names).toContain(metricName(group, attribute) + labels)
    const info = [...names].filter((name) => name.startsWith(`${metricName(group, 'info')}{`))
    for (const attribute of Object.keys(texts).filter((text) => text !== 'status'))
      expect(info.join()).toContain(`${attribute.replaceAll('-', '_')}="`)
  })

  test('count what runs, and starts by what came of them', async () => {
    await cluster.create('a', 2)
    expect(await sum('kafka_connect_worker_connector_count')).toBe(1)
    expect(await sum('kafka_connect_worker_task_count')).toBe(2)
    expect(await sum('kafka_connect_worker_connector_startup_success_total')).toBe(1)
    expect(await sum('kafka_connect_worker_task_startup_attempts_total')).toBe(2)
    cluster.scripts.set('b', { start: 'fails' })
    const config = { 'connector.class': 'FakeSource', name: 'b' }
    await cluster.given(cluster.leader.putConnectorConfig('b', config, { mayReplace: false }))
    await cluster.until(() => cluster.status.connector('b')?.state === 'FAILED')
    expect(await sum('kafka_connect_worker_connector_count')).toBe(2)
    expect(await sum('kafka_connect_worker_connector_startup_failure_total')).toBe(1)
    expect(await sum('kafka_connect_worker_connector_startup_attempts_total')).toBe(2)
    await cluster.given(cluster.leader.deleteConnector('b'))
    await cluster.pass(500)
    expect(await sum('kafka_connect_worker_connector_count')).toBe(1)
  })

  test('tell how often starts succeed', async () => {
    await cluster.create('a', 1)
    const [owner] = cluster.owners(A0)
    cluster.scripts.set('a', { taskStart: 'fails' })
    for (let times = 0; times < 3; times++) {
      await cluster.given(owner!.herder.restartTask(A0))
      await cluster.until(() => cluster.status.task(A0)?.state === 'FAILED')
    }
    const page = await of(owner!)
    expect(page.get('kafka_connect_worker_task_startup_success_percentage')).toBe('0.25')
    expect(page.get('kafka_connect_worker_task_startup_failure_percentage')).toBe('0.75')
    expect(page.get('kafka_connect_worker_task_startup_failure_total')).toBe('3')
  })

  test('count a connector’s tasks by state, and show the states', async () => {
    await cluster.create('a', 1)
    const [owner] = cluster.owners(A0)
    const [keeper] = cluster.owners('a')
    const count = async (state: string): Promise<string | undefined> =>
      (await of(owner!)).get(`kafka_connect_worker_connector_${state}_task_count{connector="a"}`)
    expect([await count('total'), await count('running'), await count('failed')]).toEqual(['1', '1', '0'])
    owner!.host.tellTask(A0, 'FAILED', 'away')
    await cluster.quiet()
    expect([await count('total'), await count('running'), await count('failed')]).toEqual(['1', '0', '1'])
    const shown = 'kafka_connect_connector_task_status{connector="a",status="failed",task="0"}'
    expect((await of(owner!)).get(shown)).toBe('1')
    await cluster.given(owner!.herder.restartTask(A0))
    await cluster.until(() => cluster.isRunning('a', 1))
    await cluster.given(first.herder.pauseConnector('a'))
    await cluster.until(() => cluster.status.task(A0)?.state === 'PAUSED')
    expect([await count('running'), await count('paused')]).toEqual(['0', '1'])
    const page = await of(keeper!)
    expect(page.get('kafka_connect_connector_status{connector="a",status="paused"}')).toBe('1')
    expect(
      page.get(
        'kafka_connect_connector_info{connector="a",connector_class="FakeSource",connector_type="source",connector_version="1.0"}',
      ),
    ).toBe('1')
  })

  test('count rebalances, and how long they take', async () => {
    const read = async (name: string): Promise<number> =>
      Number((await of(first)).get(`kafka_connect_worker_rebalance_${name}`))
    const before = await read('completed_rebalances_total')
    const epoch = await read('epoch')
    expect(before).toBeGreaterThan(0)
    await cluster.pass(10_000)
    expect(await read('completed_rebalances_total')).toBe(before)
    expect(await read('time_since_last_rebalance_ms')).toBeGreaterThanOrEqual(10_000)
    await cluster.add()
    await cluster.pass(1_000)
    expect(await read('completed_rebalances_total')).toBeGreaterThan(before)
    expect(await read('epoch')).toBeGreaterThan(epoch)
    expect(await read('rebalancing')).toBe(0)
    expect(await read('rebalance_max_time_ms')).toBeGreaterThanOrEqual(0)
    const [info] = [...(await of(second)).keys()].filter((name) =>
      name.startsWith('kafka_connect_worker_rebalance_info'),
    )
    expect(info).toBe('kafka_connect_worker_rebalance_info{connect_protocol="SESSIONED",leader_name="http://w1:8083/"}')
  })

  test('one is under way until what was assigned is started', async () => {
    // Once, so that nothing new is read before the next time: then the topic is read to its end first.
    cluster.group.rebalance()
    await cluster.pass(1_000)
    let isOver = false
    const { promise, resolve } = Promise.withResolvers<void>()
    const refresh = second.store.refresh.bind(second.store)
    second.store.refresh = async (timeoutMs) => {
      if (!isOver) await promise
      return refresh(timeoutMs)
    }
    cluster.group.rebalance()
    await cluster.pass(3_000)
    expect((await of(second)).get('kafka_connect_worker_rebalance_rebalancing')).toBe('1')
    isOver = true
    resolve()
    await cluster.pass(1_000)
    const page = await of(second)
    expect(page.get('kafka_connect_worker_rebalance_rebalancing')).toBe('0')
    expect(Number(page.get('kafka_connect_worker_rebalance_rebalance_max_time_ms'))).toBeGreaterThanOrEqual(3_000)
  })
})

describe('our metrics of the herder', () => {
  test('tell of its turns, of what waits, and of what it has been at for a second', async () => {
    const read = async (name: string): Promise<string | undefined> => (await of(first)).get(`sluice_herder_${name}`)
    const turns = Number(await read('turns_total'))
    expect(turns).toBeGreaterThan(0)
    expect(await read('stage_seconds')).toBe('0')
    const { promise, resolve } = Promise.withResolvers<void>()
    const putConnector = first.store.putConnector.bind(first.store)
    first.store.putConnector = async (...args) => {
      await promise
      return putConnector(...args)
    }
    const config = { 'connector.class': 'FakeSource', name: 'a' }
    const put = first.herder.putConnectorConfig('a', config, { mayReplace: false })
    await cluster.pass(100)
    const check = first.herder.healthCheck()
    await cluster.pass(2_000)
    expect(await read('requests_waiting')).toBe('1')
    const stage = 'stage_seconds{stage="writing a config for connector a to the config topic"}'
    expect(Number(await read(stage))).toBeGreaterThanOrEqual(1.9)
    resolve()
    await cluster.given(Promise.all([put, check]))
    await cluster.pass(1_000)
    expect(Number(await read('turns_total'))).toBeGreaterThan(turns)
    expect(Number(await read('turn_seconds_max'))).toBeGreaterThanOrEqual(1.9)
    expect(await read('requests_waiting')).toBe('0')
  })

  test('tell how far the config topic was read', async () => {
    const before = Number((await of(first)).get('sluice_config_topic_offset'))
    await cluster.create('a')
    const after = await Promise.all([first, second].map(of))
    for (const page of after) expect(Number(page.get('sluice_config_topic_offset'))).toBeGreaterThan(before)
  })
})

test('every series of a worker is documented', async () => {
  await cluster.create('a', 2)
  const documented = new Set([
    ...OWN_METRICS.map(({ name }) => name),
    ...METRIC_GROUPS.flatMap(({ group, numbers, texts = {} }) => [
      ...Object.keys(numbers).map((attribute) => metricName(group, attribute)),
      ...(Object.keys(texts).length > 0 ? [metricName(group, 'info'), metricName(group, 'status')] : []),
    ]),
  ])
  for (const name of (await of(first)).keys()) expect(documented).toContain(name.replace(/\{.*/, ''))
})

test('the process is measured, too', async () => {
  const page = await series()
  expect(Number(page.get('process_resident_memory_bytes'))).toBeGreaterThan(10_000_000)
  expect(Number(page.get('process_cpu_seconds_total'))).toBeGreaterThan(0)
  expect(Number(page.get('process_start_time_seconds'))).toBeGreaterThan(1_700_000_000)
})
