import type { SessionDefinition } from './definition.ts'
import { readSessionKey, SESSION_END, sessionKey } from './formats/windowed-keys.ts'
import { identityOf } from './identity-of.ts'
import { justBehind, type KeyIdentity } from './key-identity.ts'
import { Retention } from './retention.ts'
import { checkKey, checkTime } from './row-check.ts'
import {
  NO_BYTES,
  type ChangelogRecord,
  type RestoreFilter,
  type StoreContext,
  type StoreImage,
  type StoreRow,
  type TaskStore,
} from './store-context.ts'
import type { SessionEntry, SessionStore } from './stores.ts'
import type { TableEngine, TimeTable, TimedEntry } from './tables.ts'
import { updateLog, type UpdateLog } from './update-log.ts'
import { plainFormat, type ValueFormat } from './value-format.ts'

/** Sessions by key, end and start. */
export class Sessions<K, V> implements SessionStore<K, V>, TaskStore {
  readonly name: string
  readonly #keys: KeyIdentity<K>
  readonly #table: TimeTable<K, V, SessionEntry<K, V>>
  readonly #log: UpdateLog<K, V>
  readonly #context: StoreContext
  readonly #retention: Retention
  readonly #values: ValueFormat<V>

  constructor(definition: SessionDefinition, context: StoreContext, engine: TableEngine) {
    const { name, retentionMs } = definition
    this.name = name
    this.#context = context
    const values = (this.#values = plainFormat<V>(definition.value, context.changelogTopic(name)))
    const keys = (this.#keys = identityOf<K>(definition, context))
    const table = (this.#table = engine.timeTable<K, V, SessionEntry<K, V>>({
      store: name,
      keys,
      values,
      retentionMs,
      isAppendOnly: false,
      entry: (key, end, start, value) => ({ key, start, end, value }),
    }))
    this.#retention = new Retention(retentionMs, engine.counter(name, 'time', -Infinity), (before) =>
      table.expire(before),
    )
    this.#log = updateLog<K, V>(definition, context, {
      keys,
      end: SESSION_END,
      values,
    })
  }

  put(key: K, start: number, end: number, aggregate: V | null): void {
    checkKey(this.name, key)
    checkTime(this.name, start)
    checkTime(this.name, end)
    if (!this.#retention.takes(end)) {
      this.#context.onExpired(this.name)
      return
    }
    const { journal } = this.#context
    if (journal !== undefined && journal !== null) {
      const before = this.#table.get(key, end, start)
      journal.add(() => this.#write(key, start, end, before))
    }
    this.#write(key, start, end, aggregate ?? null)
  }

  remove(key: K, start: number, end: number): void {
    this.put(key, start, end, null)
  }

  fetchSession(key: K, start: number, end: number): V | null {
    return end < this.#retention.oldest ? null : this.#table.get(key, end, start)
  }

  findSessions(key: K, earliestEnd: number, latestStart: number): Iterable<SessionEntry<K, V>> {
    return this.#table.ofKey(key, this.#kept(earliestEnd), Infinity, false).filter(startsBy(latestStart))
  }

  backwardFindSessions(key: K, earliestEnd: number, latestStart: number): Iterable<SessionEntry<K, V>> {
    return this.#table.ofKey(key, this.#kept(earliestEnd), Infinity, true).filter(startsBy(latestStart))
  }

  *findSessionsOfKeys(
    keyFrom: K | null,
    keyTo: K | null,
    earliestEnd: number,
    latestStart: number,
  ): Generator<SessionEntry<K, V>, void> {
    const begin = keyFrom === null ? null : this.#keys.order(keyFrom)
    const behind = keyTo === null ? null : justBehind(this.#keys.order(keyTo))
    for (const session of this.#table.ofKeys(begin, behind, this.#kept(earliestEnd), Infinity, false))
      if (session.start <= latestStart) yield session
  }

  findSessionsByEnd(from: number, to: number): Iterable<SessionEntry<K, V>> {
    return this.#table.byTime(this.#kept(from), to, false)
  }

  fetch(key: K): Iterable<SessionEntry<K, V>> {
    return this.#table.ofKey(key, this.#kept(-Infinity), Infinity, false)
  }

  all(): Iterable<SessionEntry<K, V>> {
    return this.#table.byTime(this.#kept(-Infinity), Infinity, false)
  }

  flush(): void {
    this.#log.flush()
  }

  restore(records: readonly ChangelogRecord[], accepts?: RestoreFilter): void {
    for (const record of records) {
      if (accepts !== undefined && !accepts(record)) continue
      const { key, start, end } = readSessionKey(record.key)
      if (this.#retention.takes(end)) this.#table.restore(key, end, start, record.value, record.timestamp)
    }
  }

  image(): StoreImage {
    const counters = { time: this.#retention.time }
    return { rows: this.#rowsOf(this.#table.frozen(), this.#retention.oldest), counters }
  }

  resume(counters: Readonly<Record<string, number>>): void {
    const { time } = counters
    if (time !== undefined) this.#retention.takes(time)
  }

  close(): void {}

  *#rowsOf(entries: Iterable<TimedEntry<K, V>>, oldest: number): Generator<StoreRow, void> {
    for (const { key, time, number, value } of entries) {
      if (time < oldest) continue
      const bytes = this.#values.write(value) ?? NO_BYTES
      yield {
        key: sessionKey(this.#keys.bytes(key), number, time),
        value: bytes,
        timestamp: this.#values.timestampOf(value) ?? time,
      }
    }
  }

  #write(key: K, start: number, end: number, aggregate: V | null): void {
    if (aggregate === null) this.#table.remove(key, end, start)
    else this.#table.put(key, end, start, aggregate)
    this.#log.append(key, end, start, aggregate)
  }

  #kept(from: number): number {
    return Math.max(from, this.#retention.oldest)
  }
}

function startsBy(latest: number): (session: { readonly start: number }) => boolean {
  return ({ start }) => start <= latest
}
