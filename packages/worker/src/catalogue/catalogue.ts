import type { TableChange } from '@sluice/kafka'
import { describeError, type Clock, type Logger } from '@sluice/sdk'
import type { PausedKey } from '../record-path/task-control.ts'
import {
  decodeKey,
  decodeValue,
  encodeKey,
  encodeValue,
  keyOf,
  FromTheFuture,
  type CatalogueKey,
  type CatalogueKind,
  type CatalogueValues,
  type ProcessorRecord,
  type ProcessorTarget,
  type StatusRecord,
  type WorkerRecord,
} from './catalogue-records.ts'

/** The rows under it: a `TopicTable`, or memory. What `set` wrote is among the entries, and has been told, once it has resolved. */
export interface CatalogueTable {
  /** @throws SluiceError when it is not read any more */
  entries(): IterableIterator<{ readonly key: Uint8Array; readonly value: Uint8Array }>
  set(changes: readonly TableChange[]): Promise<void>
  /**
   * Compares and sets: writes all that `decide` makes of the entries as they are now, or nothing. Where another `update`, of whichever worker,
   * has come between, `decide` is asked again. @throws what `decide` throws, and then nothing was written
   */
  update(decide: () => readonly TableChange[]): Promise<void>
  onChange(listener: (change: TableChange) => void): () => void
  /** Resolves when it has what is in the topic now. @throws SluiceError why it cannot be read */
  probe(): Promise<void>
  close(): Promise<void>
}

/** One row to write; a null value deletes it. */
export type CatalogueChange = {
  readonly [K in CatalogueKind]: {
    readonly key: CatalogueKey<K>
    readonly value: CatalogueValues[K] | null
  }
}[CatalogueKind]

/** Told of each row that is new, after the catalogue has it. `isProcessor`: what its processor should do may be another now. */
export type CatalogueListener = (key: CatalogueKey, isProcessor: boolean) => void

export interface WorkerSeen extends WorkerRecord {
  readonly worker: string
  /** When it was last heard of, as `clock.monotonic()`. */
  readonly heardAt: number
}

/** What became of processors when the catalogue went on with another table. */
export interface Renewal {
  /** It had none: these are in it again, as they were known here. */
  readonly putBack: readonly string[]
  /** They are not in it, though others are. */
  readonly ended: readonly string[]
}

/** The same at each call: whoever compares sees that nothing has changed. */
const NO_KEYS: readonly PausedKey[] = []
const COMPLAINTS_MAX = 20
/** Kinds of records that say what a processor should do; the others say what is. */
const TO_BE_DONE = ['processor', 'target-state', 'paused-keys', 'restart'] as const

/**
 * What Kafka Connect does not know, read in full and kept up to date. What cannot be read is reported and counts as not there; what a
 * newer release wrote is not overwritten either.
 */
export class Catalogue {
  #table: CatalogueTable
  #unlisten: () => void = () => undefined
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #processors = new Map<string, ProcessorRecord>()
  readonly #targets = new Map<string, ProcessorTarget>()
  readonly #pausedKeys = new Map<string, readonly PausedKey[]>()
  readonly #restarts = new Map<string, string>()
  readonly #topologies = new Map<string, string>()
  /** By processor and worker. */
  readonly #statuses = new Map<string, Map<string, StatusRecord>>()
  readonly #workers = new Map<string, WorkerSeen>()
  /** Keys, as text, of what a newer release has written. */
  readonly #future = new Set<string>()
  readonly #listeners = new Set<CatalogueListener>()
  #complaints = 0

  constructor(table: CatalogueTable, { clock, logger }: { readonly clock: Clock; readonly logger: Logger }) {
    this.#table = table
    this.#clock = clock
    this.#logger = logger
    this.#read(table)
  }

