import type { ConnectRecord, Predicate, Transform } from '@sluice/sdk'

/** One step of a chain: a transform, perhaps only for records that a predicate chooses (or rejects, when negated). */
export interface TransformStep {
  readonly alias: string
  readonly transform: Transform
  readonly predicate: Predicate | null
  readonly negate: boolean
}

/**
 * The steps as one function: called once per record, without allocation of its own. Null means a step dropped the record.
 * No steps: null, so that the loops can skip the stage altogether.
 */
export function compileChain(steps: readonly TransformStep[]): Transform | null {
  const functions = steps.map(conditional)
  switch (functions.length) {
    case 0:
      return null
    case 1:
      return functions[0]!
    default:
      return <R extends ConnectRecord>(record: R): R | null => {
        let at: R | null = record
        for (let i = 0; i < functions.length && at !== null; i++) at = functions[i]!(at)
        return at
      }
  }
}

function conditional({ alias, transform, predicate, negate }: TransformStep): Transform {
  const step: Transform =
    predicate === null
      ? transform
      : <R extends ConnectRecord>(record: R): R | null => (predicate(record) === negate ? record : transform(record))
  return <R extends ConnectRecord>(record: R): R | null => {
    try {
      return step(record)
    } catch (error) {
      if (typeof error === 'object' && error !== null) FAILED_STEPS.set(error, alias)
      throw error
    }
  }
}

/** Kept beside the errors, which are the transforms' own. */
const FAILED_STEPS = new WeakMap<object, string>()

/** The alias of the step that an error came out of, for dead letters; undefined when it did not come out of a chain. */
export function failedStep(error: unknown): string | undefined {
  return typeof error === 'object' && error !== null ? FAILED_STEPS.get(error) : undefined
}
