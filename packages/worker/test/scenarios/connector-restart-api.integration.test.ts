/**
 * Kafka Connect's ConnectorRestartApiIntegrationTest (KIP-745), by real workers in this process; in brackets the name of the scenario
 * there. What has failed is left so (`restart.enable=false`), as in Kafka Connect.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { RawSettings } from '@sluice/sdk'
import { eventually } from '../support/eventually.ts'
import { onBroker, TestCluster } from '../support/test-cluster.ts'
import { ConnectCluster, type ConnectWorker } from './connect-cluster.ts'
import { handleOf, type ConnectorHandle } from './monitorable-connectors.ts'

const TASKS = 4
const RUNNING = `RUNNING/${Array.from({ length: TASKS }, () => 'RUNNING').join(',')}`

onBroker('a restart', () => {
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

  async function running(more: RawSettings = {}): Promise<{ readonly name: string; readonly handle: ConnectorHandle }> {
    const name = kafka.name('restarted')
    const config = { 'connector.class': 'monitorable-sink', topics: 'none', 'tasks.max': String(TASKS) }
    await worker.configure(name, { ...config, 'restart.enable': 'false', ...more })
    await worker.becomes(name, RUNNING)
    return { name, handle: handleOf(name) }
  }

  const restart = (name: string, how: string): Promise<{ readonly status: number; readonly body: unknown }> =>
    worker.ask('POST', `/connectors/${name}/restart${how}`)

  /** Asks for it and waits until so much was started, of the connector and of its tasks together, and all is in this state. */
  async function restarts(name: string, how: string, counts: string, state = RUNNING): Promise<void> {
    expect(await restart(name, how)).toMatchObject({ status: how.includes('=true') ? 202 : 204 })
    const handle = handleOf(name)
    await eventually(`${counts} were started`, () => handle.counts === counts).catch((error: unknown) => {
      throw new Error(`${handle.counts} were started, not ${counts}`, { cause: error })
    })
    await worker.becomes(name, state)
  }

  /** Asks for it, then for a restart of something else, which is done after it: nothing more may have been started. */
  async function restartsNothing(name: string, how: string): Promise<void> {
    const before = handleOf(name).counts
    expect(await restart(name, how)).toMatchObject({ status: how.includes('=true') ? 202 : 204 })
    const { name: other } = await running()
    await restarts(other, '?includeTasks=true', `2/${2 * TASKS}`)
    expect(handleOf(name).counts).toBe(before)
  }

  test.each(['', '?includeTasks=true&onlyFailed=true'])(
    'of a connector that nobody knows is 404: "%s" (testRestartUnknownConnector, testRestartUnknownConnectorNoParams)',
    async (how) => {
      expect(await restart('unknown', how)).toEqual({
        status: 404,
        body: { error_code: 404, message: 'Unknown connector: unknown' },
      })
    },
  )

  describe('of what runs', () => {
    test('is of the connector alone (testRunningConnectorAndTasksRestartOnlyConnector)', async () => {
      const { name } = await running()
      await restarts(name, '', `2/${TASKS}`)
      await restarts(name, '?includeTasks=false&onlyFailed=false', `3/${TASKS}`)
    })

    test('is of both (testRunningConnectorAndTasksRestartBothConnectorAndTasks)', async () => {
      const { name } = await running()
      await restarts(name, '?includeTasks=true&onlyFailed=false', `2/${2 * TASKS}`)
    })

    test('is nothing when only what has failed is wanted (testRunningConnectorAndTasksRestartOnlyConnectorOnlyFailedNoop)', async () => {
      const { name } = await running()
      await restartsNothing(name, '?includeTasks=false&onlyFailed=true')
    })

    test('and of tasks is nothing when only what has failed is wanted (testRunningConnectorAndTasksRestartBothOnlyFailedNoop)', async () => {
      const { name } = await running()
      await restartsNothing(name, '?includeTasks=true&onlyFailed=true')
    })
  })

  describe('of a connector that has failed', () => {
    async function failed(): Promise<string> {
      const { name, handle } = await running()
      handle.context!.raiseError(new Error('as it was told'))
      await worker.becomes(name, RUNNING.replace('RUNNING/', 'FAILED/'))
      return name
    }

    test('is of the connector alone (testFailedConnectorRestartOnlyConnector)', async () => {
      await restarts(await failed(), '?includeTasks=false&onlyFailed=false', `2/${TASKS}`)
    })

    test('is of both (testFailedConnectorRestartBothConnectorAndTasks)', async () => {
      await restarts(await failed(), '?includeTasks=true&onlyFailed=false', `2/${2 * TASKS}`)
    })

    test('is of what has failed (testFailedConnectorRestartBothConnectorAndTasksOnlyFailed)', async () => {
      await restarts(await failed(), '?includeTasks=true&onlyFailed=true', `2/${TASKS}`)
    })
  })

  describe('of tasks that have failed', () => {
    const FAILED = `RUNNING/${Array.from({ length: TASKS }, () => 'FAILED').join(',')}`

    async function failed(count = TASKS): Promise<string> {
      const { name, handle } = await running()
      const sick = handle.tasks.slice(0, count)
      for (const task of sick) task.failure = new Error('as it was told')
      await eventually(
        'they have failed',
        async () => (await worker.stateOf(name)).split('FAILED').length === count + 1,
      )
      for (const task of sick) task.failure = null
      return name
    }

    test('is of the connector alone (testFailedTasksRestartOnlyConnector)', async () => {
      await restarts(await failed(), '?includeTasks=false&onlyFailed=false', `2/${TASKS}`, FAILED)
    })

    test('is of the tasks alone (testFailedTasksRestartOnlyTasks)', async () => {
      await restarts(await failed(), '?includeTasks=true&onlyFailed=true', `1/${2 * TASKS}`)
    })

    test('is nothing without them (testFailedTasksRestartWithoutIncludeTasksNoop)', async () => {
      const name = await failed()
      await restartsNothing(name, '?includeTasks=false&onlyFailed=true')
      expect(await worker.stateOf(name)).toBe(FAILED)
    })

    test('is of both (testFailedTasksRestartBothConnectorAndTasks)', async () => {
      await restarts(await failed(), '?includeTasks=true&onlyFailed=false', `2/${2 * TASKS}`)
    })

    test('is of the one that has failed (testOneFailedTasksRestartOnlyOneTasks)', async () => {
      await restarts(await failed(1), '?includeTasks=true&onlyFailed=true', `1/${TASKS + 1}`)
    })
  })

  describe('in three workers', () => {
    let three: ConnectCluster

    beforeAll(async () => {
      three = await ConnectCluster.of(3)
      ;[worker] = three.workers as [ConnectWorker]
      // When they have found each other, nothing moves any more that would count as a start.
      await worker.configure('first', { 'connector.class': 'monitorable-sink', topics: 'none', 'tasks.max': '3' })
      await eventually('all have the same share', async () => (await three.shares()) === '1,1,1')
      await worker.runs('first', 3)
    })
    afterAll(() => three.stop())

    test('is of the connector alone (testMultiWorkerRestartOnlyConnector)', async () => {
      const { name } = await running()
      await eventually('all have work', async () => (await workersOf(name)) > 1)
      await restarts(name, '?includeTasks=false&onlyFailed=false', `2/${handleOf(name).counts.split('/')[1]}`)
    })

    test('is of both (testMultiWorkerRestartBothConnectorAndTasks)', async () => {
      const { name, handle } = await running()
      await eventually('all have work', async () => (await workersOf(name)) > 1)
      const [connectors, tasks] = handle.counts.split('/').map(Number) as [number, number]
      await restarts(name, '?includeTasks=true&onlyFailed=false', `${connectors + 1}/${tasks + TASKS}`)
    })

    const workersOf = async (name: string): Promise<number> =>
      new Set((await worker.status(name))?.tasks.map(({ worker_id: id }) => id)).size
  })
})
