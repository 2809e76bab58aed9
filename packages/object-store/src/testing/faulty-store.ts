import { SluiceError } from '@sluice/sdk'
import type { ListOptions, ObjectFacts, ObjectPage, ObjectStore, StoreCall } from '../object-store.ts'

export type StoreOperation = 'put' | 'putIfAbsent' | 'get' | 'getRange' | 'head' | 'list' | 'delete'

/**
 * | effect | is it done? | what the caller sees |
 * |---|---|---|
 * | refuse | no | STORE_UNAVAILABLE, retriable |
 * | lose-answer | yes | STORE_UNAVAILABLE, retriable: the outcome is unknown |
 * | answer-exists | yes | `exists`, as from a client whose own second attempt met the object of its first (`putIfAbsent`) |
 * | crash-before | no | INTERRUPTED, and so from every later call: the process is dead |
 * | crash-after | yes | the same |
 * | none | yes | the true answer: for a fault that is only a `meanwhile` |
 */
export type FaultEffect = 'refuse' | 'lose-answer' | 'answer-exists' | 'crash-before' | 'crash-after' | 'none'

export interface Fault {
  readonly effect: FaultEffect
  /** Which calls it is about; default: all. */
  readonly on?: StoreOperation
  readonly path?: RegExp
  /** The first of those calls that it strikes, from 1. Default 1. */
  readonly nth?: number
  /** How many calls in a row it strikes. Default 1. */
  readonly times?: number
  /** What somebody else does just before the call is carried out or refused. */
  readonly meanwhile?: () => Promise<unknown>
}

/**
 * A store that fails where it is told to, or at random from a seed, and remembers what was asked of it. What lies below it
 * keeps its promises, so that a second, healthy reader sees what really happened.
 */
export class FaultyStore implements ObjectStore {
  readonly url: string
  /** Every call in order, as `putIfAbsent _delta_log/…`. */
  readonly calls: string[] = []
  readonly #inner: ObjectStore
  readonly #faults: { readonly fault: Fault; met: number }[]
  readonly #chance: (() => FaultEffect | undefined) | undefined
  #dead = false

  constructor(inner: ObjectStore, faults: readonly Fault[] = [], chance?: () => FaultEffect | undefined) {
    this.#inner = inner
    this.url = inner.url
    this.#faults = faults.map((fault) => ({ fault, met: 0 }))
    this.#chance = chance
  }

  /** Fails each call with probability `rate`, half of the failed ones after they were carried out. The same seed fails the same calls. */
  static seeded(inner: ObjectStore, seed: number, rate: number): FaultyStore {
    const next = seededNumbers(seed)
    return new FaultyStore(inner, [], () => {
      const [strikes, which] = [next() < rate, next()]
      if (!strikes) return undefined
      return which < 0.5 ? 'refuse' : which < 0.8 ? 'lose-answer' : 'answer-exists'
    })
  }

  put(path: string, bytes: Uint8Array, call?: StoreCall): Promise<void> {
    return this.#run('put', path, () => this.#inner.put(path, bytes, call))
  }
  putIfAbsent(path: string, bytes: Uint8Array, call?: StoreCall): Promise<'created' | 'exists'> {
    return this.#run('putIfAbsent', path, () => this.#inner.putIfAbsent(path, bytes, call), 'exists')
  }
  get(path: string, call?: StoreCall): Promise<Uint8Array> {
    return this.#run('get', path, () => this.#inner.get(path, call))
  }
  getRange(path: string, offset: number, length: number, call?: StoreCall): Promise<Uint8Array> {
    return this.#run('getRange', path, () => this.#inner.getRange(path, offset, length, call))
  }
  head(path: string, call?: StoreCall): Promise<ObjectFacts | undefined> {
    return this.#run('head', path, () => this.#inner.head(path, call))
  }
  list(prefix: string, options?: ListOptions): Promise<ObjectPage> {
    return this.#run('list', prefix, () => this.#inner.list(prefix, options))
  }
  delete(path: string, call?: StoreCall): Promise<void> {
    return this.#run('delete', path, () => this.#inner.delete(path, call))
  }

  async #run<T>(operation: StoreOperation, path: string, act: () => Promise<T>, existsAnswer?: T): Promise<T> {
    if (this.#dead) throw died(operation, path)
    this.calls.push(`${operation} ${path}`)
    const fault = this.#faultFor(operation, path)
    await fault?.meanwhile?.()
    const effect = fault?.effect ?? this.#chance?.() ?? 'none'
    if (effect === 'refuse') throw failed(operation, path, 'refused on purpose')
    if (effect === 'crash-before') throw this.#die(operation, path)
    const answer = await act()
    if (effect === 'lose-answer') throw failed(operation, path, 'its answer was lost on purpose')
    if (effect === 'crash-after') throw this.#die(operation, path)
    return effect === 'answer-exists' && existsAnswer !== undefined ? existsAnswer : answer
  }

  #faultFor(operation: StoreOperation, path: string): Fault | undefined {
    let striking: Fault | undefined
    for (const entry of this.#faults) {
      const { fault } = entry
      if (fault.on !== undefined && fault.on !== operation) continue
      if (fault.path !== undefined && !fault.path.test(path)) continue
      entry.met++
      const first = fault.nth ?? 1
      if (entry.met >= first && entry.met < first + (fault.times ?? 1)) striking ??= fault
    }
    return striking
  }

  #die(operation: StoreOperation, path: string): SluiceError {
    this.#dead = true
    return died(operation, path)
  }
}

function failed(operation: StoreOperation, path: string, how: string): SluiceError {
  return new SluiceError('STORE_UNAVAILABLE', `The ${operation} of ${path} failed: ${how}`, { retriable: true })
}

function died(operation: StoreOperation, path: string): SluiceError {
  return new SluiceError('INTERRUPTED', `The ${operation} of ${path} was cut off: the process is dead, on purpose`)
}

/** Numbers in [0, 1) from a seed: a 32-bit counter, mixed (the finaliser of MurmurHash3). */
function seededNumbers(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x9e3779b9) | 0
    let mixed = Math.imul(state ^ (state >>> 16), 0x85ebca6b)
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
    return ((mixed ^ (mixed >>> 16)) >>> 0) / 0x1_0000_0000
  }
}
