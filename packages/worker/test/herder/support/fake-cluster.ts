import { silentLogger, type RawSettings } from '@sluice/sdk'
import { FakeClock } from '@sluice/sdk/testing'
import { ConfigProviders, type ProvidedValues } from '../../../src/config-providers.ts'
import { DistributedHerder, type DistributedHerderParts } from '../../../src/herder/distributed-herder.ts'
import type { ConnectorOffset, TaskId } from '../../../src/herder/herder.ts'
import type { LeaderAddress, SinkOffset } from '../../../src/herder/ports.ts'
import type { DistributedSettings } from '../../../src/herder/settings.ts'
import { signatureHeaders, ALGORITHM_HEADER, SIGNATURE_HEADER } from '../../../src/rest/signatures.ts'
import { FakeConfigTopic, type FakeConfigStore } from './fake-config-topic.ts'
import { FakeGroup, type FakeMember } from './fake-group.ts'
import { FakeHost, type Script } from './fake-host.ts'
import { fakeLoggers, fakePlugins } from './fake-plugins.ts'
import { FakeStatusTopic } from './fake-status-topic.ts'

export interface FakeWorker {
  readonly herder: DistributedHerder
  readonly host: FakeHost
  readonly member: FakeMember
  readonly store: FakeConfigStore
  readonly url: string
}

/** What a patient reader of a status would wait for at most, in the clock's time. */
const PATIENCE_MS = 120_000
const STEP_MS = 20

/** Workers that share topics and a group, all in memory; time passes only while the test waits. */
export class FakeCluster {
  readonly clock: FakeClock = new FakeClock()
  readonly topic: FakeConfigTopic = new FakeConfigTopic()
  readonly status: FakeStatusTopic = new FakeStatusTopic()
  readonly group: FakeGroup = new FakeGroup()
  readonly workers: FakeWorker[] = []
  /** By connector. */
  readonly scripts: Map<string, Script> = new Map()
  /** Producers that were fenced, as `a 2`: connector and number of tasks. */
  readonly fenced: string[] = []
  /** Resolves what fencing waits for. */
  fencing: Promise<void> = Promise.resolve()
  readonly sourceOffsets: Map<string, ConnectorOffset[]> = new Map()
  readonly sinkOffsets: Map<string, SinkOffset[]> = new Map()
  offsetsHook: DistributedHerderParts['offsetsHook'] = () => Promise.resolve(true)
  /** What refuses changes of a sink's group. */
  groupRefusal: Error | null = null
  readonly levels: Map<string, string> = new Map()
  /** What `${vault:KEY}` stands for, for how long; an error instead of it. */
  readonly vault: {
    values: Record<string, string>
    ttlMs: number | null
    error: Error | null
    asked: number
    /** What each answer waits for. */
    opens: Promise<void> | null
  } = { values: {}, ttlMs: null, error: null, asked: 0, opens: null }
  readonly providers: ConfigProviders = ConfigProviders.of(
    { 'config.providers': 'vault', 'config.providers.vault.class': 'Vault' },
    { Vault: () => ({ get: () => this.#lend() }) },
    this.clock,
  )

  async add(settings: Partial<DistributedSettings> = {}): Promise<FakeWorker> {
    const url = `http://w${this.workers.length + 1}:8083/`
    const store = this.topic.store()
    let host!: FakeHost
    let member!: FakeMember
    const herder = new DistributedHerder({
      workerId: `w${this.workers.length + 1}:8083`,
      kafkaClusterId: 'cluster',
      config: store,
      status: this.status,
      group: (hooks) => (member = this.group.member(url, hooks)),
      host: (events, guard) => (host = new FakeHost(events, guard, this.clock, this.scripts)),
      resolve: (config) => this.providers.resolve(config),
      plugins: fakePlugins,
      loggers: fakeLoggers(this.levels),
      offsets: this.#offsets(),
      offsetsHook: (...args) => this.offsetsHook(...args),
      leader: (address) => ({
        putTaskConfigs: async (connector, configs) =>
          this.#at(address.leaderUrl()).putTaskConfigs(
            connector,
            configs,
            signed(JSON.stringify(configs), address.signing()),
          ),
        fenceZombies: async (connector) =>
          this.#at(address.leaderUrl()).fenceZombies(connector, signed('', address.signing())),
      }),
      fenceProducers: async (connector, _config, tasks) => {
        this.fenced.push(`${connector} ${tasks}`)
        await this.fencing
      },
      settings: {
        taskStopMs: 5_000,
        isTrackingTopics: true,
        automaticRestart: null,
        stuckAfterMs: null,
        rebalanceTimeoutMs: 60_000,
        syncTimeoutMs: 3_000,
        unsyncBackoffMs: 300_000,
        delayMaxMs: 300_000,
        isExactlyOnceSource: false,
        sessionKeys: {
          algorithm: 'HmacSHA256',
          sizeBits: null,
          ttlMs: 3_600_000,
          signature: 'HmacSHA256',
          verification: ['HmacSHA256'],
        },
        ...settings,
      },
      onFatal: (error) => {
        throw error
      },
      clock: this.clock,
      logger: silentLogger,
    })
    const worker = { herder, host, member, store, url }
    this.workers.push(worker)
    await herder.start()
    return worker
  }

  /** So many workers that have found each other. */
  async form(count: number, settings: Partial<DistributedSettings> = {}): Promise<readonly FakeWorker[]> {
    const workers: FakeWorker[] = []
    for (let n = 0; n < count; n++) workers.push(await this.add(settings))
    await this.until(() => workers.every(({ member }) => member.generation > 0))
    await this.quiet()
    return workers
  }

  /** The promise's value; time passes until it is there. */
  async given<T>(promise: Promise<T>): Promise<T> {
    let isSettled = false
    const settled = (): void => {
      isSettled = true
    }
    promise.then(settled, settled)
    await this.until(() => isSettled)
    return promise
  }

  /** @throws Error when so much time has passed that nobody would wait any more */
  async until(condition: () => boolean): Promise<void> {
    for (let ms = 0; ms <= PATIENCE_MS; ms += STEP_MS) {
      for (let turn = 0; turn < 5; turn++) {
        if (condition()) return
        await new Promise((resolve) => void setImmediate(resolve))
      }
      this.clock.advance(STEP_MS)
    }
    throw new Error(`Waited for in vain: ${condition.toString()}`)
  }

  /** Lets so much time pass, and everything happen that happens in it. */
  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += STEP_MS) {
      await this.quiet()
      this.clock.advance(STEP_MS)
    }
    await this.quiet()
  }

