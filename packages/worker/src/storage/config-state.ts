import type { RawSettings } from '@sluice/sdk'
import type { TargetState, TaskId } from '../herder/herder.ts'
import type { ConfigRecord } from './config-records.ts'
import type { ConfigListener, ConfigSnapshot, SessionKey } from './config-store.ts'

/** What is known by a connector's name. Never changed: another one takes its place. */
interface Entry {
  /** Null: there is no such connector; the rest is what is left of one, or waits for one. */
  readonly config: RawSettings | null
  readonly targetState: TargetState | null
  /** The set that was committed last; null when none was, or it is not whole. */
  readonly tasks: readonly RawSettings[] | null
  readonly isInconsistent: boolean
  readonly appliedConfig: RawSettings | undefined
  /** Outlives its connector: the next one of this name fences the tasks of the one before. */
  readonly fencingCount: number | undefined
  readonly isFencingPending: boolean
}

const UNKNOWN: Entry = Object.freeze({
  config: null,
  targetState: null,
  tasks: null,
  isInconsistent: false,
  appliedConfig: undefined,
  fencingCount: undefined,
  isFencingPending: false,
})

/**
 * What the records of the config topic add up to, taken one after the other (`KafkaConfigBackingStore`). The same for every store, and
 * for every worker that has read as far.
 */
export class ConfigState {
  #entries = new Map<string, Entry>()
  /** A snapshot has the entries: they are copied before the next change. */
  #isShared = false
  /** Task configs that have not been committed, by connector and number. */
  readonly #deferred = new Map<string, Map<number, RawSettings>>()
  #sessionKey: SessionKey | null = null
  #offset = -1
  #snapshot: Snapshot | null = null

  snapshot(): ConfigSnapshot {
    this.#isShared = true
    return (this.#snapshot ??= new Snapshot(this.#entries, this.#offset, this.#sessionKey))
  }

  /** The record at this offset has been read, whatever it was. */
  read(offset: number): void {
    this.#snapshot = null
    this.#offset = offset + 1
  }

  /** @param listener null during the start-up read: then nothing is told, and what is only told has no effect */
  apply(record: ConfigRecord, listener: ConfigListener | null): void {
    switch (record.kind) {
      case 'connector':
        return this.#connector(record.connector, record.config, listener)
      case 'task':
        return this.#task(record.id, record.config)
      case 'commit':
        return this.#commit(record.connector, record.tasks, listener)
      case 'target-state':
        return this.#targetState(record.connector, record.state, listener)
      case 'fencing':
        return this.#change(record.connector, { fencingCount: record.tasks, isFencingPending: false })
      case 'session-key':
        this.#snapshot = null
        this.#sessionKey = record.key
        return listener?.sessionKeyChanged(record.key)
      case 'restart':
        return listener?.restartRequested(record.request)
      case 'logger':
        return listener?.loggerLevelChanged(record.namespace, record.level)
    }
  }

  #connector(connector: string, config: RawSettings | null, listener: ConfigListener | null): void {
    if (config !== null) {
      this.#change(connector, { config })
      return listener?.connectorChanged(connector)
    }
    // The records of its tasks stay in the topic, and must mean nothing for the next connector of this name.
    const { targetState, fencingCount } = this.#entry(connector)
    this.#change(connector, { ...UNKNOWN, targetState, fencingCount })
    this.#deferred.delete(connector)
    listener?.connectorRemoved(connector)
  }

  #task({ connector, task }: TaskId, config: RawSettings): void {
    let tasks = this.#deferred.get(connector)
    if (tasks === undefined) this.#deferred.set(connector, (tasks = new Map()))
    tasks.set(task, config)
  }

  /**
   * The task configs since the last commit are the connector's now, if they are all there. Compaction may have taken some, or left some
   * of an older and larger set beside them.
   */
  #commit(connector: string, count: number, listener: ConfigListener | null): void {
    const deferred = this.#deferred.get(connector)
    this.#deferred.delete(connector)
    const { config } = this.#entry(connector)
    // KAFKA-16838: leftovers of a connector that was deleted, in a topic that has forgotten that it ever was.
    if (config === null) return
    const tasks = wholeSet(deferred ?? new Map(), count)
    this.#change(connector, {
      tasks,
      isInconsistent: tasks === null,
      isFencingPending: true,
      ...(tasks === null ? {} : { appliedConfig: config }),
    })
    listener?.tasksChanged((tasks ?? []).map((_, task) => ({ connector, task })))
  }

  #targetState(connector: string, targetState: TargetState | null, listener: ConfigListener | null): void {
    const before = this.#entry(connector)
    this.#change(connector, { targetState })
    // A removal comes with that of the connector, which tells enough; what comes before its connector is told with that.
    const isChanged = targetState !== null && targetState !== (before.targetState ?? 'STARTED')
    if (isChanged && before.config !== null) listener?.targetStateChanged(connector)
  }

  #entry(connector: string): Entry {
    return this.#entries.get(connector) ?? UNKNOWN
  }

  #change(connector: string, change: Partial<Entry>): void {
    const entry: Entry = { ...this.#entry(connector), ...change }
    if (this.#isShared) this.#entries = new Map(this.#entries)
    this.#isShared = false
    this.#snapshot = null
    const isForgotten = entry.config === null && entry.targetState === null && entry.fencingCount === undefined
    if (isForgotten) this.#entries.delete(connector)
    else this.#entries.set(connector, entry)
  }
}

class Snapshot implements ConfigSnapshot {
  readonly offset: number
  readonly sessionKey: SessionKey | null
  readonly #entries: ReadonlyMap<string, Entry>
  #connectors: readonly string[] | undefined

  constructor(entries: ReadonlyMap<string, Entry>, offset: number, sessionKey: SessionKey | null) {
    this.offset = offset
    this.sessionKey = sessionKey
    this.#entries = entries
  }

  connectors(): readonly string[] {
    return (this.#connectors ??= Array.from(this.#entries).flatMap(([name, { config }]) => {
      return config === null ? [] : [name]
    }))
  }

  has(connector: string): boolean {
    return this.#entry(connector).config !== null
  }

  connectorConfig(connector: string): RawSettings | undefined {
    return this.#entry(connector).config ?? undefined
  }

  targetState(connector: string): TargetState {
    return this.#entry(connector).targetState ?? 'STARTED'
  }

  tasks(connector: string): readonly TaskId[] {
    return this.taskConfigs(connector).map((_, task) => ({ connector, task }))
  }

  taskConfig({ connector, task }: TaskId): RawSettings | undefined {
    return this.taskConfigs(connector)[task]
  }

  taskConfigs(connector: string): readonly RawSettings[] {
    return this.#entry(connector).tasks ?? []
  }

  isInconsistent(connector: string): boolean {
    return this.#entry(connector).isInconsistent
  }

  fencingCount(connector: string): number | undefined {
    return this.#entry(connector).fencingCount
  }

  isFencingPending(connector: string): boolean {
    return this.#entry(connector).isFencingPending
  }

  appliedConfig(connector: string): RawSettings | undefined {
    return this.#entry(connector).appliedConfig
  }

  #entry(connector: string): Entry {
    return this.#entries.get(connector) ?? UNKNOWN
  }
}

/** Null when one is missing. */
function wholeSet(tasks: ReadonlyMap<number, RawSettings>, count: number): readonly RawSettings[] | null {
  const set: RawSettings[] = []
  for (let task = 0; task < count; task++) {
    const config = tasks.get(task)
    if (config === undefined) return null
    set.push(config)
  }
  return set
}
