import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import { connect, type Kafka } from '@sluice/kafka'
import { silentLogger, systemClock } from '@sluice/sdk'
import { ConfigProviders } from '../../src/config-providers.ts'
import { ConnectWorkerGroup } from '../../src/group/connect-worker-group.ts'
import { DistributedHerder } from '../../src/herder/distributed-herder.ts'
import { KafkaConfigStore } from '../../src/storage/kafka-config-store.ts'
import { KafkaStatusStore } from '../../src/storage/kafka-status-store.ts'
import { internalTopics, storageSettings } from '../../src/storage/storage-settings.ts'
import { storeClientIds } from '../../src/storage/store-clients.ts'
import { signatureHeaders, ALGORITHM_HEADER, SIGNATURE_HEADER } from '../../src/rest/signatures.ts'
import { eventually } from '../support/eventually.ts'
import { address, onBroker } from '../support/test-cluster.ts'
import { FakeHost, type Script } from './support/fake-host.ts'
import { fakeLoggers, fakePlugins } from './support/fake-plugins.ts'

interface Worker {
  readonly herder: DistributedHerder
  readonly host: FakeHost
  readonly url: string
}

onBroker('herders on a broker, with the real stores and the real group', () => {
  let kafka: Kafka
  let workers: Worker[]
  let name: string
  const scripts = new Map<string, Script>()

  beforeEach(async () => {
    kafka = await connect({ bootstrapServers: address })
    workers = []
    name = `herders-${randomUUID()}`
  })

  afterEach(async () => {
    await Promise.all(workers.map(({ herder }) => herder.stop()))
    await kafka.close()
  })

  async function add(exactlyOnce: 'disabled' | 'enabled' = 'disabled'): Promise<Worker> {
    const raw = {
      'group.id': name,
      'config.storage.topic': `${name}-configs`,
      'offset.storage.topic': `${name}-offsets`,
      'status.storage.topic': `${name}-status`,
      'config.storage.replication.factor': '1',
      'offset.storage.replication.factor': '1',
      'status.storage.replication.factor': '1',
    }
    const topics = internalTopics(storageSettings.parse(raw), raw, silentLogger)
    const clientIds = storeClientIds(name, '')
    const url = `http://w${workers.length + 1}:8083/`
    const shared = { kafka, clock: systemClock, logger: silentLogger }
    const at = (leader: string | null): DistributedHerder => workers.find((worker) => worker.url === leader)!.herder
    let host!: FakeHost
    const herder: DistributedHerder = new DistributedHerder({
      workerId: `w${workers.length + 1}:8083`,
      kafkaClusterId: 'cluster',
      config: new KafkaConfigStore({ ...shared, topic: topics.config, groupId: name, clientIds, exactlyOnce }),
      status: new KafkaStatusStore({ ...shared, topic: topics.status, clientIds }),
      group: (hooks) =>
        new ConnectWorkerGroup({
          ...shared,
          groupId: name,
          url,
          connectProtocol: 'sessioned',
          sessionTimeoutMs: 10_000,
          heartbeatIntervalMs: 100,
          rebalanceTimeoutMs: 30_000,
          delayMaxMs: 0,
          hooks,
        }),
      host: (events, guard) => (host = new FakeHost(events, guard, systemClock, scripts)),
      resolve: (config) => ConfigProviders.of({}).resolve(config),
      plugins: fakePlugins,
      loggers: fakeLoggers(new Map()),
      offsets: {
        sourceOffsets: async () => [],
        alterSourceOffsets: async () => undefined,
        sinkOffsets: async () => [],
        alterSinkOffsets: async () => undefined,
        deleteSinkOffsets: async () => undefined,
        deleteSinkGroup: async () => undefined,
      },
      offsetsHook: async () => true,
      leader: (leader) => ({
        putTaskConfigs: async (connector, configs) => {
          const body = new TextEncoder().encode(JSON.stringify(configs))
          const { key, algorithm } = leader.signing()!
          const headers = signatureHeaders(body, key, algorithm)
          const request = { body, signature: headers[SIGNATURE_HEADER], algorithm: headers[ALGORITHM_HEADER] }
          await at(leader.leaderUrl()).putTaskConfigs(connector, configs, request)
        },
        fenceZombies: async (connector) => at(leader.leaderUrl()).fenceZombies(connector, null),
      }),
      fenceProducers: async () => undefined,
      settings: {
        taskStopMs: 1_000,
        isTrackingTopics: true,
        automaticRestart: null,
        stuckAfterMs: null,
        rebalanceTimeoutMs: 30_000,
        syncTimeoutMs: 3_000,
        unsyncBackoffMs: 5_000,
        delayMaxMs: 0,
        isExactlyOnceSource: exactlyOnce === 'enabled',
        sessionKeys: {
          algorithm: 'HmacSHA256',
          sizeBits: null,
          ttlMs: 3_600_000,
          signature: 'HmacSHA256',
          verification: ['HmacSHA256'],
        },
      },
      onFatal: (error) => {
        throw error
      },
      clock: systemClock,
      logger: silentLogger,
    })
    const worker = { herder, host, url }
    workers.push(worker)
    await herder.start()
    return worker
  }

  /** The states of the connector and its tasks as `at` sees them; none: []. */
  const states = (at: Worker, connector: string): readonly string[] => {
    try {
      const status = at.herder.connectorStatus(connector)
      return [status.connector.state, ...status.tasks.map(({ state }) => state)]
    } catch {
      return []
    }
  }

  const isRunning = (at: Worker, connector: string, tasks: number): boolean => {
    const found = states(at, connector)
    return found.length === tasks + 1 && found.every((state) => state === 'RUNNING')
  }

  const running = (at: Worker, connector: string, tasks: number): Promise<void> =>
    eventually(`${connector} runs with ${tasks} tasks`, () => isRunning(at, connector, tasks))

  const spread = (tasks: string): Promise<void> =>
    eventually(`tasks are spread as ${tasks}`, () => workers.map(({ host }) => host.tasks.length).join() === tasks)

  const config = (connector: string, tasks: number): Record<string, string> => ({
    'connector.class': 'FakeSource',
    'tasks.max': String(tasks),
    name: connector,
  })

  test.each(['disabled', 'enabled'] as const)(
    'a connector is created, changed, stopped, resumed and deleted (exactly once: %s)',
    async (exactlyOnce) => {
      const worker = await add(exactlyOnce)
      await worker.herder.putConnectorConfig('a', config('a', 2), { mayReplace: false })
      await running(worker, 'a', 2)
      await worker.herder.patchConnectorConfig('a', { 'tasks.max': '3' })
      await running(worker, 'a', 3)
      await worker.herder.stopConnector('a')
      await eventually('it is stopped, without tasks', () => states(worker, 'a').join() === 'STOPPED')
      await worker.herder.resumeConnector('a')
      await running(worker, 'a', 3)
      await worker.herder.restartConnectorAndTasks({ connector: 'a', onlyFailed: false, includeTasks: true })
      await running(worker, 'a', 3)
      await worker.herder.deleteConnector('a')
      await eventually('it is forgotten', () => states(worker, 'a').length === 0 && worker.host.tasks.length === 0)
      expect(worker.herder.connectors()).toEqual([])
    },
  )

  test('three workers share the tasks, and hand over what one that leaves had', async () => {
    const first = await add()
    await first.herder.putConnectorConfig('a', config('a', 6), { mayReplace: false })
    await running(first, 'a', 6)
    await add()
    await add()
    await spread('2,2,2')
    await running(first, 'a', 6)
    await workers[0]!.herder.stop()
    await spread('0,3,3')
    await running(workers[1]!, 'a', 6)
  })

  test('a new worker finds what there was, and takes nothing twice', async () => {
    const first = await add()
    await first.herder.putConnectorConfig('a', config('a', 1), { mayReplace: false })
    await first.herder.putConnectorConfig('b', config('b', 1), { mayReplace: false, targetState: 'STOPPED' })
    await running(first, 'a', 1)
    await first.herder.stop()
    const second = await add()
    await eventually(
      'the new worker runs it',
      () => isRunning(second, 'a', 1) && second.herder.connectorStatus('a').connector.workerId === 'w2:8083',
    )
    expect(second.herder.connectorStatus('b').connector.state).toBe('STOPPED')
    expect(second.host.calls.filter((call) => call === 'start a-0')).toHaveLength(1)
  })
})
