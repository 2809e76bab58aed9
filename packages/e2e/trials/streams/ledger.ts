/** What the outputs have to hold, and what they hold, by a reader that shares no code with the application. */
import type { Batch } from 'kafkajs'
import { readToEnd } from '../read-to-end.ts'
import { OUTPUTS, topicOf, type Output } from './pipelines.ts'

const NAMED_MOST = 5

export interface Input {
  readonly key: string
  readonly value: number
}

/** By output and key, in order. */
export type Sequences = ReadonlyMap<string, ReadonlyMap<string, readonly string[]>>

export interface StreamLedger {
  /** Updates that are not there. */
  readonly lost: number
  /** Updates that are there more often than they happened. */
  readonly twice: number
  /** Keys whose updates are all there, in another order. */
  readonly disordered: number
  /** Some of what is not right. */
  readonly wrong: readonly string[]
}

/** What the outputs are, if each input counts once, in its order. */
export function expected(inputs: readonly Input[]): Sequences {
  const all = new Map<Output, Map<string, string[]>>(OUTPUTS.map((output) => [output, new Map()]))
  const put = (output: Output, key: string, value: string): void => {
    const of = all.get(output)!
    const list = of.get(key)
    if (list === undefined) of.set(key, [value])
    else list.push(value)
  }
  const states = new Map<string, { count: number; sum: number; min: number; max: number; seen: Set<number> }>()
  const digits = new Map<number, number>()
  for (const { key, value } of inputs) {
    const state = states.get(key) ?? { count: 0, sum: 0, min: Infinity, max: -Infinity, seen: new Set() }
    states.set(key, state)
    state.count++
    state.sum += value
    state.min = Math.min(state.min, value)
    state.max = Math.max(state.max, value)
    state.seen.add(value % 10)
    put('count', key, String(state.count))
    put('sum', key, String(state.sum))
    put('min', key, String(state.min))
    put('max', key, String(state.max))
    put('distinct', key, String(state.seen.size))
    put('joined', key, `${nameOf(key)} ${value}`)
    const digit = value % 10
    digits.set(digit, (digits.get(digit) ?? 0) + 1)
    put('regrouped', `digit ${digit}`, String(digits.get(digit)))
  }
  return all
}

export function nameOf(key: string): string {
  return `name of ${key}`
}

/** Reads the outputs to their ends with read_committed. */
export async function found(bootstrap: string, prefix: string): Promise<Sequences> {
  const byTopic = new Map(OUTPUTS.map((output) => [topicOf(prefix, output), new Map<string, string[]>()]))
  await readToEnd(bootstrap, [...byTopic.keys()], ({ topic, messages }) => addAll(messages, byTopic.get(topic)!))
  return new Map(OUTPUTS.map((output) => [output, byTopic.get(topicOf(prefix, output))!]))
}

/** Records of one partition of an output, behind those that came before. */
export function addAll(messages: Batch['messages'], of: Map<string, string[]>): void {
  for (const { key, value } of messages) {
    const list = of.get(String(key))
    if (list === undefined) of.set(String(key), [String(value)])
    else list.push(String(value))
  }
}

export function compare(wanted: Sequences, got: Sequences): StreamLedger {
  let [lost, twice, disordered] = [0, 0, 0]
  const wrong: string[] = []
  for (const [output, keys] of wanted) {
    const has = got.get(output)!
    for (const key of new Set([...keys.keys(), ...has.keys()])) {
      const [a, b] = [keys.get(key) ?? [], has.get(key) ?? []]
      if (a.length === b.length && a.every((value, i) => value === b[i])) continue
      const left = new Map<string, number>()
      for (const value of a) left.set(value, (left.get(value) ?? 0) + 1)
      for (const value of b) left.set(value, (left.get(value) ?? 0) - 1)
      const missing = [...left.values()].filter((n) => n > 0).reduce((sum, n) => sum + n, 0)
      const more = [...left.values()].filter((n) => n < 0).reduce((sum, n) => sum - n, 0)
      if (wrong.length < NAMED_MOST) wrong.push(differenceOf(output, key, left))
      lost += missing
      twice += more
      if (missing === 0 && more === 0) disordered++
    }
  }
  return { lost, twice, disordered, wrong }
}

function differenceOf(output: string, key: string, left: ReadonlyMap<string, number>): string {
  const values = [...left].filter(([, n]) => n !== 0).slice(0, NAMED_MOST)
  const named = values.map(([value, n]) => `${value} ${n > 0 ? 'lost' : 'twice'}`)
  return `${output} of ${key}: ${named.join(', ') || 'another order'}`
}
