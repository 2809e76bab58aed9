import { SluiceError, type RawSettings } from '@sluice/sdk'
import type { RestartRequest, TargetState, TaskId } from '../../../src/herder/herder.ts'
import type { ConfigListener, ConfigSnapshot, ConfigStore, SessionKey } from '../../../src/storage/config-store.ts'

type Entry = { readonly key: string; readonly value: unknown }

/** Connect's config topic in memory, shared by the stores of several workers. */
export class FakeConfigTopic {
  readonly entries: Entry[] = []
  readonly stores: FakeConfigStore[] = []
  /** Whether leaders fence each other (exactly once support). */
  isFencing = false
  leaderEpoch = 0

  store(): FakeConfigStore {
    const store = new FakeConfigStore(this)
    this.stores.push(store)
    return store
  }

  append(key: string, value: unknown): void {
    this.entries.push({ key, value })
  }

  /** All who follow read to the end, as they do in the background. */
  spread(): void {
    for (const store of this.stores) if (!store.isLagging) store.readOn()
  }

  keys(): readonly string[] {
    return this.entries.map(({ key, value }) => (value === null ? `${key} gone` : key))
  }
}

interface Connector {
  readonly config: RawSettings | null
  readonly state: TargetState
  readonly tasks: readonly RawSettings[]
  readonly isInconsistent: boolean
  readonly fencingCount: number | undefined
  readonly isFencingPending: boolean
  readonly applied: RawSettings | undefined
}

const NOTHING: Connector = {
  config: null,
  state: 'STARTED',
  tasks: [],
  isInconsistent: false,
  fencingCount: undefined,
  isFencingPending: false,
  applied: undefined,
}

export class FakeConfigStore implements ConfigStore {
  /** Reads nothing in the background, and `refresh` fails. */
  isLagging = false
  /** Calls of `claimLeadership`. */
  claims = 0
  readonly #topic: FakeConfigTopic
  readonly #connectors = new Map<string, Connector>()
  readonly #deferred = new Map<string, Map<number, RawSettings>>()
  #sessionKey: SessionKey | null = null
  #offset = 0
  #listener: ConfigListener | null = null
  #epoch = 0

  constructor(topic: FakeConfigTopic) {
    this.#topic = topic
  }

  start(listener: ConfigListener): Promise<void> {
    this.readOn()
    this.#listener = listener
    return Promise.resolve()
  }

  snapshot(): ConfigSnapshot {
    const connectors = new Map([...this.#connectors].filter(([, connector]) => connector.config !== null))
    const get = (name: string): Connector => connectors.get(name) ?? NOTHING
    return {
      offset: this.#offset,
      sessionKey: this.#sessionKey,
      connectors: () => [...connectors.keys()],
      has: (name) => connectors.has(name),
      connectorConfig: (name) => get(name).config ?? undefined,
      targetState: (name) => get(name).state,
      tasks: (name) => get(name).tasks.map((_, task) => ({ connector: name, task })),
      taskConfig: (id) => get(id.connector).tasks[id.task],
      taskConfigs: (name) => get(name).tasks,
      isInconsistent: (name) => get(name).isInconsistent,
      fencingCount: (name) => get(name).fencingCount,
      isFencingPending: (name) => get(name).isFencingPending,
      appliedConfig: (name) => get(name).applied,
    }
  }

  refresh(timeoutMs: number): Promise<void> {
    if (this.isLagging)
      return Promise.reject(
        new SluiceError('KAFKA_TIMEOUT', `The topic was not read to its end in ${timeoutMs} ms`, { retriable: true }),
      )
    this.readOn()
    return Promise.resolve()
  }

  claimLeadership(): Promise<void> {
    this.claims++
    this.#epoch = ++this.#topic.leaderEpoch
    return Promise.resolve()
  }

  putConnector(name: string, config: RawSettings, state: TargetState | null): Promise<void> {
    return this.#lead(() => {
      if (state !== null) this.#topic.append(`target-state-${name}`, state)
      this.#topic.append(`connector-${name}`, config)
    })
  }

