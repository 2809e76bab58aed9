import type { KeyIdentity } from '../key-identity.ts'
import type { TimeTable, TimeTableSpec } from '../tables.ts'
import { MemoryRows } from './rows.ts'
import { TimeIndex } from './time-index.ts'
import { Track } from './track.ts'

/** A track per key. Walking by time is prepared for at the first walk: most tables are only read by key. */
export class TimeRows<K, V, E> implements Omit<TimeTable<K, V, E>, 'restore'> {
  readonly #keys: KeyIdentity<K>
  readonly #entry: TimeTableSpec<K, V, E>['entry']
  readonly #tracks: MemoryRows<K, Track<K, V>>
  #index: TimeIndex<K, V> | null = null

  constructor(spec: Pick<TimeTableSpec<K, V, E>, 'keys' | 'entry'>) {
    this.#keys = spec.keys
    this.#entry = spec.entry
    this.#tracks = new MemoryRows(spec.keys)
  }

  get(key: K, time: number, number: number): V | null {
    return this.#tracks.get(key)?.get(time, number) ?? null
  }

  put(key: K, time: number, number: number, value: V): void {
    let track = this.#tracks.get(key)
    if (track === null) {
      track = new Track(key)
      this.#tracks.put(key, track)
    }
    track.put(time, number, value)
    this.#index?.add(time, track)
  }

  remove(key: K, time: number, number: number): void {
    const track = this.#tracks.get(key)
    if (track === null || !track.remove(time, number)) return
    if (track.length === 0) this.#tracks.remove(key)
    if (this.#index !== null && track.times[track.firstAt(time)] !== time) this.#index.remove(time, track)
  }

  ofKey(key: K, from: number, to: number, isReverse: boolean): readonly E[] {
    const track = this.#tracks.get(key)
    return track === null ? [] : this.#entries(track, from, to, isReverse)
  }

  *ofKeys(
    keyFrom: string | null,
    keyBefore: string | null,
    from: number,
    to: number,
    isReverse: boolean,
  ): Generator<E, void> {
    for (const { value } of this.#tracks.range(keyFrom, keyBefore, isReverse))
      yield* this.#entries(value, from, to, isReverse)
  }

  *byTime(from: number, to: number, isReverse: boolean): Generator<E, void> {
    const index = (this.#index ??= new TimeIndex(this.#allTracks()))
    const times = index.times(from, to)
    for (const time of isReverse ? times.toReversed() : times) {
      for (const track of this.#inOrder(index.at(time), isReverse)) yield* this.#entries(track, time, time, isReverse)
    }
  }

  each(visit: (key: K, time: number, number: number, value: V) => void): void {
    for (const track of this.#allTracks())
      for (let at = 0; at < track.length; at++) visit(track.key, track.times[at]!, track.number(at), track.values[at]!)
  }

  /** All, key by key, in no order. */
  *entries(): Generator<E, void> {
    for (const track of this.#allTracks()) yield* this.#entries(track, -Infinity, Infinity, false)
  }

  expire(before: number): void {
    this.#index?.expire(before)
    for (const track of this.#allTracks()) {
      track.expire(before)
      if (track.length === 0) this.#tracks.remove(track.key)
    }
  }

  #entries(track: Track<K, V>, from: number, to: number, isReverse: boolean): E[] {
    const entries: E[] = []
    const { times, values, key } = track
    for (let at = track.firstAt(from); at < times.length && times[at]! <= to; at++)
      entries.push(this.#entry(key, times[at]!, track.number(at), values[at]!))
    return isReverse ? entries.toReversed() : entries
  }

  *#allTracks(): Generator<Track<K, V>, void> {
    for (const { value } of this.#tracks.rows()) if (value !== null) yield value
  }

  #inOrder(tracks: Iterable<Track<K, V>>, isReverse: boolean): Track<K, V>[] {
    const ordered = [...tracks].map((track) => ({ track, order: this.#keys.order(track.key) }))
    const sign = isReverse ? -1 : 1
    return ordered.toSorted((a, b) => (a.order < b.order ? -sign : sign)).map(({ track }) => track)
  }
}
