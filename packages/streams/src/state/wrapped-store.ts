import type { StateStore } from './stores.ts'

type Method = (...args: readonly unknown[]) => unknown

/** A store whose methods are what `wrap` makes of its own ones, each bound and wrapped once; whatever else it has is passed on. */
export function wrappedStore<S extends StateStore>(store: S, wrap: (name: string, method: Method) => Method): S {
  const view = {}
  const own = store as unknown as Record<string, unknown>
  const seen = new Set<string>(['constructor'])
  for (let of: object = store; of !== Object.prototype; of = Object.getPrototypeOf(of) as object) {
    for (const name of Object.getOwnPropertyNames(of)) {
      if (seen.has(name)) continue
      seen.add(name)
      const isMethod = typeof Object.getOwnPropertyDescriptor(of, name)!.value === 'function'
      if (isMethod) Object.assign(view, { [name]: wrap(name, (own[name] as Method).bind(store)) })
      else {
        const set = (value: unknown): void => void (own[name] = value)
        Object.defineProperty(view, name, { get: () => own[name], set, enumerable: true })
      }
    }
  }
  return view as S
}
