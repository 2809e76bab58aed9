/** What operators see and change of a whole worker: its metrics, and values of config providers that are rotated. */
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { METRIC_DOCUMENTATION } from '../../src/operations/metric-names.ts'
import { ConnectCluster, type ConnectWorker } from '../scenarios/connect-cluster.ts'
import { handleOf } from '../scenarios/monitorable-connectors.ts'
import { eventually } from '../support/eventually.ts'
import { onBroker, TestCluster } from '../support/test-cluster.ts'

onBroker('a worker', () => {
  let kafka: TestCluster
  let cluster: ConnectCluster
  let folder: string

  beforeAll(async () => {
    kafka = await TestCluster.open()
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'operations-'))
  })
  afterEach(() => cluster.stop())
  afterAll(async () => {
    await kafka.close()
    fs.rmSync(folder, { recursive: true })
  })

  async function series(worker: ConnectWorker): Promise<ReadonlyMap<string, number>> {
    const page = (await worker.must('GET', '/metrics')) as string
    const lines = page.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
    return new Map(
      lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
    )
  }

  test('tells at /metrics what it runs, what that has done, and what it was asked, all of it documented', async () => {
    cluster = new ConnectCluster()
    const worker = await cluster.add()
    const topic = await kafka.topic('measured')
    const [source, sink] = [kafka.name('source'), kafka.name('sink')]
    await worker.configure(source, { 'connector.class': 'monitorable-source', 'tasks.max': '2', topic, count: '20' })
    await worker.configure(sink, { 'connector.class': 'monitorable-sink', topics: topic })
    await worker.runs(source, 2)
    await worker.runs(sink, 1)
    await eventually('all arrives', () => handleOf(sink).records.length === 40)
    const written = `kafka_connect_source_task_source_record_write_total{connector="${source}",task="1"}`
    await eventually('the source has settled', async () => (await series(worker)).get(written) === 20)
    const now = await series(worker)
    expect(Object.fromEntries(now)).toMatchObject({
      kafka_connect_worker_connector_count: 2,
      kafka_connect_worker_task_count: 3,
      kafka_connect_worker_connector_startup_success_total: 2,
      kafka_connect_worker_task_startup_failure_total: 0,
      [`kafka_connect_worker_connector_running_task_count{connector="${source}"}`]: 2,
      [`kafka_connect_connector_status{connector="${sink}",status="running"}`]: 1,
      [`kafka_connect_connector_task_status{connector="${sink}",status="running",task="0"}`]: 1,
      [`kafka_connect_sink_task_sink_record_read_total{connector="${sink}",task="0"}`]: 40,
      kafka_connect_worker_rebalance_rebalancing: 0,
      kafka_connect_coordinator_assigned_tasks: 3,
      'sluice_rest_requests_total{endpoint="/connectors/{connector}/config",method="PUT",status="2xx"}': 2,
    })
    expect(now.get('kafka_connect_worker_rebalance_completed_rebalances_total')).toBeGreaterThan(1)
    const unknown = [...now.keys()]
      .map((name) => name.replace(/\{.*/, ''))
      .filter((name) => !METRIC_DOCUMENTATION.has(name))
    expect(new Set(unknown.filter((name) => !name.startsWith('monitorable_')))).toEqual(new Set())
  })

  test('starts connectors and tasks anew when a value that has run out is another by then, and not before', async () => {
    const file = path.join(folder, 'values.properties')
    fs.writeFileSync(file, 'count=5\ntasks=2\n')
    cluster = new ConnectCluster({
      'config.providers': 'file',
      'config.providers.file.class': 'org.apache.kafka.common.config.provider.FileConfigProvider',
      'config.providers.file.param.ttl.ms': '1000',
    })
    const worker = await cluster.add()
    const topic = await kafka.topic('rotated')
    const name = kafka.name('rotated')
    await worker.configure(name, {
      'connector.class': 'monitorable-source',
      'tasks.max': `\${file:${file}:tasks}`,
      topic,
      count: `\${file:${file}:count}`,
    })
    await worker.runs(name, 2)
    const { counts } = handleOf(name)
    expect(counts).toBe('1/2')
    const looks = performance.now() + 2_500
    await eventually('it was asked for twice', () => performance.now() > looks)
    expect(handleOf(name).counts).toBe(counts)
    fs.writeFileSync(file, 'count=9\ntasks=2\n')
    await eventually('all start anew', () => handleOf(name).counts === '2/4')
    await worker.runs(name, 2)
    await eventually('the new value counts', async () => {
      const written = `kafka_connect_source_task_source_record_write_total{connector="${name}",task="0"}`
      return (await series(worker)).get(written) === 4
    })
  })
})
