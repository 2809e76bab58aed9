import { addOutput, type Outputs } from './model.ts'
import type { SimulatedBroker } from './simulated-broker.ts'

/** What of an output topic must be as in the model: each key's values in their order; or in any; or only each key's last one. */
export type Comparison = 'sequence' | 'set' | 'latest'

/**
 * `exactly`: exactly once. `at least`: everything is there, some of it more often, and nothing else. `count at least`: states that went on
 * from a crash have some records in them twice, so that only the number of results is known; but for topics that are compared as a `set`.
 */
export type Strictness = 'exactly' | 'at least' | 'count at least'

/** What readers of committed records find in topics. */
export function foundOutputs(topics: readonly string[], broker: SimulatedBroker): Outputs {
  return new Map(
    topics.map((topic) => {
      const found = new Map<string, string[]>()
      for (const partition of broker.topics.get(topic) ?? [])
        for (const record of partition.committed()) addOutput(found, record)
      return [topic, found]
    }),
  )
}

/** Compares what there is with what there should be. Returns one sentence per topic that differs. */
export function compareOutputs(
  expected: Outputs,
  outputs: Outputs,
  comparisons: Readonly<Record<string, Comparison>>,
  strictness: Strictness,
): readonly string[] {
  return [...expected].flatMap(([topic, wanted]) => {
    const found = outputs.get(topic) ?? new Map<string, readonly string[]>()
    const comparison = comparisons[topic] ?? 'sequence'
    for (const key of new Set([...wanted.keys(), ...found.keys()])) {
      const [a, b] = [wanted.get(key) ?? [], found.get(key) ?? []]
      if (!isAlike(a, b, comparison, strictness))
        return [`${topic}: of key ${text(key)} there should be ${list(a)}, and there is ${list(b)}`]
    }
    return []
  })
}

function isAlike(a: readonly string[], b: readonly string[], comparison: Comparison, strictness: Strictness): boolean {
  if (strictness === 'count at least' && comparison !== 'set') return b.length >= a.length
  if (strictness !== 'exactly') {
    const [wanted, found] = [new Set(a), new Set(b)]
    return b.length >= a.length && wanted.size === found.size && [...wanted].every((value) => found.has(value))
  }
  if (comparison === 'latest') return a.at(-1) === b.at(-1)
  const [x, y] = comparison === 'set' ? [a.toSorted(), b.toSorted()] : [a, b]
  return x.length === y.length && x.every((value, i) => value === y[i])
}

function list(values: readonly string[]): string {
  const shown = values.slice(-12).map(text).join(', ')
  return `${values.length} (${values.length > 12 ? '… ' : ''}${shown})`
}

/** Hexadecimal digits, as text where they are text. */
function text(hex: string): string {
  const decoded = Buffer.from(hex, 'hex').toString()
  return /^[\x20-\x7e]+$/.test(decoded) ? decoded : hex
}
