import { noAnswer, type Predicate } from './filter.ts'
import type { Operator, Step } from './operator.ts'

export interface BranchOptions {
  readonly predicates: readonly Predicate<unknown, unknown>[]
  /** Names of the nodes that the branches begin with, one per predicate. Read when compiled. */
  readonly children: readonly string[]
  /** The node for what no predicate is true for; null: that is dropped, counted under the node's name. Read when compiled. */
  readonly defaultChild: string | null
}

/** `split`: each record goes to the branch of the first predicate that is true for it. */
export function branch(options: BranchOptions): Operator {
  return {
    kind: 'split',
    prefix: 'KSTREAM-BRANCH-',
    calls: Object.fromEntries(options.predicates.map((one, i) => [`predicate for ${options.children[i]}`, one])),
    compile(_next, scope) {
      const { node } = scope
      const { predicates, children, defaultChild } = options
      const steps = children.map((child): Step => scope.forwardTo(child))
      const otherwise = defaultChild === null ? null : scope.forwardTo(defaultChild)
      return (key, value, at) => {
        at.node = node
        for (let i = 0; i < predicates.length; i++) {
          const answer: unknown = predicates[i]!(key, value)
          if (answer === true) return steps[i]!(key, value, at)
          if (answer !== false) throw noAnswer(answer)
        }
        if (otherwise === null) at.drop(node)
        else otherwise(key, value, at)
      }
    },
  }
}
