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

function isAsync(call: unknown): boolean {
  return typeof call === 'function' && ASYNC.has(Object.prototype.toString.call(call))
}
