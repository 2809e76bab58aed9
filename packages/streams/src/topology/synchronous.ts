import { topologyInvalid } from './topology-invalid.ts'

/** Functions of the user's that a node calls, by what they are to it, such as `mapper`. What is no function is passed over. */
export type Calls = Readonly<Record<string, unknown>>

/**
 * What a function may return whose answer nobody looks at: anything but a promise, which the compiler would take for nothing (`void`).
 */
export type Immediate =
  void | undefined | null | boolean | number | bigint | string | symbol | (object & { readonly then?: never })

/** What JavaScript itself says of a function that does not answer at once, in whatever realm it was made. */
const ASYNC = new Set(['[object AsyncFunction]', '[object AsyncGeneratorFunction]'])

/**
 * A record runs from source to sink in one go: a function that answers later answers too late.
 * @throws SluiceError TOPOLOGY_INVALID for an async function
 */
export function checkSynchronous(node: string, calls: Calls): void {
  for (const [role, call] of Object.entries(calls)) {
    if (!isAsync(call)) continue
    throw topologyInvalid(
      `The ${role} of ${node} is an async function, whose answer would come too late`,
      'Let it answer at once; what takes its time is asked with mapValuesAsync.',
      { node },
    )
  }
}

/** `checkSynchronous` of the methods of an object of the user's, those that it has. */
export function checkMethods<T extends object>(node: string, of: T, ...names: readonly (string & keyof T)[]): void {
  checkSynchronous(node, Object.fromEntries(names.map((name) => [name, Reflect.get(of, name) as unknown])))
}

/** For what a function has returned whose answer nobody looks at. @throws TypeError for a promise */
export function refusePromise(role: string, answer: unknown): void {
  if (!(answer instanceof Promise)) return
  answer.catch(() => undefined)
  throw new TypeError(`The ${role} returned a promise, which nobody waits for`)
}

/**
 * What a function of the user's has made. Undefined, which is easily answered, is the null that it is when it is written: else a record
 * would count as one with a value until it comes to a topic.
 * @throws TypeError for a promise, which would be a value like others to all that follows
 */
export function made<T>(role: string, answer: T): T | null {
  if (answer instanceof Promise) refusePromise(role, answer)
  return answer === undefined ? null : answer
}

/** The key and value that it has made. @throws TypeError for what is no pair, or has a promise in it */
export function madePair(role: string, answer: unknown): readonly [key: unknown, value: unknown] {
  if (!Array.isArray(answer)) throw otherwise(role, answer, '[key, value]')
  const pair = answer as readonly unknown[] as readonly [unknown, unknown]
  refusePromise(role, pair[0])
  refusePromise(role, pair[1])
  return pair
}

/** What a supplier gives. @throws TypeError for a promise; SluiceError TOPOLOGY_INVALID for what has no such method, as a class has not */
export function suppliedBy<P extends object>(node: string, supplier: () => P, method: string & keyof P): P {
  const given: unknown = supplier()
  refusePromise(`supplier of ${node}`, given)
  if (typeof given === 'object' && given !== null && typeof Reflect.get(given, method) === 'function') return given as P
  throw topologyInvalid(
    `The supplier of ${node} gives no object that has ${method}()`,
    'Let it return a new one at each call, as in () => new Counter().',
    { node },
  )
}

/** All that it has made. @throws TypeError for what is no list */
export function madeAll<T>(role: string, answer: Iterable<T>): Iterable<T> {
  if (typeof (answer as Partial<Iterable<T>> | null | undefined)?.[Symbol.iterator] === 'function') return answer
  throw otherwise(role, answer, 'a list')
}

function otherwise(role: string, answer: unknown, wanted: string): TypeError {
  refusePromise(role, answer)
  return new TypeError(`The ${role} answers ${answer === null ? 'null' : typeof answer} where ${wanted} is asked for`)
}

function isAsync(call: unknown): boolean {
  return typeof call === 'function' && ASYNC.has(Object.prototype.toString.call(call))
}
