/** What a gate says of one record, and how failures become reasons that people can read. */
import type { GateAction, Severity } from './definition.ts'

/** Actions by strength; a number here is the index in it. */
export const ACTIONS: readonly GateAction[] = ['pass', 'mark', 'drop', 'quarantine', 'halt']

/** Severities by weight; a number here is the index in it. */
export const SEVERITIES: readonly Severity[] = ['info', 'warn', 'error', 'fatal']

/** More failures of one record than this are counted in `reasonsOmitted`, not listed. */
export const REASONS_MAX = 20

/** The longest `actual`, `expected` and `message`, in characters. */
export const SHOWN_CHARS_MAX = 200

/** Why a record failed, in words and in codes. Values are cut to 200 characters, and masked where the gate says so. */
export interface Reason {
  /** The check's id; null when no check spoke (a source's or a codec's reason). */
  readonly check: string | null
  /** The path that was looked at; null when the failure belongs to no field. */
  readonly field: string | null
  /** A stable word such as `range.above`; counted and searchable. */
  readonly code: string
  readonly expected: string | null
  readonly actual: string | null
  readonly message: string
  readonly severity: Severity
  /** SHA-256 of the rule, in hex; null when no check spoke. */
  readonly ruleFingerprint: string | null
  /** Where the bytes are, when the source said so: file, line, column. */
  readonly place?: Readonly<Record<string, string | number>>
}

export interface Verdict {
  readonly action: GateAction
  /** The heaviest severity among the failing checks; null when none failed. */
  readonly severity: Severity | null
  /** All failures, at most 20, in the order of the rule set. */
  readonly reasons: readonly Reason[]
  readonly reasonsOmitted: number
}

/** The verdict on every record that fails nothing: one shared object, so that a clean record allocates none. */
export const CLEAN: Verdict = Object.freeze({
  action: 'pass',
  severity: null,
  reasons: Object.freeze([]),
  reasonsOmitted: 0,
})

/** What a compiled check found wrong, before masking. */
export interface Finding {
  readonly field: string | null
  readonly code: string
  readonly expected: string
  readonly actual: unknown
  /** The value that was expected, where it came from another field. */
  readonly other?: { readonly field: string; readonly value: unknown }
  /** A sentence of its own, in place of "expected …, found …". It must not contain values of the record. */
  readonly message?: string
  /** All paths whose values `actual` shows, where they are not just `field`. */
  readonly shows?: readonly string[]
}

/** Makes reasons from findings for one check of one gate. */
export function reasonMaker(
  check: { readonly id: string; readonly severity: Severity; readonly fingerprint: string },
  isMasked: (field: string) => boolean,
): (finding: Finding) => Reason {
  return (finding) => {
    const masked = (finding.shows ?? (finding.field === null ? [] : [finding.field])).some(isMasked)
    const actual = masked ? mask(show(finding.actual)) : show(finding.actual)
    const other = finding.other
    const expected =
      other === undefined
        ? finding.expected
        : `${finding.expected} (${isMasked(other.field) ? mask(show(other.value)) : show(other.value)})`
    const where = finding.field === null ? '' : `${finding.field}: `
    return {
      check: check.id,
      field: finding.field,
      code: finding.code,
      expected: cut(expected),
      actual,
      message: cut(finding.message ?? `${where}expected ${expected}, found ${actual}`),
      severity: check.severity,
      ruleFingerprint: check.fingerprint,
    }
  }
}

/** A value in at most 200 characters. Containers and bytes are shown by size only. */
export function show(value: unknown): string {
  if (typeof value === 'string') return cut(value)
  if (value === null) return 'null'
  if (value === undefined) return 'nothing'
  if (typeof value !== 'object') return (value as number | bigint | boolean).toString()
  if (value instanceof Uint8Array) return `${value.length} bytes`
  if (Array.isArray(value)) return `a list of ${value.length}`
  if (value instanceof Map) return `a map of ${value.size}`
  return `an object of ${Object.keys(value).length} fields`
}

/** At most 200 characters, the last one `…` when something is missing; well-formed, so that it survives UTF-8. */
export function cut(text: string, charsMax: number = SHOWN_CHARS_MAX): string {
  return (text.length <= charsMax ? text : `${text.slice(0, charsMax - 1)}…`).toWellFormed()
}

/** The shape of a text without its content: letters become `x`, digits `9`; punctuation and length stay. */
export function mask(text: string): string {
  return text.replace(/\p{N}/gu, '9').replace(/[\p{L}\p{M}]/gu, 'x')
}
