/** The function that reads a record: made of source text, because an object that is written out as one literal is made fastest. */
import type { Value } from '@sluice/sdk'
import { under } from '../value-path.ts'
import type { AvroInput } from './avro-input.ts'

/** One field that was written; without a target it is read and forgotten. */
export interface RecordStep {
  readonly name: string
  readonly read: (input: AvroInput) => Value
  readonly target?: string
}

type Fail = (step: number, error: unknown) => unknown
type Read = (input: AvroInput) => Value

/**
 * @param names the fields of the struct, in order
 * @param constants those that are not written
 */
export function recordReader(
  steps: readonly RecordStep[],
  names: readonly string[],
  constants: ReadonlyMap<string, Value>,
): Read {
  const fail: Fail = (step, error) => under(`.${steps[step]!.name}`, error)
  const reads = steps.map((_, i) => `at = ${i}; const v${i} = read${i}(input)`)
  const fixed = [...constants.keys()]
  const members = names.map((name) => {
    const step = steps.findIndex(({ target }) => target === name)
    // In brackets even `__proto__` is a field like any other.
    return `[${JSON.stringify(name)}]: ${step < 0 ? `constant${fixed.indexOf(name)}` : `v${step}`}`
  })
  const source = `
    ${steps.map((_, i) => `const read${i} = reads[${i}]`).join('\n')}
    ${fixed.map((_, i) => `const constant${i} = constants[${i}]`).join('\n')}
    return (input) => {
      let at = 0
      try {
        ${reads.join('\n')}
        return { ${members.join(', ')} }
      } catch (error) {
        throw fail(at, error)
      }
    }`
  // oxlint-disable-next-line no-new-func, typescript/no-implied-eval -- names stand in it as JSON strings, all else are numbers
  const make = new Function('reads', 'constants', 'fail', source) as (
    reads: readonly Read[],
    constants: readonly Value[],
    fail: Fail,
  ) => Read
  return make(
    steps.map(({ read }) => read),
    fixed.map((name) => constants.get(name)!),
    fail,
  )
}
