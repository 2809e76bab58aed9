import assert from 'node:assert/strict'
import { SluiceError } from '../errors.ts'
import type { Value } from '../value.ts'

/** The runner's `test`: Jest's, Vitest's or Node's. */
export type Test = (name: string, body: () => Promise<void>) => unknown

/** What a whole test may take: less than the five seconds after which most runners give up without a word. */
export const PATIENCE_MS = 4_000

/** Fails when the work is not done in time; a test that hangs says nothing. */
export async function within<T>(ms: number, what: string, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new assert.AssertionError({ message: `${what} took more than ${ms} ms` })), ms)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

/** An error of the platform that helps its reader. */
export function assertOurs(error: unknown, code?: string): true {
  assert.ok(error instanceof SluiceError, `an error of the platform, not ${String(error)}`)
  if (code !== undefined) assert.equal(error.code, code)
  assert.ok(error.remedy !== undefined || error.retriable, 'the error says what to do')
  return true
}

/** A text that is equal for equal values. */
export function valueText(value: Value): string {
  return JSON.stringify(value, (_, item: unknown) => {
    if (typeof item === 'bigint') return `${item}n`
    if (item instanceof Map) return { map: [...(item as ReadonlyMap<Value, Value>)] }
    return item
  })
}
