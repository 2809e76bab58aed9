/**
 * A distributed worker (`connect-distributed`): one of a group that shares connectors and tasks, Java's workers among them or not. This
 * file is its composition root, with what both modes have in `operations/worker-frame.ts`.
 *
 *     rest/         asks the herder
 *     herder/       decides, on the config and status topics (storage/) and the group (group/)
 *     cells/        runs what is decided, in processes of their own
 */
import { catalogueProblems, catalogueSettings, catalogueTopic } from '../catalogue/catalogue-settings.ts'
import { openTable } from '../catalogue/open-table.ts'
import { ConfigProviders } from '../config-providers.ts'
import { groupSettings, type GroupSettings } from '../distributed-settings.ts'
import { fenceProducers, transactionalId } from '../exactly-once.ts'
import { ConnectWorkerGroup } from '../group/connect-worker-group.ts'
import { DistributedHerder } from '../herder/distributed-herder.ts'
import type { DistributedSettings } from '../herder/settings.ts'
import { herderSettings, WorkerFrame, type WorkerOptions } from '../operations/worker-frame.ts'
import { cleanly } from '../provided-values.ts'
import { LeaderClient } from '../rest/leader-client.ts'
import { KafkaConfigStore } from '../storage/kafka-config-store.ts'
import { KafkaStatusStore } from '../storage/kafka-status-store.ts'
import { internalTopics, storageSettings } from '../storage/storage-settings.ts'
import { storeClientIds } from '../storage/store-clients.ts'
import { refuseAll, workerProblems } from '../validation/worker-check.ts'
import { workerSettings, type WorkerSettings } from '../worker-settings.ts'

export interface DistributedOptions extends WorkerOptions {
  /** The herder cannot go on: the worker is to be stopped. */
  readonly onFatal: (error: unknown) => void
}

const DECLARED = workerSettings.extend(groupSettings).extend(storageSettings).extend(catalogueSettings)
/** What is below them are settings of the topics. */
const PREFIXES: readonly string[] = ['config.storage.', 'offset.storage.', 'status.storage.', 'catalog.storage.']

export class DistributedWorker {
  /** Where REST is, as others reach it. */
  readonly url: string
  readonly #frame: WorkerFrame

  private constructor(frame: WorkerFrame) {
    this.url = frame.rest.advertisedUrl
    this.#frame = frame
  }

  /**
   * Listens, reaches Kafka, and begins to join the group; resolves when requests are answered.
   * @throws SluiceError SETTINGS_INVALID, KAFKA_UNREACHABLE
   */
  static async start(options: DistributedOptions): Promise<DistributedWorker> {
    const { settings, logger, onFatal } = options
    const providers = ConfigProviders.of(settings)
    const { settings: raw, values } = await providers.resolve(settings)
    const { plugins } = options
    refuseAll(await workerProblems({ declared: DECLARED, prefixes: PREFIXES, raw, values, plugins, logger }))
    const worker = workerSettings.parse(raw)
    const group = groupSettings.parse(raw)
    const groupId = group['group.id']
    const storage = storageSettings.parse(raw)
    const topics = internalTopics(storage, raw, logger)
    const catalogue = catalogueTopic(catalogueSettings.parse(raw), storage, raw, logger)
    refuseAll(catalogueProblems(catalogue, [topics.config, topics.offset, topics.status]))
    const clientIds = storeClientIds(groupId, worker['client.id'])
    const exactlyOnce = group['exactly.once.source.support']
    const frame = await WorkerFrame.open({
      ...options,
      mode: 'distributed',
      providers,
      raw,
      values,
      worker,
      clientId: clientIds.sharedAdmin,
    })
    try {
      const { kafka, rest, clock, random } = frame
      const herder = new DistributedHerder({
        ...frame.herderParts(
          exactlyOnce === 'enabled' ? (connector) => transactionalId(group['group.id'], connector, 0) : null,
        ),
        config: new KafkaConfigStore({ kafka, topic: topics.config, groupId, clientIds, exactlyOnce, logger, clock }),
        status: new KafkaStatusStore({ kafka, topic: topics.status, clientIds, logger, clock }),
        group: (hooks) =>
          new ConnectWorkerGroup({
            kafka,
            clock,
            logger,
            groupId,
            url: rest.advertisedUrl,
            clientId: worker['client.id'],
            connectProtocol: group['connect.protocol'],
            sessionTimeoutMs: group['session.timeout.ms'],
            heartbeatIntervalMs: group['heartbeat.interval.ms'],
            rebalanceTimeoutMs: group['rebalance.timeout.ms'],
            delayMaxMs: group['scheduled.rebalance.max.delay.ms'],
            hooks,
          }),
        // Others get this worker's work when it was silent for so long.
        host: (events, guard) =>
          frame.host({ events, guard, isolation: group.isolation, silenceMaxMs: group['session.timeout.ms'] }),
        leader: (address) => new LeaderClient({ client: rest.client(), ...address, clock }),
        fenceProducers: async (connector, config, tasks) => {
          const shared = { kafka, worker: raw, clock, random }
          const ids = Array.from({ length: tasks }, (_, task) => transactionalId(group['group.id'], connector, task))
          const { settings, values: theirs } = await frame.resolve(config)
          await cleanly(theirs, () => fenceProducers(shared, settings, ids, logger))
        },
        settings: distributedSettings(worker, group),
        onFatal,
      })
      frame.processors({
        isolation: group.isolation,
        openTable: () => openTable(kafka, catalogue, { groupId, clock, random, logger }),
        workerGroup: groupId,
        silenceMaxMs: group['session.timeout.ms'],
      })
      await frame.serve(herder)
      return new DistributedWorker(frame)
    } catch (error) {
      throw await frame.failed(error)
    }
  }

  /** Gives work up in order, leaves the group, and ends everything. Idempotent. */
  stop(): Promise<void> {
    return this.#frame.end()
  }
}

function distributedSettings(worker: WorkerSettings, group: GroupSettings): DistributedSettings {
  return {
    ...herderSettings(worker),
    rebalanceTimeoutMs: group['rebalance.timeout.ms'],
    syncTimeoutMs: group['worker.sync.timeout.ms'],
    unsyncBackoffMs: group['worker.unsync.backoff.ms'],
    delayMaxMs: group['scheduled.rebalance.max.delay.ms'],
    isExactlyOnceSource: group['exactly.once.source.support'] === 'enabled',
    isSessioned: group['connect.protocol'] === 'sessioned',
    sessionKeys: {
      algorithm: group['inter.worker.key.generation.algorithm'],
      sizeBits: group['inter.worker.key.size'],
      ttlMs: group['inter.worker.key.ttl.ms'],
      signature: group['inter.worker.signature.algorithm'],
      verification: group['inter.worker.verification.algorithms'],
    },
  }
}
