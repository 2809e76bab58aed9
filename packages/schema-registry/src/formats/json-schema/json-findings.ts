import type { Difference } from '../parsed-schema.ts'

/** Collects what keeps the reader's JSON Schema from accepting what the writer's accepts. Changes that do no harm are not collected. */
export class Findings {
  readonly #found: Difference[] = []

  get all(): readonly Difference[] {
    return this.#found
  }

  add(kind: string, path: string, sentence: string, detail = ''): void {
    this.#found.push({ kind, path, sentence, detail })
  }

  addAll(more: readonly Difference[]): void {
    this.#found.push(...more)
  }

  /** The reader asks for something at this path that the writer does not promise. */
  keyword(kind: string, path: string, keyword: string, how: 'added' | 'smaller' | 'larger' | 'changed'): void {
    const words = {
      added: `is missing in the %w schema`,
      smaller: `is smaller than in the %w schema`,
      larger: `is larger than in the %w schema`,
      changed: `is another one than in the %w schema`,
    }
    this.add(kind, path, `The keyword '${keyword}' at path '${path}' in the %r schema ${words[how]}`, keyword)
  }
}

/** A bound that must not become tighter. Which way is tighter is up to the bound. */
export interface Bound {
  readonly keyword: string
  /** Confluent's word, without what happened to it. */
  readonly word: string
  readonly isUpper: boolean
}

/** Compares bounds of the writer's schema with the reader's. Exclusive ones of draft 4, which are true or false, are none. */
export function compareBounds(
  bounds: readonly Bound[],
  writer: Readonly<Record<string, unknown>>,
  reader: Readonly<Record<string, unknown>>,
  path: string,
  findings: Findings,
): void {
  for (const { keyword, word, isUpper } of bounds) {
    const [had, has] = [writer[keyword], reader[keyword]]
    if (typeof has !== 'number') continue
    const at = `${path}/${keyword}`
    if (typeof had !== 'number') findings.keyword(`${word}_ADDED`, at, keyword, 'added')
    else if (isUpper && has < had) findings.keyword(`${word}_DECREASED`, at, keyword, 'smaller')
    else if (!isUpper && has > had) findings.keyword(`${word}_INCREASED`, at, keyword, 'larger')
  }
}
