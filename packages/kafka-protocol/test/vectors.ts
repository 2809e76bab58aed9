import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const folder = process.env['VECTORS'] ?? fileURLToPath(new URL('../../e2e/vectors', import.meta.url))

type Reviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown
const parseJson = JSON.parse as (text: string, reviver: Reviver) => unknown

/** A file of vectors. 64-bit numbers keep their value: what is not a safe integer becomes a bigint. */
export function readVectors(file: string): unknown {
  return parseJson(readFileSync(`${folder}/kafka-protocol/${file}`, 'utf8'), (_key, value, { source }) =>
    typeof value === 'number' && source !== undefined && /^-?\d+$/.test(source) && !Number.isSafeInteger(value)
      ? BigInt(source)
      : value,
  )
}

/** Runs a check on every case; the message of the failure names the first few that did not pass. */
export function checkAll<C>(cases: readonly C[], name: (one: C, i: number) => string, check: (one: C) => void): void {
  const failures: string[] = []
  cases.forEach((one, i) => {
    try {
      check(one)
    } catch (error) {
      failures.push(`${name(one, i)}: ${error instanceof Error ? error.message : String(error)}`)
    }
  })
  if (failures.length > 0) {
    throw new Error(`${failures.length} of ${cases.length} cases fail:\n${failures.slice(0, 5).join('\n')}`)
  }
}
