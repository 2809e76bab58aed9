import { AsyncLocalStorage } from 'node:async_hooks'
import type { Clock } from '@sluice/sdk'

/** A call into a connector's code. */
export interface Call {
  readonly connector: string
  /** Null: of the connector itself. */
  readonly task: number | null
  /** The method's name. */
  readonly what: string
}

/** A call that has not come back yet. */
export interface OpenCall extends Call {
  readonly forMs: number
}

/** Where it is noted, for others to see, who holds the event loop. Called at both ends of every call, so once or twice per batch. */
export interface CallMarks {
  entered(call: Call): void
  left(): void
}

interface Pending {
  readonly call: Call
  readonly since: number
}

/**
 * Knows who is inside of which connector's code: whose call has not come back, when a task's last one did, and whom to name when an
 * error turns up that nobody caught.
 */
export class CallWatch {
  readonly #clock: Clock
  readonly #marks: CallMarks | null
  readonly #context = new AsyncLocalStorage<Call>()
  readonly #pending = new Set<Pending>()
  readonly #returned = new Map<string, number>()
  readonly #entered: Call[] = []

  constructor(clock: Clock, marks: CallMarks | null = null) {
    this.#clock = clock
    this.#marks = marks
  }

  run<T>(call: Call, work: () => T): T {
    const pending: Pending = { call, since: this.#clock.monotonic() }
    this.#pending.add(pending)
    this.#enter(call)
    let result: T
    try {
      result = this.#context.run(call, work)
    } catch (error) {
      this.#done(pending)
      throw error
    } finally {
      this.#leave()
    }
    if (isThenable(result)) result.then(...twice(() => this.#done(pending)))
    else this.#done(pending)
    return result
  }

  /** On whose behalf the code runs that asks: also in timers and promises that a connector has left behind. */
  get current(): Call | null {
    return this.#context.getStore() ?? null
  }

  /** The longest first. */
  open(longerThanMs: number): readonly OpenCall[] {
    const now = this.#clock.monotonic()
    return [...this.#pending]
      .map(({ call, since }) => ({ ...call, forMs: now - since }))
      .filter(({ forMs }) => forMs > longerThanMs)
      .toSorted((a, b) => b.forMs - a.forMs)
  }

  /** When a call of this task last came back, as `clock.monotonic()`. */
  lastReturn(connector: string, task: number): number | null {
    return this.#returned.get(keyOf(connector, task)) ?? null
  }

  forget(connector: string, task: number): void {
    this.#returned.delete(keyOf(connector, task))
  }

  #enter(call: Call): void {
    this.#entered.push(call)
    this.#marks?.entered(call)
  }

  #leave(): void {
    this.#entered.pop()
    const outer = this.#entered.at(-1)
    if (outer === undefined) this.#marks?.left()
    else this.#marks?.entered(outer)
  }

  #done(pending: Pending): void {
    this.#pending.delete(pending)
    const { connector, task } = pending.call
    if (task !== null) this.#returned.set(keyOf(connector, task), this.#clock.monotonic())
  }
}

/** Asked for each record, synchronous and short: to note each call would cost more than what it does. */
const PER_RECORD: ReadonlySet<PropertyKey> = new Set(['scan'])

/**
 * The same object, each call of a method noted, but for those that are asked for each record. What it returns is not looked into, and `this` is the object itself, so that private
 * fields work.
 */
export function watched<T extends object>(target: T, watch: CallWatch, of: Omit<Call, 'what'>): T {
  const methods = new Map<PropertyKey, unknown>()
  const get = (_: T, key: PropertyKey): unknown => {
    const value: unknown = Reflect.get(target, key, target)
    if (typeof value !== 'function') return value
    let method = methods.get(key)
    if (method === undefined) {
      const call: Call = { ...of, what: String(key) }
      method = PER_RECORD.has(key)
        ? value.bind(target)
        : (...args: unknown[]) => watch.run(call, () => Reflect.apply(value, target, args) as unknown)
      methods.set(key, method)
    }
    return method
  }
  // Over an empty object: what is frozen must not be answered for differently by a proxy of its own.
  return new Proxy({} as T, { get, has: (_, key) => Reflect.has(target, key) })
}

function keyOf(connector: string, task: number): string {
  return `${connector}-${task}`
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
}

function twice(done: () => void): [() => void, () => void] {
  return [done, done]
}
