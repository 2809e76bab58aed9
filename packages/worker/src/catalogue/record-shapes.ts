/** Readers of JSON that somebody else may have written: each gives the value with its type, or says where it is another. */
import { DataError } from '@sluice/sdk'

/** @throws DataError naming the place */
export type Reader<T> = (value: unknown, at: string) => T

export const text: Reader<string> = (value, at) => (typeof value === 'string' ? value : not('a text', at))

export const number: Reader<number> = (value, at) =>
  typeof value === 'number' && Number.isSafeInteger(value) ? value : not('a whole number', at)

/** An object of texts. Copied by `fromEntries`, to which `__proto__` is a name like any other. */
export const texts: Reader<Readonly<Record<string, string>>> = (value, at) =>
  Object.fromEntries(Object.entries(record(value, at)).map(([key, member]) => [key, text(member, `${at}.${key}`)]))

export function word<const W extends string>(...words: readonly W[]): Reader<W> {
  return (value, at) => words.find((one) => one === value) ?? not(`one of ${words.join(', ')}`, at)
}

export function orNull<T>(read: Reader<T>): Reader<T | null> {
  return (value, at) => (value === null ? null : read(value, at))
}

/** Of a member that older releases did not write: null. */
export function orAbsent<T>(read: Reader<T>): Reader<T | null> {
  return (value, at) => (value === undefined ? null : orNull(read)(value, at))
}

export function array<T>(read: Reader<T>): Reader<readonly T[]> {
  return (value, at) =>
    Array.isArray(value) ? value.map((item: unknown, i) => read(item, `${at}[${i}]`)) : not('a list', at)
}

/** With these members; others, of a release that knows more, are left aside. */
export function object<T extends object>(members: { readonly [K in keyof T]: Reader<T[K]> }): Reader<T> {
  return (value, at) => {
    const given = record(value, at)
    const read = Object.entries<Reader<unknown>>(members).map(([key, reader]) => [
      key,
      reader(given[key], `${at}.${key}`),
    ])
    return Object.fromEntries(read) as T
  }
}

/** As `read` has it, if it also passes. */
export function suchThat<T>(what: string, read: Reader<T>, passes: (value: T) => boolean): Reader<T> {
  return (value, at) => {
    const found = read(value, at)
    return passes(found) ? found : not(what, at)
  }
}

function record(value: unknown, at: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return not('an object', at)
  return value as Readonly<Record<string, unknown>>
}

function not(what: string, at: string): never {
  throw new DataError(`${at} is not ${what}`)
}
