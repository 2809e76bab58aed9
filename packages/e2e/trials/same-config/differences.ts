/** What is different between what came out of Java's worker and of ours, but for what is written down here. */
import type { RawHeader } from '@sluice/sdk'
import type { Outcome, WrittenRecord } from './outcome.ts'

/** What is not compared, and why; printed with every run. */
export const EXCEPTIONS: readonly string[] = [
  'timestamps of what FileStreamSource read: the moment of reading',
  '__connect.errors.exception.stacktrace: it is there, but one is of Java and one of JavaScript',
  'dq-… headers of dead letters: ours alone',
  'the order of the entries of an object without a schema in the text of FileStreamSink: that of Java’s HashMap',
]

const STACK_TRACE = '__connect.errors.exception.stacktrace'

export interface Compared {
  /** Records and lines. */
  readonly count: number
  readonly differences: readonly string[]
}

/** Outcomes as of a worker that loses, repeats, alters or misplaces: each has to be told from the true one. */
export function mutantsOf(outcome: Outcome): readonly Outcome[] {
  const { records, lines } = outcome
  const last = records.at(-1)
  const altered = (more: Partial<WrittenRecord>): Outcome => ({
    ...outcome,
    records: [...records.slice(0, -1), { ...last!, ...more }],
  })
  const ofLines = (more: readonly string[]): Outcome => ({ ...outcome, lines: [...lines!.slice(0, -1), ...more] })
  const line = lines?.at(-1)
  return [
    { ...outcome, status: 'FAILED' },
    ...(line === undefined ? [] : [ofLines([]), ofLines([line, line]), ofLines([`${line} `])]),
    ...(last === undefined
      ? []
      : [
          { ...outcome, records: records.slice(0, -1) },
          { ...outcome, records: [...records, last] },
          altered({ key: longer(last.key) }),
          altered({ value: longer(last.value) }),
          altered({ headers: [...last.headers, { key: 'more', value: null }] }),
          altered({ partition: last.partition + 1 }),
        ]),
  ]
}

function longer(bytes: Uint8Array | null): Uint8Array {
  return Buffer.concat([bytes ?? Buffer.alloc(0), Buffer.from([0])])
}

export function compared(java: Outcome, ours: Outcome, isUnordered: boolean): Compared {
  if (java.status !== 'RUNNING')
    return { count: 0, differences: [`Java's is ${java.status}: nothing is shown by that`] }
  const pairs: (readonly [string, string[], string[]])[] = [
    ['status', [java.status], [ours.status]],
    [
      'record',
      java.records.map((record) => recordText(record, java)),
      ours.records.map((record) => recordText(record, ours)),
    ],
    ['line', linesOf(java, isUnordered), linesOf(ours, isUnordered)],
  ]
  const differences = pairs.flatMap(([what, of, to]) =>
    Array.from(
      { length: Math.max(of.length, to.length) },
      (_, i) => [of[i] ?? 'nothing', to[i] ?? 'nothing'] as const,
    ).flatMap(([a, b], i) => (a === b ? [] : [`${what} ${i}:\n      Java ${a}\n      ours ${b}`])),
  )
  return { count: java.records.length + (java.lines?.length ?? 0), differences }
}

function linesOf({ lines }: Outcome, isUnordered: boolean): string[] {
  const texts = (lines ?? []).map(ordered)
  return isUnordered ? texts.toSorted() : texts
}

function recordText(record: WrittenRecord, { lines }: Outcome): string {
  const { topic, partition, key, value, headers, timestamp } = record
  const isSource = lines === null
  const said = headers.filter(({ key: name }) => !name.startsWith('dq-')).map(headerText)
  return [`${topic}-${partition}`, isSource ? 'now' : timestamp, shown(key), shown(value), ...said].join(' | ')
}

function headerText({ key, value }: RawHeader): string {
  return key === STACK_TRACE
    ? `${key}: ${value === null || value.length === 0 ? 'none' : 'some'}`
    : `${key}: ${shown(value)}`
}

/** Bytes as text from which they can be told: the text itself where it is UTF-8. */
function shown(bytes: Uint8Array | null): string {
  if (bytes === null) return 'null'
  const text = Buffer.from(bytes).toString('utf8')
  return Buffer.from(text).equals(bytes) ? JSON.stringify(text) : `hex ${Buffer.from(bytes).toString('hex')}`
}

/** `{b=2, a=1}` with its entries in order: an object of Java that has no schema has none. */
function ordered(line: string): string {
  if (!line.startsWith('{') || !line.endsWith('}')) return line
  const entries: string[] = []
  let depth = 0
  let at = ''
  for (const char of line.slice(1, -1)) {
    if (char === '{' || char === '[') depth++
    if (char === '}' || char === ']') depth--
    at += char
    if (depth > 0 || !at.endsWith(', ')) continue
    entries.push(at.slice(0, -2))
    at = ''
  }
  return `{${[...entries, at].toSorted().join(', ')}}`
}
