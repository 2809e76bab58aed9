/**
 * The application that Kafka Streams and ours run in turn (in its language: TakenOver.java): a count, a count in windows behind a
 * repartition, and a join of tables. Every update is put out. And what all of it has to be.
 */
import { Serdes, StreamsBuilder, TimeWindows, type Topology } from '@sluice/streams'
import type { Sequences } from './ledger.ts'

export const OUTPUTS = ['count', 'windowed', 'joined'] as const
export const INPUTS = ['numbers', 'left', 'right'] as const
const WINDOW_MS = 10_000
const GRACE_MS = 3_600_000

/** One that does not do as Kafka Streams does: its keys in the changelog of the first count are others. */
export type Mutant = 'key-bytes'

/** A record of an input. */
export interface Put {
  readonly input: (typeof INPUTS)[number]
  readonly key: string
  /** A number as text, of `numbers`. */
  readonly value: string
  readonly timestamp: number
}

export function topologyOf(application: string, mutant: Mutant | null): Topology {
  const text = { key: Serdes.string, value: Serdes.string }
  const numbers = { key: Serdes.string, value: Serdes.long }
  const builder = new StreamsBuilder()
  const stream = builder.stream(`${application}-numbers`, numbers)
  stream
    .groupByKey(numbers)
    .count({ materialized: { name: 'counts', ...(mutant === null ? {} : { key: Serdes.json<string>() }) } })
    .toStream()
    .mapValues(String)
    .to(`${application}-count`, text)
  stream
    .selectKey((_key, number) => `digit ${number! % 10}`)
    .groupByKey({ ...numbers, name: 'by-digit' })
    .windowedBy(TimeWindows.ofSizeAndGrace(WINDOW_MS, GRACE_MS))
    .count({ materialized: { name: 'digits' } })
    .toStream(({ key, start }) => `${key}@${start}`)
    .mapValues(String)
    .to(`${application}-windowed`, text)
  const left = builder.table(`${application}-left`, { ...text, materialized: { name: 'left' } })
  const right = builder.table(`${application}-right`, { ...text, materialized: { name: 'right' } })
  left
    .join(right, (one, other) => `${one} ${other}`, { materialized: { name: 'pairs', ...text } })
    .toStream()
    .to(`${application}-joined`, text)
  return builder.build()
}

/** What the outputs are if each input counts once. Those of one `put` go to one topic: what is joined does not depend on who is first. */
export function expected(puts: readonly Put[]): Sequences {
  const all = new Map(OUTPUTS.map((output) => [output as string, new Map<string, string[]>()]))
  const out = (output: (typeof OUTPUTS)[number], key: string, value: string): void => {
    const of = all.get(output)!
    const list = of.get(key)
    if (list === undefined) of.set(key, [value])
    else list.push(value)
  }
  const counts = new Map<string, number>()
  const next = (what: string): string => {
    const count = (counts.get(what) ?? 0) + 1
    counts.set(what, count)
    return String(count)
  }
  const tables = { left: new Map<string, string>(), right: new Map<string, string>() }
  for (const { input, key, value, timestamp } of puts) {
    if (input === 'numbers') {
      out('count', key, next(`key ${key}`))
      const window = `digit ${Number(value) % 10}@${timestamp - (timestamp % WINDOW_MS)}`
      out('windowed', window, next(window))
      continue
    }
    tables[input].set(key, value)
    const [one, other] = [tables.left.get(key), tables.right.get(key)]
    if (one !== undefined && other !== undefined) out('joined', key, `${one} ${other}`)
  }
  return all
}
