/** Which keys have entries at which time: what walking by time needs. Times mostly come in order. */

import type { Track } from './track.ts'

export class TimeIndex<K, V> {
  readonly #tracks = new Map<number, Set<Track<K, V>>>()
  /** Ascending. */
  readonly #times: number[] = []

  constructor(tracks: Iterable<Track<K, V>>) {
    for (const track of tracks) {
      for (const time of track.times) {
        const set = this.#tracks.get(time)
        if (set === undefined) this.#tracks.set(time, new Set([track]))
        else set.add(track)
      }
    }
    this.#times.push(...[...this.#tracks.keys()].toSorted((a, b) => a - b))
  }

  add(time: number, track: Track<K, V>): void {
    const set = this.#tracks.get(time)
    if (set !== undefined) {
      set.add(track)
      return
    }
    this.#tracks.set(time, new Set([track]))
    const last = this.#times.at(-1)
    if (last === undefined || last < time) this.#times.push(time)
    else this.#times.splice(this.#firstAt(time), 0, time)
  }

  /** The key has nothing at this time any more. */
  remove(time: number, track: Track<K, V>): void {
    const set = this.#tracks.get(time)
    if (set === undefined) return
    set.delete(track)
    if (set.size > 0) return
    this.#tracks.delete(time)
    this.#times.splice(this.#firstAt(time), 1)
  }

  expire(before: number): void {
    for (const time of this.#times.splice(0, this.#firstAt(before))) this.#tracks.delete(time)
  }

  /** The times between the two, both included, ascending. */
  times(from: number, to: number): number[] {
    const begin = this.#firstAt(from)
    let end = begin
    while (end < this.#times.length && this.#times[end]! <= to) end++
    return this.#times.slice(begin, end)
  }

  at(time: number): Iterable<Track<K, V>> {
    return this.#tracks.get(time) ?? []
  }

  #firstAt(time: number): number {
    let low = 0
    let high = this.#times.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#times[middle]! < time) low = middle + 1
      else high = middle
    }
    return low
  }
}
