/**
 * Kafka Connect's BlockingConnectorTest, by a real worker in this process: whatever blocks for ever, a second connector is created and
 * runs. In brackets the name of the scenario there. What holds the event loop itself is for cells: test/cells/sick-connectors.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { RawSettings } from '@sluice/sdk'
import { eventually } from '../support/eventually.ts'
import { onBroker, TestCluster } from '../support/test-cluster.ts'
import { ConnectCluster, type ConnectWorker } from './connect-cluster.ts'
import { handleOf, type Place } from './monitorable-connectors.ts'

onBroker('beside a connector that blocks for ever', () => {
  let kafka: TestCluster
  let topic: string
  let cluster: ConnectCluster
  let worker: ConnectWorker

  beforeAll(async () => {
    kafka = await TestCluster.open()
    topic = await kafka.topic('blocked')
    await kafka.put(topic, ['a'])
    cluster = new ConnectCluster({ 'task.shutdown.graceful.timeout.ms': '200', 'rest.request.timeout.ms': '2000' })
    worker = await cluster.add()
  })
  afterAll(async () => {
    await cluster.stop()
    await kafka.close()
  })

  const blocking = (block: Place, type: 'source' | 'sink' = 'source'): RawSettings => ({
    'connector.class': `monitorable-${type}`,
    ...(type === 'sink' ? { topics: topic } : {}),
    block,
  })

  /** A second connector is created, runs, and is deleted. */
  async function othersRun(): Promise<void> {
    const name = kafka.name('normal')
    await worker.configure(name, { 'connector.class': 'monitorable-source', 'tasks.max': '2' })
    await worker.runs(name, 2)
    await worker.must('DELETE', `/connectors/${name}`)
    await worker.forgets(name)
  }

  describe('others are created and run:', () => {
    test('it blocks in validate, and the request ends when its time is over (testBlockInConnectorValidate)', async () => {
      const refused = await worker.ask('PUT', '/connectors/validates/config', blocking('validate'))
      expect(refused.status).toBe(500)
      await othersRun()
    })

    test.each([
      // What Java does in initialize is done in start here.
      ['in start (testBlockInConnectorInitialize, testBlockInConnectorStart)', 'start', 'source'],
      // What config() tells in Java is data here; what a connector is asked for is its tasks.
      ['when it is asked for its tasks (testBlockInConnectorConfig)', 'task-settings', 'source'],
      ['in the start of a source task (testBlockInSourceTaskStart)', 'task-start', 'source'],
      ['in the start of a sink task (testBlockInSinkTaskStart)', 'task-start', 'sink'],
      ['in stop (testBlockInConnectorStop)', 'stop', 'source'],
      ['in the stop of a source task (testBlockInSourceTaskStop)', 'task-stop', 'source'],
      ['in the stop of a sink task (testBlockInSinkTaskStop)', 'task-stop', 'sink'],
    ] as const)('it blocks %s', async (_, place, type) => {
      const name = kafka.name('blocks')
      await worker.configure(name, blocking(place, type))
      if (place.endsWith('stop')) {
        await worker.runs(name, 1)
        await worker.must('DELETE', `/connectors/${name}`)
      } else {
        const begun = place === 'task-start' ? handleOf(name).task(0) : handleOf(name)
        await eventually('it has begun', () => begun.starts === 1)
      }
      await othersRun()
    })
  })

  test('a worker that is restarted while connectors block in start and in stop comes back, and runs others (testWorkerRestartWithBlockInConnectorStart, testWorkerRestartWithBlockInConnectorStop)', async () => {
    const names = ['start', 'stop'] as const
    for (const place of names) {
      await worker.configure(`restarts-${place}`, blocking(place))
      await eventually('it starts', () => handleOf(`restarts-${place}`).starts === 1)
    }
    await cluster.remove(worker)
    worker = await cluster.add()
    for (const place of names) await eventually('it starts once more', () => handleOf(`restarts-${place}`).starts === 2)
    await othersRun()
  })
})
