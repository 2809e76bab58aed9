/** Random chains of transforms through Java's classes and through ours: what a converter would write of each record, or the complaint. */
import { execFileSync } from 'node:child_process'
import path from 'node:path'
import { jsonConverter, simpleHeaderConverter } from '@sluice/codecs'
import {
  SluiceError,
  type ConnectRecord,
  type Converter,
  type Headers,
  type RawSettings,
  type SinkRecord,
} from '@sluice/sdk'
import { SeededRandom } from '@sluice/sdk/testing'
import { predicates, transforms } from '@sluice/transforms'
import { type Chain, type ChainRecord, drawChain } from './random-chains.ts'

const KAFKA_SH = path.join(import.meta.dirname, '../../../../deploy/dev/kafka.sh')
const TIMEOUT_MS = 120_000
const OUTPUT_BYTES_MAX = 256 * 1024 * 1024

interface Complaint {
  readonly class: string
  readonly message: string
}

interface Written {
  readonly topic: string
  readonly key: string | null
  readonly value: string | null
  readonly headers: readonly (readonly [string, string | null])[]
}

type Fate = Written | 'dropped' | { readonly error: Complaint }

interface Answer {
  /** The settings were, before any record. */
  readonly refused?: Complaint
  readonly records?: readonly Fate[]
}

/** The class of what is thrown by mistake: nothing excuses it. */
const NOT_OURS = 'not ours'

/** What transforms complain of that go through the entries of a HashMap. */
const MANY_FIELDS = [
  'Cast transformation does not support casting from',
  'Cannot mask value of type',
  'Unable to convert',
  'Value (',
]

/** What our model of values says otherwise on purpose (see docs/reference/connect-compatibility.md), by what Java complains of. */
const ON_PURPOSE: readonly {
  readonly reason: string
  readonly holdsFor: (java: Complaint, chain: Chain, ours: Complaint | undefined) => boolean
}[] = [
  {
    reason: 'a date without a schema is a number, and can do what numbers can',
    holdsFor: ({ message }, { hasSchemas }) => !hasSchemas && /java\.util\.Date\b/.test(message),
  },
  {
    reason: 'a number without a schema has no width: any whole number is Unix time',
    holdsFor: ({ message }) => /does not support class java\.lang\.(?!String)\w+ objects as timestamps/.test(message),
  },
  {
    reason: 'what is missing is named, where Java answers with a NullPointerException',
    holdsFor: ({ class: name }, _, ours) => name === 'NullPointerException' && ours !== undefined,
  },
  {
    reason: 'a masked decimal has the scale of its schema, and can be written',
    holdsFor: ({ message }) => message.startsWith('Decimal value has mismatching scale for given Decimal schema.'),
  },
  {
    reason: 'a whole date or decimal that is cast keeps the name of its schema, and can be written',
    holdsFor: ({ message }, _, ours) =>
      /^Invalid (?:type for|Java object for schema) \S*(?:Date|Time|Timestamp|Decimal)\b/.test(message) ||
      ours?.message.endsWith(', found: java.util.Date') === true,
  },
  {
    reason: 'a field that a rename leads to keeps its value when there is none to rename; Java looks for that one',
    holdsFor: ({ message }) => message.endsWith(' is not a valid field name'),
  },
  {
    reason: 'of several fields without a schema that are wrong, which one is told of',
    holdsFor: (java, { hasSchemas }, ours) =>
      !hasSchemas && ours !== undefined && MANY_FIELDS.some((beginning) => java.message.startsWith(beginning)),
  },
]

export interface ChainReport {
  readonly chains: number
  readonly records: number
  /** Records that both refuse, with the same words. */
  readonly refused: number
  /** How often each reason of ours held. */
  readonly onPurpose: ReadonlyMap<string, number>
  readonly differences: readonly string[]
}

