/**
 * A standalone worker (`connect-standalone`): one process that is the whole cluster. Configs of connectors are in memory and gone with it,
 * positions in a file or a topic. This file is its composition root, with what both modes have in `operations/worker-frame.ts`.
 */
import type { RawSettings, SettingProblem } from '@sluice/sdk'
import type { CellHost } from '../cells/cell-host.ts'
import type { TaskProgress } from '../cells/inline-host.ts'
import { MemoryTable } from '../catalogue/memory-table.ts'
import { ConfigProviders } from '../config-providers.ts'
import type { ConnectorStateInfo, Herder } from '../herder/herder.ts'
import { StandaloneHerder } from '../herder/standalone-herder.ts'
import { herderSettings, WorkerFrame, type WorkerOptions } from '../operations/worker-frame.ts'
import { MemoryConfigStore } from '../storage/memory-config-store.ts'
import { MemoryStatusStore } from '../storage/memory-status-store.ts'
import type { StatusStore } from '../storage/status-store.ts'
import { storeClientIds } from '../storage/store-clients.ts'
import { ConnectorsRefused, problemOf, refuseAll } from '../validation/worker-check.ts'
import type { GivenConnector } from './connector-files.ts'
import { checkedConnectors, labelOf } from './file-check.ts'
import { positionsInFile, standaloneSettings } from './standalone-settings.ts'

export interface StandaloneOptions extends WorkerOptions {
  /** Made when the worker starts; more can be made by REST. */
  readonly connectors?: readonly GivenConnector[]
  /** The same, in files: properties, or one of the forms of JSON that `readConnectorFile` takes. */
  readonly connectorFiles?: readonly string[]
}

export class StandaloneWorker {
  /** Where REST is. */
  readonly url: string
  /** What REST asks: connectors, their states, offsets. */
  readonly herder: Herder
  readonly #frame: WorkerFrame
  readonly #statuses: StatusStore
  readonly #host: CellHost

  private constructor(frame: WorkerFrame, herder: Herder, statuses: StatusStore, host: CellHost) {
    this.url = frame.rest.advertisedUrl
    this.herder = herder
    this.#frame = frame
    this.#statuses = statuses
    this.#host = host
  }

  /**
   * Looks at all settings first, so that every mistake in any file is told at once; then listens, reaches Kafka, and makes the connectors.
   * Resolves when they are made; their tasks start behind it. When one of them is refused all that has been started is stopped.
   * @throws SluiceError SETTINGS_INVALID, as ConnectorsRefused where it is about connectors alone; PLUGIN_UNKNOWN, KAFKA_UNREACHABLE, POSITION_UNREADABLE
   */
  static async start(options: StandaloneOptions): Promise<StandaloneWorker> {
    const { settings, plugins, logger, clock } = options
    const providers = ConfigProviders.of(settings)
    const { settings: raw, values } = await providers.resolve(settings)
    const hasFile = raw['offset.storage.file.filename'] !== undefined
    const objections = (config: RawSettings): readonly SettingProblem[] => (hasFile ? isolationProblems(config) : [])
    // Connectors that run in cells are asked there, when they are made.
    const ask = (raw['isolation'] ?? 'inline') === 'inline' ? {} : { ask: async () => [] }
    const connectors = await checkedConnectors({
      connectors: options.connectors ?? [],
      files: options.connectorFiles ?? [],
      values,
      validation: { plugins, worker: raw, providers, logger, objections, ...ask, ...(clock && { clock }) },
    })
    const worker = standaloneSettings.parse(raw)
    const clientId = storeClientIds(null, worker['client.id']).sharedAdmin
    const frame = await WorkerFrame.open({
      ...options,
      mode: 'standalone',
      providers,
      raw,
      values,
      worker,
      clientId,
      objections,
    })
    try {
      let host: CellHost | undefined
      const statuses = new MemoryStatusStore()
      const herder = new StandaloneHerder({
        ...frame.herderParts(null),
        config: new MemoryConfigStore(),
        status: statuses,
        host: (events, guard) => (host = frame.host({ events, guard, isolation: worker.isolation })),
        settings: herderSettings(worker),
      })
      frame.processors({
        isolation: worker.isolation,
        openTable: async () => new MemoryTable(),
        workerGroup: null,
      })
      await frame.serve(herder)
      await createAll(herder, connectors)
      return new StandaloneWorker(frame, herder, statuses, host!)
    } catch (error) {
      throw await frame.failed(error)
    }
  }

  /** How every connector is that has begun to start, with its tasks. */
  status(): readonly ConnectorStateInfo[] {
    const begun = this.herder.connectors().filter((connector) => this.#statuses.connector(connector) !== null)
    return begun.map((connector) => this.herder.connectorStatus(connector))
  }

  /** Counts and positions of a connector's tasks, as far as they have started; `SourceProgress` or a list of `SinkPartitionProgress` each. */
  progress(connector: string): Promise<readonly TaskProgress[]> {
    return this.#host.progress(connector)
  }

  /** Tasks flush and positions are stored; then everything ends. Idempotent. */
  stop(): Promise<void> {
    return this.#frame.end()
  }
}

function isolationProblems({ isolation = 'inline' }: RawSettings): readonly SettingProblem[] {
  return isolation === 'inline' ? [] : [{ setting: 'isolation', message: positionsInFile(isolation) }]
}

async function createAll(herder: Herder, connectors: readonly GivenConnector[]): Promise<void> {
  const problems: string[] = []
  for (const [index, connector] of connectors.entries()) {
    const { config, targetState } = connector
    const options = { mayReplace: false, ...(targetState === undefined ? {} : { targetState }) }
    const problem = await problemOf(() => herder.putConnectorConfig(config['name']!, config, options))
    if (problem !== null) problems.push(`${labelOf(connector, index)}: ${problem}`)
  }
  refuseAll(problems, ConnectorsRefused)
}
