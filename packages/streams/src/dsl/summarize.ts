/** `summarize`: an aggregation that is told which figures are wanted instead of how to count. */
import type { FiguresOf, RetractableFigure } from '../figures/figure.ts'
import type { Aggregator, Initializer, Merger } from '../operators/aggregator.ts'
import type { Materialized, Named } from '../options.ts'
import { Serdes } from '../serdes.ts'
import { topologyInvalid } from '../topology/topology-invalid.ts'
import type { KTable } from './ktable.ts'

/** The store keeps what the figures know, as JSON; the table shows what they say. */
export interface Summarizing<K> extends Named {
  readonly materialized?: Omit<Materialized<K, never>, 'value'>
}

/** By the figures' names. */
type States = Readonly<Record<string, unknown>>

interface Aggregating<V> {
  readonly initializer: Initializer<States>
  readonly aggregator: Aggregator<unknown, V, States>
  readonly subtractor: Aggregator<unknown, V, States>
  readonly merger: Merger<unknown, States>
}

/** @param aggregate makes the table of states, with what an ordinary aggregation is told */
export function summarize<K, L, V, R>(
  figures: FiguresOf<V, R>,
  { name, materialized = {} }: Summarizing<K>,
  aggregate: (
    by: Aggregating<V>,
    options: Named & { readonly materialized: Materialized<K, States> },
  ) => KTable<L, States>,
): KTable<L, NonNullable<R>> {
  // None but tables subtract, and theirs all can.
  const all = Object.entries(figures) as [string, RetractableFigure<V, unknown>][]
  if (all.length === 0) throw topologyInvalid('A summary without figures says nothing', 'Name at least one figure.')
  const each = (made: (figure: RetractableFigure<V, unknown>, name: string) => unknown): States => {
    const states: Record<string, unknown> = {}
    for (const [key, one] of all) states[key] = made(one, key)
    return states
  }
  const initial = each(({ initial: state }) => state)
  // A figure that was added since a row was written begins with what comes from now on.
  const known = (kept: States, key: string): unknown => (Object.hasOwn(kept, key) ? kept[key] : initial[key])
  const states = aggregate(
    {
      initializer: () => initial,
      aggregator: (_key, value, before) => each((one, key) => one.add(known(before, key), value)),
      subtractor: (_key, value, before) => each((one, key) => one.subtract(known(before, key), value)),
      merger: (_key, earlier, later) => each((one, key) => one.merge(known(earlier, key), known(later, key))),
    },
    { ...(name === undefined ? {} : { name }), materialized: { ...materialized, value: Serdes.json<States>() } },
  )
  const results = (kept: States): NonNullable<R> => each((one, key) => one.result(known(kept, key))) as NonNullable<R>
  return states.mapValues(results, name === undefined ? {} : { name: `${name}-figures` })
}