export function compareChains(seed: number, count: number): ChainReport {
  const random = new SeededRandom(seed)
  const chains = Array.from({ length: count }, () => drawChain(random))
  const java = askJava(chains)
  const onPurpose = new Map<string, number>()
  const differences: string[] = []
  let records = 0
  let refused = 0
  for (const [i, chain] of chains.entries()) {
    const [theirs, ours] = [java[i]!, answerOf(chain)]
    const of = pairsOf(theirs, ours)
    records += of.length
    for (const [n, [expected, found]] of of.entries()) {
      const complaint = complaintOf(expected)
      if (told(expected, chain) === told(found, chain)) {
        if (complaint !== undefined) refused++
        continue
      }
      const reason = reasonOf(complaint, chain, complaintOf(found))
      if (reason !== undefined) onPurpose.set(reason, (onPurpose.get(reason) ?? 0) + 1)
      else differences.push(differenceText(i, chain, chain.records[n]!, expected, found))
    }
  }
  return { chains: count, records, refused, onPurpose, differences }
}

function reasonOf(java: Complaint | undefined, chain: Chain, ours: Complaint | undefined): string | undefined {
  if (java === undefined || ours?.class === NOT_OURS) return undefined
  return ON_PURPOSE.find(({ holdsFor }) => holdsFor(java, chain, ours))?.reason
}

function askJava(chains: readonly Chain[]): readonly Answer[] {
  const jars = execFileSync('bash', [KAFKA_SH, 'jars', '4.3.1'], { encoding: 'utf8' }).trim()
  const options = [
    '-Xmx512m',
    '-Duser.timezone=UTC',
    '-Dorg.slf4j.simpleLogger.defaultLogLevel=off',
    '-cp',
    `${jars}/*`,
  ]
  const answers = execFileSync('java', [...options, path.join(import.meta.dirname, 'SmtChains.java')], {
    input: chains.map((chain) => `${JSON.stringify(chain)}\n`).join(''),
    encoding: 'utf8',
    timeout: TIMEOUT_MS,
    maxBuffer: OUTPUT_BYTES_MAX,
  })
  return answers
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Answer)
}

/** Of a chain that was refused as a whole: the refusal stands for all of its records. */
function pairsOf(java: Answer, ours: Answer): (readonly [Fate, Fate])[] {
  const fates = ({ refused, records = [] }: Answer): readonly Fate[] =>
    refused === undefined ? records : [{ error: refused }]
  const [of, to] = [fates(java), fates(ours)]
  if (of.length === to.length) return of.map((fate, i) => [fate, to[i]!] as const)
  return [[of[0]!, to[0]!]]
}

function complaintOf(fate: Fate): Complaint | undefined {
  return fate !== 'dropped' && 'error' in fate ? fate.error : undefined
}

function answerOf({ config, hasSchemas, records }: Chain): Answer {
  let chain: (record: SinkRecord) => SinkRecord | null
  try {
    chain = chainOf(config)
  } catch (error) {
    return { refused: complaintFrom(error) }
  }
  const settings = { 'schemas.enable': String(hasSchemas) }
  const [keys, values, headers] = [
    jsonConverter.create(settings, 'key'),
    jsonConverter.create(settings, 'value'),
    simpleHeaderConverter.create({}, 'header'),
  ]
  return {
    records: records.map((given): Fate => {
      try {
        const record = chain(recordOf(given, keys, values, headers))
        return record === null ? 'dropped' : writtenOf(record, keys, values, headers)
      } catch (error) {
        return { error: complaintFrom(error) }
      }
    }),
  }
}

function chainOf(config: RawSettings): (record: SinkRecord) => SinkRecord | null {
  const steps = config['transforms']!.split(',').map((alias) => {
    const own = below(`transforms.${alias}.`, config)
    const transform = transforms.find(({ aliases }) => aliases.includes(own['type']!))!.create(own)
    if (own['predicate'] === undefined) return transform
    const its = below(`predicates.${own['predicate']}.`, config)
    const predicate = predicates.find(({ aliases }) => aliases.includes(its['type']!))!.create(its)
    const negate = own['negate'] === 'true'
    return <R extends ConnectRecord>(record: R): R | null => (predicate(record) === negate ? record : transform(record))
  })
  return (given) => {
    let record: SinkRecord | null = given
    for (const step of steps) if (record !== null) record = step(record)
    return record
  }
}

function below(prefix: string, config: RawSettings): RawSettings {
  const found = Object.entries(config).filter(([name]) => name.startsWith(prefix))
  return Object.fromEntries(found.map(([name, value]) => [name.slice(prefix.length), value]))
}

