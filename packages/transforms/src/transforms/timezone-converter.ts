/** Debezium's TimezoneConverter: points in time of a change event in another time zone. */
import { DataError, defineSettings, LOGICAL, SluiceError, validatedBy } from '@sluice/sdk'
import type { ConnectRecord, Schema, StructSchema, Transform, TransformPlugin, Value } from '@sluice/sdk'
import { valueText } from '@sluice/sdk/values'
import { changeEvent, debeziumNames, valueOf } from '../change-event.ts'
import type { ChangeEvent } from '../change-event.ts'
import { timeZone } from '../date-format/time-zone.ts'
import type { TimeZone } from '../date-format/time-zone.ts'
import { zonedTime, zonedTimestamp } from '../date-format/zoned-text.ts'
import { copyOf, fieldValue, isFields, put } from '../fields.ts'
import type { MutableFields } from '../fields.ts'
import { perSchema } from '../struct-plan.ts'

const RULES =
  'source:table, source:table:field, topic:name, topic:name:field, or name:field, where the name is that of the topic or of the table. Fields may be told apart as before.x, after.x and source.x; of the source’s only those are converted that are named'

const settings = defineSettings(
  {
    'converted.timezone': {
      type: 'string',
      validator: validatedBy('a time zone', (name) => (timeZone(String(name)) === undefined ? NO_ZONE : undefined)),
      importance: 'high',
      documentation: 'The time zone to convert to: a place such as America/Los_Angeles, or an offset such as +08:00.',
    },
    'include.list': {
      type: 'list',
      default: [],
      importance: 'high',
      documentation: `What is converted: ${RULES}. Empty: everything.`,
    },
    'exclude.list': {
      type: 'list',
      default: [],
      importance: 'high',
      documentation: `What is left as it is: ${RULES}. Only one of the two lists may be set.`,
    },
  },
  {
    *check({ 'include.list': include, 'exclude.list': exclude }) {
      if (include.length > 0 && exclude.length > 0)
        yield {
          setting: 'exclude.list',
          message: 'Both include and exclude lists are specified. Please specify only one.',
        }
    },
  },
)

const NO_ZONE =
  'Invalid timezone format. Please specify either a geographic timezone (e.g. America/Los_Angeles) or a UTC offset in the format of +/-hh:mm, (e.g. +08:00).'

type Part = 'before' | 'after' | 'source'
const PARTS: readonly Part[] = ['before', 'after', 'source']

/** Which fields of a change event are converted. */
type Selection = (part: Part, field: string) => boolean

const ALL: Selection = (part) => part !== 'source'
const NOTHING: Selection = () => false

export const timezoneConverter: TransformPlugin = {
  name: 'timezone-converter',
  aliases: debeziumNames('TimezoneConverter'),
  documentation:
    'Points in time of a change event in another time zone: texts with an offset get another one; numbers, which Debezium makes of times without one, are read as local times there.',
  settings,
  create(raw) {
    const parsed = settings.parse(raw)
    const selectionOf = selections(parsed['include.list'], parsed['exclude.list'])
    const converters = perSchema(convertersOf(timeZone(parsed['converted.timezone'])!))
    const transform: Transform = (record) => {
      const event = changeEvent(record)
      if (event?.schema === undefined || event.schema === null) return record
      const selection = selectionOf(record.topic, valueOf(valueOf(event.value, 'source'), 'table'))
      if (selection === NOTHING) return record
      let envelope: MutableFields | undefined
      for (const field of event.schema.fields) {
        const part = PARTS.find((each) => each === field.name)
        if (part === undefined || field.schema.type !== 'struct') continue
        const was = fieldValue(event.value, part)
        const is = converted(was, converters(field.schema), (name) => selection(part, name), timeOf(record, event))
        if (is !== was) put((envelope ??= copyOf(event.value)), part, is)
      }
      return envelope === undefined ? record : { ...record, value: envelope as Value }
    }
    return transform
  },
}

/** Converts a value; `now` is when the event was, for times without a date. */
type Convert = (value: Value, now: number) => Value | undefined
type Converters = readonly (readonly [field: string, convert: Convert])[]

function converted(row: Value, converters: Converters, isSelected: (field: string) => boolean, now: number): Value {
  if (!isFields(row)) return row
  let copy: MutableFields | undefined
  for (const [name, convert] of converters) {
    const was = fieldValue(row, name)
    if (was === null || !isSelected(name)) continue
    const is = convert(was, now)
    if (is === undefined)
      throw new DataError(`Text '${valueText(null, was)}' could not be parsed as a time with an offset`, {
        place: { field: name },
      })
    if (is !== was) put((copy ??= copyOf(row)), name, is)
  }
  return copy ?? row
}

