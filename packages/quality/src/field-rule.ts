/** Rules that ask the same of each of their fields, one value at a time: the shape of most checks. */
import { FAIL, PASS, SKIP, type CheckScope, type Outcome, type Rule } from './check-kind.ts'
import type { Finding } from './verdict.ts'

export interface FieldTest {
  /** What a value must be, for reasons. */
  readonly expected: string
  /** The code of what is wrong with the value, or null when nothing is. */
  readonly fault: (value: unknown) => string | null
  /** Whether null and absent values are put to the test; otherwise they are skipped. */
  readonly seesNull?: true
}

/** Fails when one field fails, passes when at least one was tested and none failed, and is skipped otherwise. */
export function fieldRule(scope: CheckScope, test: FieldTest): Rule {
  const { fields } = scope
  const { fault, seesNull } = test
  const findings = (record: Parameters<Rule['findings']>[0]): Finding[] =>
    fields.flatMap(({ path, read }) => {
      const actual = read(record)
      if (seesNull !== true && (actual === null || actual === undefined)) return []
      const code = fault(actual)
      return code === null ? [] : [{ field: path, code, expected: test.expected, actual }]
    })

  const [first] = fields
  if (first === undefined || fields.length > 1) {
    const reads = fields.map((field) => field.read)
    return {
      evaluate(record) {
        let outcome: Outcome = SKIP
        for (const read of reads) {
          const value = read(record)
          if (seesNull !== true && (value === null || value === undefined)) continue
          if (fault(value) !== null) return FAIL
          outcome = PASS
        }
        return outcome
      },
      findings,
    }
  }
  const { read } = first
  if (seesNull === true) return { evaluate: (record) => (fault(read(record)) === null ? PASS : FAIL), findings }
  return {
    evaluate(record) {
      const value = read(record)
      if (value === null || value === undefined) return SKIP
      return fault(value) === null ? PASS : FAIL
    },
    findings,
  }
}