function recordOf(given: ChainRecord, keys: Converter, values: Converter, texts: Converter): SinkRecord {
  const { topic, partition, offset, timestamp } = given
  const key = keys.decode(topic, bytes(given.key), null)
  const value = values.decode(topic, bytes(given.value), null)
  const headers: Headers = given.headers.map(([name, text]) => ({
    key: name,
    ...texts.decode(topic, bytes(text), null),
  }))
  return {
    topic,
    partition,
    offset,
    keySchema: key.schema,
    key: key.value,
    valueSchema: value.schema,
    value: value.value,
    timestamp,
    timestampType: 'create',
    headers: headers.length === 0 ? null : headers,
    originalTopic: topic,
    originalPartition: partition,
    originalOffset: offset,
  }
}

function writtenOf(record: SinkRecord, keys: Converter, values: Converter, texts: Converter): Written {
  const { topic } = record
  const text = (converter: Converter, schema: SinkRecord['keySchema'], value: SinkRecord['key']): string | null => {
    const written = converter.encoder(topic, schema)(value, [])
    return written === null ? null : Buffer.from(written).toString()
  }
  return {
    topic,
    key: text(keys, record.keySchema, record.key),
    value: text(values, record.valueSchema, record.value),
    headers: (record.headers ?? []).map(({ key, schema, value }) => [key, text(texts, schema, value)] as const),
  }
}

function bytes(text: string | null): Uint8Array | null {
  return text === null ? null : Buffer.from(text)
}

function complaintFrom(error: unknown): Complaint {
  if (!(error instanceof SluiceError)) return { class: NOT_OURS, message: String(error) }
  return { class: error.name, message: error.sentence }
}

/** What is compared: bytes where there is a schema; without one an object has no order, and a number no width. */
function told(fate: Fate, { hasSchemas }: Chain): string {
  if (fate === 'dropped') return fate
  if ('error' in fate)
    return `refused: ${hasSchemas ? saying(fate.error.message) : withoutWidths(saying(fate.error.message))}`
  const { topic, key, value, headers } = fate
  if (hasSchemas) return JSON.stringify([topic, inOrder(key), inOrder(value), headers])
  return JSON.stringify([
    topic,
    plain(key),
    plain(value),
    headers.map(([name, text]) => [name, text?.startsWith('{') === true ? plain(text) : plainNumbers(text ?? 'null')]),
  ])
}

/** An envelope may hold what has no schema. */
function inOrder(text: string | null): string | null {
  return text?.startsWith('{"schema":null,') === true ? plain(text) : text
}

function plain(text: string | null): string | null {
  if (text === null) return null
  const sorted = JSON.stringify(JSON.parse(text), (_, at: unknown) =>
    typeof at === 'object' && at !== null && !Array.isArray(at)
      ? Object.fromEntries(Object.entries(at).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : at,
  )
  return plainNumbers(sorted)
}

function plainNumbers(text: string): string {
  return text.replaceAll(/(?<=\d)\.0(?!\d)/g, '')
}

/** A complaint without an object's identity and contents, and without which map Java has at hand. */
function saying(message: string): string {
  return message
    .replace(/: (?:\S+@[0-9a-f]+|SinkRecord\{[^]*|Struct\{[^]*)$/, '')
    .replaceAll('java.util.LinkedHashMap', 'java.util.HashMap')
    .trimEnd()
}

function withoutWidths(message: string): string {
  return message.replaceAll(/java\.lang\.(?:Byte|Short|Integer|Long|Float|Double)\b/g, 'java.lang.Number')
}

const SHOWN_BEFORE = 80
const SHOWN_AFTER = 200

/** From a little before the first character that differs. */
function differenceText(i: number, chain: Chain, record: ChainRecord, java: Fate, ours: Fate): string {
  const [a, b] = [told(java, chain), told(ours, chain)]
  let at = 0
  while (a[at] === b[at]) at++
  const shown = (text: string): string => text.slice(Math.max(0, at - SHOWN_BEFORE), at + SHOWN_AFTER)
  const { config, hasSchemas } = chain
  const given = `${JSON.stringify(config)}\n      record ${record.offset} ${hasSchemas ? 'with' : 'without'} schemas`
  return `chain ${i}: ${given}\n      Java …${shown(a)}\n      ours …${shown(b)}`
}