  /** Everything that happens without time. */
  async quiet(): Promise<void> {
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => void setImmediate(resolve))
  }

  /** Creates a source by whoever leads, and waits until all of it runs. */
  async create(name: string, tasks = 1, config: RawSettings = {}): Promise<void> {
    const full = { 'connector.class': 'FakeSource', 'tasks.max': String(tasks), ...config, name }
    await this.given(this.leader.putConnectorConfig(name, full, { mayReplace: false }))
    await this.until(() => this.isRunning(name, tasks))
  }

  isRunning(name: string, tasks: number): boolean {
    const found = this.status.tasks(name)
    return (
      this.status.connector(name)?.state === 'RUNNING' &&
      found.length === tasks &&
      found.every(({ state }) => state === 'RUNNING')
    )
  }

  get leader(): DistributedHerder {
    const [first] = this.group.members
    return this.workers.find(({ member }) => member === first)!.herder
  }

  /** Whose host has it. */
  owners(piece: string | TaskId): readonly FakeWorker[] {
    return this.workers.filter(({ host }) =>
      typeof piece === 'string' ? host.connectors.includes(piece) : host.started(piece) !== undefined,
    )
  }

  async stop(): Promise<void> {
    await Promise.all(this.workers.map(({ herder }) => this.given(herder.stop())))
  }

  async #lend(): Promise<ProvidedValues> {
    const { values, ttlMs, error, opens } = this.vault
    const lent = { ...values }
    this.vault.asked++
    if (opens !== null) await opens
    if (error !== null) throw error
    return { values: lent, ttlMs }
  }

  #at(url: string | null): DistributedHerder {
    return this.workers.find((worker) => worker.url === url)!.herder
  }

  #offsets(): DistributedHerderParts['offsets'] {
    const refuse = (): void => {
      if (this.groupRefusal !== null) throw this.groupRefusal
    }
    const key = (value: unknown): string => JSON.stringify(value)
    return {
      sourceOffsets: async (connector) => this.sourceOffsets.get(connector) ?? [],
      alterSourceOffsets: async (connector, _config, offsets) => {
        const all = new Map((this.sourceOffsets.get(connector) ?? []).map((entry) => [key(entry.partition), entry]))
        for (const entry of offsets) all.set(key(entry.partition), entry)
        this.sourceOffsets.set(
          connector,
          [...all.values()].filter(({ offset }) => offset !== null),
        )
      },
      sinkOffsets: async (connector) => this.sinkOffsets.get(connector) ?? [],
      alterSinkOffsets: async (connector, _config, offsets) => {
        refuse()
        this.sinkOffsets.set(connector, [...offsets])
      },
      deleteSinkOffsets: async (connector) => {
        refuse()
        this.sinkOffsets.delete(connector)
      },
      deleteSinkGroup: async (connector) => {
        refuse()
        this.sinkOffsets.delete(connector)
      },
    }
  }
}

function signed(
  text: string,
  signing: ReturnType<LeaderAddress['signing']>,
): { readonly body: Uint8Array; readonly signature: string | null; readonly algorithm: string | null } {
  const body = new TextEncoder().encode(text)
  if (signing === null) return { body, signature: null, algorithm: null }
  const headers = signatureHeaders(body, signing.key, signing.algorithm)
  return { body, signature: headers[SIGNATURE_HEADER], algorithm: headers[ALGORITHM_HEADER] }
}