  removeConnector(name: string): Promise<void> {
    return this.#lead(() => {
      this.#topic.append(`connector-${name}`, null)
      this.#topic.append(`target-state-${name}`, null)
    })
  }

  putTaskConfigs(name: string, configs: readonly RawSettings[]): Promise<void> {
    return this.#lead(() => {
      for (const [task, config] of configs.entries()) this.#topic.append(`task-${name}-${task}`, config)
      this.#topic.append(`commit-${name}`, configs.length)
    })
  }

  putSessionKey(key: SessionKey): Promise<void> {
    return this.#lead(() => this.#topic.append('session-key', key))
  }

  putRestartRequest(request: RestartRequest): Promise<void> {
    return this.#lead(() => this.#topic.append(`restart-connector-${request.connector}`, request))
  }

  putFencingCount(name: string, tasks: number): Promise<void> {
    return this.#lead(() => this.#topic.append(`tasks-fencing-${name}`, tasks))
  }

  putTargetState(name: string, state: TargetState): Promise<void> {
    return this.#write(() => this.#topic.append(`target-state-${name}`, state))
  }

  putLoggerLevel(namespace: string, level: string): Promise<void> {
    return this.#write(() => this.#topic.append(`logger-cluster-${namespace}`, level))
  }

  stop(): Promise<void> {
    this.#listener = null
    return Promise.resolve()
  }

  readOn(): void {
    while (this.#offset < this.#topic.entries.length) {
      const entry = this.#topic.entries[this.#offset]!
      this.#offset++
      this.#apply(entry)
    }
  }

  #lead(work: () => void): Promise<void> {
    if (this.#topic.isFencing && this.#epoch !== this.#topic.leaderEpoch)
      return Promise.reject(new SluiceError('KAFKA_FENCED', 'A newer leader has taken over', { remedy: 'Nothing.' }))
    return this.#write(work)
  }

  #write(work: () => void): Promise<void> {
    work()
    this.readOn()
    queueMicrotask(() => this.#topic.spread())
    return Promise.resolve()
  }

  #set(name: string, change: Partial<Connector>): void {
    this.#connectors.set(name, { ...(this.#connectors.get(name) ?? NOTHING), ...change })
  }

  #apply({ key, value }: Entry): void {
    const rest = (prefix: string): string => key.slice(prefix.length)
    if (key.startsWith('target-state-')) {
      const name = rest('target-state-')
      this.#set(name, { state: (value as TargetState | null) ?? 'STARTED' })
      if (this.#connectors.get(name)?.config != null) this.#listener?.targetStateChanged(name)
    } else if (key.startsWith('connector-')) {
      const name = rest('connector-')
      if (value === null)
        this.#connectors.set(name, { ...NOTHING, fencingCount: this.#connectors.get(name)?.fencingCount })
      else this.#set(name, { config: value as RawSettings })
      if (value === null) this.#listener?.connectorRemoved(name)
      else this.#listener?.connectorChanged(name)
    } else if (key.startsWith('task-')) {
      const at = key.lastIndexOf('-')
      const name = key.slice('task-'.length, at)
      const deferred = this.#deferred.get(name) ?? new Map<number, RawSettings>()
      this.#deferred.set(name, deferred.set(Number(key.slice(at + 1)), value as RawSettings))
    } else if (key.startsWith('commit-')) this.#commit(rest('commit-'), value as number)
    else if (key.startsWith('restart-connector-')) this.#listener?.restartRequested(value as RestartRequest)
    else if (key.startsWith('tasks-fencing-'))
      this.#set(rest('tasks-fencing-'), { fencingCount: value as number, isFencingPending: false })
    else if (key === 'session-key') {
      this.#sessionKey = value as SessionKey
      this.#listener?.sessionKeyChanged(this.#sessionKey)
    } else if (key.startsWith('logger-cluster-'))
      this.#listener?.loggerLevelChanged(rest('logger-cluster-'), value as string)
  }

  #commit(name: string, count: number): void {
    const deferred = this.#deferred.get(name) ?? new Map<number, RawSettings>()
    this.#deferred.delete(name)
    const config = this.#connectors.get(name)?.config
    if (config == null) return
    const tasks = Array.from({ length: count }, (_, task) => deferred.get(task))
    if (tasks.includes(undefined)) return this.#set(name, { tasks: [], isInconsistent: true })
    this.#set(name, {
      tasks: tasks as RawSettings[],
      isInconsistent: false,
      isFencingPending: true,
      applied: config,
    })
    const ids: TaskId[] = tasks.map((_, task) => ({ connector: name, task }))
    this.#listener?.tasksChanged(ids)
  }
}
