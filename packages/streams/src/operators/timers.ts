import { DataError } from '@sluice/sdk'
import type { Serde } from '../serde.ts'
import { codecOf, keyBytes, type SideCodec } from '../state/formats/side-codec.ts'
import type { KeyValueStore } from '../state/stores.ts'
import { checkSynchronous, refusePromise, type Immediate } from '../topology/synchronous.ts'
import type { PunctuationType } from './operator.ts'
import type { FixedKeyProcessorContext, ProcessorContext, StoreReference } from './process.ts'

/** A store of timers, as `Stores.timers` describes it. */
export interface TimersReference<K> extends StoreReference<KeyValueStore<Uint8Array, Uint8Array>> {
  readonly timerKey: Serde<K>
}

/** How often the clock is looked at for timers of wall-clock time. */
const LOOK_MS = 100

/** What rows begin with: those in the order of their times, and those by key. */
const BY_TIME = 0
const BY_KEY = 1
const NOTHING = new Uint8Array(0)
const TIME_BYTES = 8

/**
 * One timer per key, kept in a store: a processor is called back for each key at its own time, also after a restart or a move.
 *
 * ```ts
 * const reminders = Stores.timers('reminders', { key: Serdes.string })
 *
 * init(context) {
 *   this.timers = new Timers(context, reminders, 'STREAM_TIME', (order, dueAt) => context.forward(new StreamRecord(order, 'unpaid', dueAt)))
 * },
 * process({ key, timestamp }) {
 *   this.timers.set(key, timestamp + HOUR_MS)
 * }
 * ```
 *
 * By stream time they fire behind the record that moves it there, by wall-clock time within a tenth of a second; in the order of their
 * times, each once, in the commit of what came of it. One that is set for a time that is over fires when time moves on. One whose callback
 * throws is over; the others fire.
 */
export class Timers<K> {
  readonly #store: KeyValueStore<Uint8Array, Uint8Array>
  readonly #key: SideCodec<K>
  readonly #callback: (key: K, dueAt: number) => Immediate
  /** No timer is due before; what a restored store holds is not known until it was looked at. */
  #earliest = -Infinity

  /** To be made once, in the processor's `init`; the store belongs to it alone. */
  constructor(
    context: Pick<
      ProcessorContext<never, never> | FixedKeyProcessorContext<never, never>,
      'getStateStore' | 'schedule'
    >,
    timers: TimersReference<K>,
    type: PunctuationType,
    callback: (key: K, dueAt: number) => Immediate,
  ) {
    checkSynchronous(timers.name, { timer: callback })
    this.#store = context.getStateStore(timers)
    this.#key = codecOf<K>(timers.timerKey, timers.name)
    this.#callback = callback
    context.schedule(type === 'STREAM_TIME' ? 1 : LOOK_MS, type, (now) => this.#fire(now))
  }

  /** The key's timer, whatever it was set to before. `dueAt` is in whole milliseconds since the epoch. */
  set(key: K, dueAt: number): void {
    if (!Number.isSafeInteger(dueAt)) throw new DataError(`A timer of ${this.#store.name} cannot be due at ${dueAt}`)
    const bytes = this.#bytes(key)
    this.#remove(bytes)
    this.#store.put(row(BY_KEY, bytes), timeBytes(dueAt))
    this.#store.put(row(BY_TIME, timeBytes(dueAt), bytes), NOTHING)
    this.#earliest = Math.min(this.#earliest, dueAt)
  }

  /** When the key's timer is due; null where there is none. */
  get(key: K): number | null {
    return this.#dueAt(this.#bytes(key))
  }

  cancel(key: K): void {
    this.#remove(this.#bytes(key))
  }

  #bytes(key: K): Uint8Array {
    if (key === null || key === undefined) throw new DataError(`A timer of ${this.#store.name} needs a key`)
    return keyBytes(this.#key, key)
  }

  #fire(now: number): void {
    if (now < this.#earliest) return
    const failures: unknown[] = []
    // What a callback sets is due at the earliest when time moves on: none can keep the others waiting for ever.
    for (const key of this.#due(now)) {
      const dueAt = this.#dueAt(key)
      if (dueAt === null || dueAt > now) continue
      this.#remove(key)
      try {
        refusePromise(`timer of ${this.#store.name}`, this.#callback(this.#key.decode(key), dueAt))
      } catch (error) {
        failures.push(error)
      }
    }
    this.#earliest = Infinity
    for (const { key } of this.#store.prefixScan(row(BY_TIME))) {
      this.#earliest = timeOf(key.subarray(1))
      break
    }
    if (failures.length === 1) throw failures[0]
    if (failures.length > 1)
      throw new AggregateError(failures, `${failures.length} timers failed`, { cause: failures[0] })
  }

  /** The keys of timers that are due, in the order of their times. */
  #due(now: number): readonly Uint8Array[] {
    const keys: Uint8Array[] = []
    for (const { key } of this.#store.range(row(BY_TIME), row(BY_TIME, timeBytes(now + 1))))
      keys.push(key.slice(1 + TIME_BYTES))
    return keys
  }

  #dueAt(key: Uint8Array): number | null {
    const time = this.#store.get(row(BY_KEY, key))
    return time === null ? null : timeOf(time)
  }

  #remove(key: Uint8Array): void {
    const time = this.#store.delete(row(BY_KEY, key))
    if (time !== null) this.#store.delete(row(BY_TIME, time, key))
  }
}

function row(kind: typeof BY_TIME | typeof BY_KEY, ...parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((length, part) => length + part.length, 1))
  bytes[0] = kind
  let at = 1
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

/** Big-endian, with the sign turned over: bytes in the order of times. */
function timeBytes(time: number): Uint8Array {
  const bytes = new Uint8Array(TIME_BYTES)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(time) + (1n << 63n))
  return bytes
}

function timeOf(bytes: Uint8Array): number {
  return Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0) - (1n << 63n))
}
