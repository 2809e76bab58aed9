import type { Operator } from './operator.ts'

/** Hands on what it gets: the node where several streams become one (`merge`), a branch, or the place of an optimisation. */
export function passThrough(kind: string, prefix: string): Operator {
  return { kind, prefix, ignores: 'record', compile: (next) => next }
}

/** `merge`: no order between the two. */
export function merge(): Operator {
  return passThrough('merge', 'KSTREAM-MERGE-')
}
