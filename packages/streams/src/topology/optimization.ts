import { topologyInvalid } from './topology-invalid.ts'

/** Kafka Streams' names of what `build` may change. */
export const OPTIMIZATIONS = [
  /** A table's source topic is its changelog: no topic of its own. */
  'reuse.ktable.source.topics',
  /** One repartition topic behind a new key, however many use it. */
  'merge.repartition.topics',
  /** A windowed join of a stream with itself needs one store. */
  'single.store.self.join',
] as const
export type Optimization = (typeof OPTIMIZATIONS)[number]

/** `topology.optimization`: `none`, `all`, or some of them. */
export type Optimizations = 'none' | 'all' | readonly Optimization[]

/** @throws SluiceError TOPOLOGY_INVALID for a name that is none */
export function chosen(optimizations: Optimizations): ReadonlySet<Optimization> {
  if (optimizations === 'none') return new Set()
  if (optimizations === 'all') return new Set(OPTIMIZATIONS)
  for (const name of optimizations) {
    if (OPTIMIZATIONS.includes(name)) continue
    throw topologyInvalid(`There is no optimisation ${name as string}`, `Choose of ${OPTIMIZATIONS.join(', ')}.`)
  }
  return new Set(optimizations)
}
