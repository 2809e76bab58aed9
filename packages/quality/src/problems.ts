import { SluiceError } from '@sluice/sdk'

/** One thing that is wrong with a gate's definition. */
export interface Problem {
  /** The check's id (`#3`: the third, when it has none), or the gate's or rule set's own part. */
  readonly check: string
  /** Which part of it: `severity`, `params.max`, `where`… */
  readonly parameter: string
  /** What is there, as JSON. */
  readonly value: string
  /** What would be right. */
  readonly right: string
}

/** A definition that cannot be compiled: GATE_RULES_INVALID, with every problem that was found. */
export class GateRulesError extends SluiceError {
  readonly problems: readonly Problem[]

  constructor(gate: string, problems: readonly Problem[]) {
    const list = problems.map((p) => `\n  ${p.check}, ${p.parameter} = ${p.value}: ${p.right}`).join('')
    super(
      'GATE_RULES_INVALID',
      `Gate ${gate} has ${problems.length === 1 ? 'a problem' : `${problems.length} problems`}:${list}`,
      {
        remedy: 'Correct the rules above; nothing has been judged with them.',
      },
    )
    this.problems = problems
  }
}

/** Collects problems, so that all are reported at once. */
export class Problems {
  readonly #found: Problem[] = []

  get count(): number {
    return this.#found.length
  }

  add(check: string, parameter: string, value: unknown, right: string): void {
    this.#found.push({ check, parameter, value: asJson(value), right })
  }

  /** @throws GateRulesError when anything was added */
  throwIfAny(gate: string): void {
    if (this.#found.length > 0) throw new GateRulesError(gate, this.#found)
  }
}

/** The name nearest to a wrong one, as `; did you mean …?`, or nothing when none is near. */
export function didYouMean(wrong: string, names: Iterable<string>): string {
  let best = ''
  let bestDistance = Math.max(2, Math.floor(wrong.length / 3)) + 1
  for (const name of names) {
    const distance = editDistance(wrong.toLowerCase(), name.toLowerCase())
    if (distance < bestDistance) [best, bestDistance] = [name, distance]
  }
  return best === '' ? '' : `; did you mean ${best}?`
}

function editDistance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 8 || a.length > 64) return 99
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const change = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(change, row[j]! + 1, next[j - 1]! + 1))
    }
    row = next
  }
  return row[b.length]!
}

function asJson(value: unknown): string {
  const plain = (_key: string, part: unknown): unknown => (typeof part === 'bigint' ? part.toString() : part)
  const text = JSON.stringify(value, plain) as string | undefined
  return text === undefined ? 'nothing' : text.length <= 200 ? text : `${text.slice(0, 199)}…`
}
