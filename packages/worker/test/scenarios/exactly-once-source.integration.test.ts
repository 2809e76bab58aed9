/**
 * Kafka Connect's ExactlyOnceSourceIntegrationTest (KIP-618), by real workers in this process; in brackets the names of the scenarios
 * there. What is killed in the middle is killed in source-exactly-once.integration.test.ts and by the trial connect-kill.
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { RawSettings } from '@sluice/sdk'
import { eventually } from '../support/eventually.ts'
import { text } from '../support/fake-kafka.ts'
import { onBroker, TestCluster } from '../support/test-cluster.ts'
import { ConnectCluster, type ConnectWorker } from './connect-cluster.ts'
import { handleOf } from './monitorable-connectors.ts'

onBroker('exactly once', () => {
  let kafka: TestCluster
  let cluster: ConnectCluster
  let worker: ConnectWorker

  beforeAll(async () => {
    kafka = await TestCluster.open()
    cluster = new ConnectCluster({ 'exactly.once.source.support': 'enabled' })
    worker = await cluster.add()
    await cluster.add()
  })
  afterAll(async () => {
    await cluster.stop()
    await kafka.close()
  })

  const source = (topic: string, tasks: number, count: number, more: RawSettings = {}): RawSettings => ({
    'connector.class': 'monitorable-source',
    'tasks.max': String(tasks),
    topic,
    count: String(count),
    'exactly.once.support': 'required',
    ...more,
  })

  /** What a reader of committed records finds of each task: each number once, in order, from 0. */
  async function isOnce(topic: string, counts: readonly number[]): Promise<void> {
    const read = async (): Promise<readonly string[]> =>
      (await kafka.read(topic, 'read_committed')).map(({ value }) => text(value))
    const total = counts.reduce((sum, count) => sum + count, 0)
    await eventually('all has arrived', async () => (await read()).length >= total)
    const values = await read()
    for (const [task, count] of counts.entries())
      expect(values.filter((value) => value.startsWith(`${task}:`))).toEqual(
        Array.from({ length: count }, (_, n) => `${task}:${n}`),
      )
  }

  test.each([
    ['behind each poll (testPollBoundary)', { 'transaction.boundary': 'poll' }],
    [
      'after a time (testIntervalBoundary)',
      { 'transaction.boundary': 'interval', 'transaction.boundary.interval.ms': '50' },
    ],
    ['where the connector says (testConnectorBoundary)', { 'transaction.boundary': 'connector' }],
  ])('transactions end %s, and each record is there once, also after a restart', async (_, more) => {
    const [name, topic] = [kafka.name('bounded'), await kafka.topic('bounded')]
    await worker.configure(name, source(topic, 2, 60, more))
    await isOnce(topic, [60, 60])
    await worker.configure(name, source(topic, 2, 90, more))
    await worker.runs(name, 2)
    await worker.must('POST', `/connectors/${name}/restart?includeTasks=true`)
    await isOnce(topic, [90, 90])
    await worker.must('DELETE', `/connectors/${name}`)
  })

  test('other numbers of tasks, one after the other: those before are fenced, and nothing is there twice (testConnectorReconfiguration)', async () => {
    const [name, topic] = [kafka.name('resized'), await kafka.topic('resized')]
    const counts = [0, 0, 0, 0, 0]
    let count = 0
    for (const tasks of [3, 5, 1, 5, 2]) {
      count += 20
      await worker.configure(name, source(topic, tasks, count))
      await worker.runs(name, tasks)
      for (let task = 0; task < tasks; task++) counts[task] = count
      await isOnce(topic, counts)
    }
    await worker.must('DELETE', `/connectors/${name}`)
  })

  test('a leader that was fenced comes to itself, and goes on (testFencedLeaderRecovery)', async () => {
    const [name, topic] = [kafka.name('led'), await kafka.topic('led')]
    const id = `connect-cluster-${cluster.name}`
    const outcomes = await kafka.kafka.admin.transactions.fenceProducers([id])
    expect(outcomes.map(({ error }) => error)).toEqual([null])
    // The first request finds out, whoever leads; one of the next is served.
    await eventually('a connector is created', async () => {
      const { status } = await worker.ask('PUT', `/connectors/${name}/config`, source(topic, 2, 20))
      return status < 300
    })
    await isOnce(topic, [20, 20])
    await worker.must('DELETE', `/connectors/${name}`)
  })

  test('positions are in a topic of the connector’s own, and in the worker’s as well (testSeparateOffsetsTopic)', async () => {
    const [name, topic, own] = [kafka.name('apart'), await kafka.topic('apart'), kafka.name('own-offsets')]
    const config = source(topic, 2, 30, { 'offsets.storage.topic': own })
    await worker.configure(name, config)
    await isOnce(topic, [30, 30])
    const positions = async (where: string): Promise<readonly string[]> => {
      const last = new Map<string, string>()
      for (const { key, value } of await kafka.read(where, 'read_committed'))
        if (key !== null && text(key).includes(name)) last.set(text(key), text(value))
      return [...last].map(([key, value]) => `${key} ${value}`).toSorted()
    }
    const expected = [0, 1].map((task) => `["${name}",{"task":${task}}] {"n":30}`)
    expect(await positions(own)).toEqual(expected)
    await eventually('the worker has them too', async () => {
      return (await positions(`${cluster.name}-offsets`)).join() === expected.join()
    })
    await worker.configure(name, { ...config, count: '50' })
    await isOnce(topic, [50, 50])
    await worker.must('DELETE', `/connectors/${name}`)
  })

  test('a source that writes to the topic of its own positions fails, and does not wait for itself (testPotentialDeadlockWhenProducingToOffsetsTopic)', async () => {
    const name = kafka.name('entangled')
    await worker.configure(name, { ...source(`${cluster.name}-offsets`, 1, 5), 'restart.enable': 'false' })
    await worker.becomes(name, 'RUNNING/FAILED')
    expect((await worker.status(name))?.tasks[0]?.trace).toMatch(/topic of its own positions|offsets/i)
    expect(handleOf(name).task(0).stops).toBe(1)
    await worker.must('DELETE', `/connectors/${name}`)
  })
})