/** By the names of schemas. Dates and times of day without an offset are of no time zone. */
function convertersOf(zone: TimeZone): (schema: StructSchema) => Converters {
  const local =
    (perMillisecond: bigint): Convert =>
    (value) =>
      asLocal(value as number | bigint, perMillisecond, zone)
  const byName: ReadonlyMap<string, Convert> = new Map([
    [LOGICAL.timestamp, local(1n)],
    ['io.debezium.time.Timestamp', local(1n)],
    ['io.debezium.time.MicroTimestamp', local(1_000n)],
    ['io.debezium.time.NanoTimestamp', local(1_000_000n)],
    // The offset is looked up at the local time of the text, as Debezium does.
    ['io.debezium.time.ZonedTimestamp', (value) => zonedTimestamp(value as string, zone.offsetAtLocal)],
    ['io.debezium.time.ZonedTime', (value, now) => zonedTime(value as string, zone.offsetAt(now))],
  ])
  return (schema) =>
    schema.fields.flatMap(({ name, schema: of }: { readonly name: string; readonly schema: Schema }) => {
      const convert = of.name === undefined ? undefined : byName.get(of.name)
      return convert === undefined ? [] : [[name, convert] as const]
    })
}

/** What is written as if it were UTC is a local time of the zone. */
function asLocal(value: number | bigint, perMillisecond: bigint, zone: TimeZone): number | bigint {
  if (perMillisecond === 1n && typeof value === 'number') return value - zone.offsetAtLocal(value)
  const exact = BigInt(value)
  const moved = exact - BigInt(zone.offsetAtLocal(Number(exact / perMillisecond))) * perMillisecond
  const number = Number(moved)
  return Number.isSafeInteger(number) ? number : moved
}

function timeOf(record: ConnectRecord, { value }: ChangeEvent): number {
  const at = valueOf(value, 'ts_ms') ?? record.timestamp ?? 0
  return Number(at)
}

/** How many pairs of topic and table are remembered. */
const PAIRS = 1000

function selections(
  include: readonly string[],
  exclude: readonly string[],
): (topic: string, table: Value) => Selection {
  const isIncluding = include.length > 0
  if (!isIncluding && exclude.length === 0) return () => ALL
  const fieldsFor = rules(isIncluding ? include : exclude, isIncluding ? 'include' : 'exclude')
  const known = new Map<string, Selection>()
  return (topic, table) => {
    const key = JSON.stringify([topic, table])
    let found = known.get(key)
    if (found === undefined) {
      if (known.size >= PAIRS) known.clear()
      const fields = fieldsFor(topic, typeof table === 'string' ? table : '')
      found = isIncluding ? including(fields) : excluding(fields)
      known.set(key, found)
    }
    return found
  }
}

/** @param fields those of the rule that fits; none: all of them. Undefined: no rule fits */
function including(fields: ReadonlySet<string> | undefined): Selection {
  if (fields === undefined) return NOTHING
  return fields.size === 0 ? ALL : (part, field) => isNamed(fields, part, field)
}

function excluding(fields: ReadonlySet<string> | undefined): Selection {
  if (fields === undefined) return ALL
  if (fields.size === 0) return NOTHING
  const isOfSource = [...fields].some((field) => field.startsWith('source.'))
  return (part, field) => (part !== 'source' || isOfSource) && !isNamed(fields, part, field)
}

function isNamed(fields: ReadonlySet<string>, part: Part, field: string): boolean {
  return fields.has(`${part}.${field}`) || (part !== 'source' && fields.has(field))
}

/** The fields that the rules name for a topic and its table: rules for the topic go before those for the table. */
function rules(
  list: readonly string[],
  kind: 'include' | 'exclude',
): (topic: string, table: string) => ReadonlySet<string> | undefined {
  const [ofTopics, ofTables, ofBoth] = [0, 1, 2].map(() => new Map<string, Set<string>>()) as [Names, Names, Names]
  let names = ofBoth
  list.forEach((rule, at) => {
    const parts = rule.split(':').map((part) => part.trim())
    const hasPrefix = parts.length > 1 && /^(?:source|topic)$/i.test(parts[0]!)
    if (parts.length > (hasPrefix ? 3 : 2) || parts.includes('') || (at === 0 && parts.length === 1))
      throw noRule(kind, rule)
    // A prefix holds for the rules behind it as well, until there is another.
    if (hasPrefix) names = parts.shift()!.toLowerCase() === 'topic' ? ofTopics : ofTables
    const [name, field] = parts as [string, string?]
    const fields = names.get(name) ?? new Set()
    if (field !== undefined) fields.add(field)
    names.set(name, fields)
  })
  return (topic, table) => ofTopics.get(topic) ?? ofTables.get(table) ?? ofBoth.get(topic) ?? ofBoth.get(table)
}

type Names = Map<string, Set<string>>

function noRule(kind: 'include' | 'exclude', rule: string): SluiceError {
  return new SluiceError(
    'SETTINGS_INVALID',
    `Invalid ${kind} list format. Please specify a list of rules in the format of "source:<tablename>:<fieldnames>", "topic:<topicname>:<fieldnames>", "<matchname>:<fieldnames>"`,
    { remedy: `Correct the rule ${rule}.` },
  )
}