  /** In their alphabet's order. */
  get processors(): readonly string[] {
    return [...this.#processors.keys()].toSorted()
  }

  processor(name: string): ProcessorRecord | undefined {
    return this.#processors.get(name)
  }

  target(name: string): ProcessorTarget {
    return this.#targets.get(name) ?? 'RUNNING'
  }

  /** Whose records are held back while all others go on. */
  pausedKeys(name: string): readonly PausedKey[] {
    return this.#pausedKeys.get(name) ?? NO_KEYS
  }

  /** Of the last restart that was asked for; null: none was. */
  restart(name: string): string | null {
    return this.#restarts.get(name) ?? null
  }

  /** `WrittenTopology` as JSON: what was deployed last, also of a processor that was deleted; null: nothing is known. */
  topology(name: string): string | null {
    return this.#topologies.get(name) ?? null
  }

  /** By worker, gone ones included: see `workers`. */
  statuses(name: string): ReadonlyMap<string, StatusRecord> {
    return this.#statuses.get(name) ?? new Map()
  }

  /** All names that a worker has told a status of. */
  statusesOf(worker: string): readonly string[] {
    return [...this.#statuses].filter(([, byWorker]) => byWorker.has(worker)).map(([name]) => name)
  }

  get workers(): readonly WorkerSeen[] {
    return [...this.#workers.values()]
  }

  /** Whether a newer release has said what it should do, in words that this one cannot read. */
  isFromTheFuture(name: string): boolean {
    return TO_BE_DONE.some((kind) => this.#future.has(textOf({ kind, name, worker: null })))
  }

  listen(listener: CatalogueListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Resolves when it is durable, and known here. @throws SluiceError KAFKA_TIMEOUT and others of a producer */
  write(changes: readonly CatalogueChange[]): Promise<void> {
    return this.#table.set(encoded(changes))
  }

  /**
   * As `write`, of what `decide` makes of the catalogue as it is at that moment for all workers: of two that decide at once the later sees what
   * the first has written. `decide` may be asked several times, and throws what is against it.
   */
  update(decide: () => readonly CatalogueChange[]): Promise<void> {
    return this.#table.update(() => encoded(decide()))
  }

  /** @throws SluiceError why it is not kept up to date any more */
  check(): void {
    this.#table.entries()
  }

  /** @throws SluiceError why it cannot be read now */
  probe(): Promise<void> {
    return this.#table.probe()
  }

  /**
   * Goes on with another table, as when the topic was made anew: whoever listens looks again at every processor that was or is there. What is
   * in it holds; but where no processor is, nobody has taken them away: those that are known here are put back, at whichever worker comes first.
   * @throws as of `write`; nothing has changed then
   */
  async renew(table: CatalogueTable): Promise<Renewal> {
    const before = this.#table
    const deployed = this.processors
    const names = new Set(this.#known())
    const putBack = await this.#putBack(table)
    this.#unlisten()
    const all = [
      this.#processors,
      this.#targets,
      this.#pausedKeys,
      this.#restarts,
      this.#topologies,
      this.#statuses,
      this.#workers,
      this.#future,
    ]
    for (const rows of all) rows.clear()
    this.#read(table)
    for (const name of [...names, ...this.#known().filter((one) => !names.has(one))])
      for (const listener of this.#listeners) listener({ kind: 'processor', name, worker: null }, true)
    await before.close()
    return { putBack, ended: deployed.filter((name) => !this.#processors.has(name)) }
  }

  close(): Promise<void> {
    this.#listeners.clear()
    return this.#table.close()
  }

  /** Names of processors. What a newer release has written is not known here, and stays lost. */
  async #putBack(table: CatalogueTable): Promise<readonly string[]> {
    let names: readonly string[] = []
    await table.update(() => {
      names = hasProcessors(table) ? [] : this.processors
      return encoded(names.flatMap((name) => this.#toBeDone(name)))
    })
    return names
  }

  #toBeDone(name: string): readonly CatalogueChange[] {
    const [target, restart, written] = [this.#targets.get(name), this.restart(name), this.topology(name)]
    const keys = this.pausedKeys(name)
    const changes: CatalogueChange[] = [{ key: keyOf('processor', name), value: this.processor(name)! }]
    if (target !== undefined) changes.push({ key: keyOf('target-state', name), value: { state: target } })
    if (keys.length > 0) changes.push({ key: keyOf('paused-keys', name), value: { keys } })
    if (restart !== null) changes.push({ key: keyOf('restart', name), value: { id: restart } })
    if (written !== null) changes.push({ key: keyOf('topology', name), value: { written } })
    return changes
  }

  #read(table: CatalogueTable): void {
    this.#table = table
    for (const { key, value } of table.entries()) this.#take(key, value, true)
    this.#unlisten = table.onChange(({ key, value }) => this.#take(key, value, false))
  }

  /** Processors of which there is anything. */
  #known(): readonly string[] {
    return [
      ...new Set(
        [this.#processors, this.#targets, this.#pausedKeys, this.#restarts, this.#statuses].flatMap((rows) => [
          ...rows.keys(),
        ]),
      ),
    ]
  }

  #take(bytes: Uint8Array, value: Uint8Array | null, isPast: boolean): void {
    let key: CatalogueKey | null = null
    try {
      key = decodeKey(bytes)
      this.#put(key, value, isPast)
      this.#future.delete(textOf(key))
    } catch (error) {
      this.#complain(bytes, error)
      if (key === null) return
      // What was known of it before does not hold any more.
      this.#put(key, null, isPast)
      if (error instanceof FromTheFuture) this.#future.add(textOf(key))
    }
    if (isPast) return
    const isProcessor = TO_BE_DONE.some((kind) => kind === key.kind)
    for (const listener of this.#listeners) listener(key, isProcessor)
  }

  #put({ kind, name, worker }: CatalogueKey, bytes: Uint8Array | null, isPast: boolean): void {
    switch (kind) {
      case 'processor':
        return set(this.#processors, name, bytes && decodeValue('processor', bytes))
      case 'target-state':
        return set(this.#targets, name, bytes && decodeValue('target-state', bytes).state)
      case 'paused-keys':
        return set(this.#pausedKeys, name, bytes && decodeValue('paused-keys', bytes).keys)
      case 'restart':
        return set(this.#restarts, name, bytes && decodeValue('restart', bytes).id)
      case 'topology':
        return set(this.#topologies, name, bytes && decodeValue('topology', bytes).written)
      case 'status': {
        const byWorker = this.#statuses.get(name) ?? new Map<string, StatusRecord>()
        set(byWorker, worker!, bytes && decodeValue('status', bytes))
        return set(this.#statuses, name, byWorker.size === 0 ? null : byWorker)
      }
      case 'worker':
        return set(this.#workers, name, bytes && this.#seen(name, decodeValue('worker', bytes), isPast))
    }
  }

  /** What is read at the start may be old: by its own time, unless its clock is ahead. */
  #seen(worker: string, record: WorkerRecord, isPast: boolean): WorkerSeen {
    const ageMs = isPast ? Math.max(0, this.#clock.now() - record.at) : 0
    return { ...record, worker, heardAt: this.#clock.monotonic() - ageMs }
  }

  #complain(key: Uint8Array, error: unknown): void {
    if (++this.#complaints > COMPLAINTS_MAX) return
    const facts = { key: Buffer.from(key).toString('utf8').slice(0, 200), reason: describeError(error) }
    if (error instanceof FromTheFuture)
      this.#logger.warn('A record of the catalogue is of a newer release, and left alone', facts)
    else this.#logger.error('A record of the catalogue cannot be read, and counts as not there', facts)
  }
}

/** Also one that cannot be read. */
function hasProcessors(table: CatalogueTable): boolean {
  return [...table.entries()].some(({ key }) => {
    try {
      return decodeKey(key).kind === 'processor'
    } catch {
      return false
    }
  })
}

function encoded(changes: readonly CatalogueChange[]): readonly TableChange[] {
  return changes.map(({ key, value }) => ({ key: encodeKey(key), value: value === null ? null : encodeValue(value) }))
}

function textOf(key: CatalogueKey): string {
  return Buffer.from(encodeKey(key)).toString('utf8')
}

function set<V>(map: Map<string, V>, key: string, value: V | null): void {
  if (value === null) map.delete(key)
  else map.set(key, value)
}
