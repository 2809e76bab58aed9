/** What the applications on trial do: aggregates of numbers by key, the same by another key, and a join with a table. Every update is put out. */
import { Serdes, StreamsBuilder, type Topology } from '@sluice/streams'

const text = Serdes.string
const numbers = { key: text, value: Serdes.long }
const asText = { key: text, value: text }

export const OUTPUTS = ['count', 'sum', 'min', 'max', 'distinct', 'regrouped', 'joined'] as const
export type Output = (typeof OUTPUTS)[number]

export function topicOf(prefix: string, name: Output | 'numbers' | 'names'): string {
  return `${prefix}-${name}`
}

export function topologyOf(prefix: string): Topology {
  const builder = new StreamsBuilder()
  const to = (output: Output): string => topicOf(prefix, output)
  const stream = builder.stream(topicOf(prefix, 'numbers'), numbers)
  const byKey = stream.groupByKey()
  const stored = (name: string) => ({ materialized: { name, value: Serdes.long } })
  byKey
    .count({ materialized: { name: 'counts' } })
    .toStream()
    .mapValues(String)
    .to(to('count'), asText)
  byKey
    .aggregate(
      () => 0,
      (_key, value, sum) => sum + value,
      stored('sums'),
    )
    .toStream()
    .mapValues(String)
    .to(to('sum'), asText)
  byKey
    .reduce((a, b) => Math.min(a, b), stored('minima'))
    .toStream()
    .mapValues(String)
    .to(to('min'), asText)
  byKey
    .reduce((a, b) => Math.max(a, b), stored('maxima'))
    .toStream()
    .mapValues(String)
    .to(to('max'), asText)
  byKey
    .aggregate<readonly number[]>(
      () => [],
      (_key, value, seen) => (seen.includes(value % 10) ? seen : [...seen, value % 10]),
      { materialized: { name: 'distinct', value: Serdes.json<readonly number[]>() } },
    )
    .toStream()
    .mapValues((seen) => String(seen?.length ?? 0))
    .to(to('distinct'), asText)
  stream
    .selectKey((_key, value) => `digit ${value! % 10}`)
    .groupByKey({ ...numbers, name: 'by-digit' })
    .count({ materialized: { name: 'by-digit-counts' } })
    .toStream()
    .mapValues(String)
    .to(to('regrouped'), asText)
  const names = builder.table(topicOf(prefix, 'names'), { ...asText, materialized: { name: 'names' } })
  stream.join(names, (value, name) => `${name} ${value}`).to(to('joined'), asText)
  return builder.build()
}
