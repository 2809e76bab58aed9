/** Chains of transforms and records for them, drawn from a seed: all of Kafka Connect's transforms and predicates, most settings, fields that are there and that are not. */
import type { SeededRandom } from '@sluice/sdk/testing'

export interface ChainRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly timestamp: number
  readonly key: string | null
  readonly value: string | null
  readonly headers: readonly (readonly [string, string | null])[]
}

export interface Chain {
  readonly config: Readonly<Record<string, string>>
  /** Whether keys and values are in JSON's envelope with a schema. */
  readonly hasSchemas: boolean
  readonly records: readonly ChainRecord[]
}

type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json }
type Schema = Readonly<Record<string, Json>>
type Settings = Readonly<Record<string, string>>

const JAVA = 'org.apache.kafka.connect.transforms'
const FIELDS = [
  'id',
  'name',
  'amount',
  'active',
  'ts',
  'created',
  'price',
  'nested',
  'tags',
  'note',
  'level',
  'ratio',
] as const
const TIMES = [0, 1, 999, 1_709_251_199_999, 951_827_696_789, 2_147_483_648_000, -1, -11_644_473_600_000]
const TEXTS = ['', 'plain', 'Grüße', '12', '-7', '2.5', 'true', '2024-02-29 23:59:59', '🚀 "q"', 'null']
const FORMATS = ['yyyy-MM-dd HH:mm:ss', "yyyy-MM-dd'T'HH:mm:ss.SSSXXX", 'EEE, d MMM yyyy', 'yyyyMMdd']
const RECORDS = 12

export function drawChain(random: SeededRandom): Chain {
  const hasSchemas = random.chance(0.6)
  const aliases = Array.from({ length: 1 + random.below(5) }, (_, i) => `t${i}`)
  const config: Record<string, string> = { transforms: aliases.join(',') }
  for (const alias of aliases) {
    for (const [name, value] of Object.entries(drawTransform(random, hasSchemas)))
      config[`transforms.${alias}.${name}`] = value
    if (!random.chance(config[`transforms.${alias}.type`] === `${JAVA}.Filter` ? 0.9 : 0.2)) continue
    config[`transforms.${alias}.predicate`] = `p${alias}`
    if (random.chance(0.5)) config[`transforms.${alias}.negate`] = String(random.chance(0.5))
    for (const [name, value] of Object.entries(drawPredicate(random))) config[`predicates.p${alias}.${name}`] = value
  }
  const schema = drawSchema(random)
  const records = Array.from({ length: RECORDS }, (_, i) => drawRecord(random, i, hasSchemas ? schema : null))
  return { config, hasSchemas, records }
}

function drawTransform(random: SeededRandom, hasSchemas: boolean): Settings {
  const side = random.chance(0.85) ? '$Value' : '$Key'
  const { type, ...settings } = random.pick(DRAWERS)(random, hasSchemas)
  return { type: `${JAVA}.${type!.replace('$', side)}`, ...settings }
}

/** A type that ends with `$` is for the key or for the value. */
const DRAWERS: readonly ((random: SeededRandom, hasSchemas: boolean) => Settings)[] = [
  (random) => {
    const settings: Record<string, string> = { type: 'InsertField$' }
    const suffix = (): string => random.pick(['', '', '!', '?'])
    if (random.chance(0.6)) {
      settings['static.field'] = drawName(random) + suffix()
      settings['static.value'] = random.pick(TEXTS)
    }
    for (const what of ['topic', 'partition', 'offset', 'timestamp'])
      if (random.chance(0.35))
        settings[`${what}.field`] = (random.chance(0.8) ? `_${what}` : drawName(random)) + suffix()
    return Object.keys(settings).length > 1 ? settings : { ...settings, 'topic.field': '_t' }
  },
  (random) => {
    const settings: Record<string, string> = { type: 'ReplaceField$' }
    if (random.chance(0.5)) settings['exclude'] = drawFields(random)
    if (random.chance(0.3)) settings['include'] = drawFields(random, 6)
    if (random.chance(0.5))
      settings['renames'] = `${random.pick(FIELDS)}:${newName(random)},${random.pick(FIELDS)}:${newName(random)}`
    return { ...settings, ...nulls(random) }
  },
  (random) => {
    const replacement: Settings = random.chance(0.4) ? { replacement: random.pick(['xxx', '7', '1.5', '300']) } : {}
    return { type: 'MaskField$', fields: drawFields(random), ...replacement, ...nulls(random) }
  },
  (random) => ({ type: 'ValueToKey', fields: drawFields(random), ...nulls(random) }),
  (random) => {
    if (random.chance(0.6)) return { type: 'ExtractField$', field: random.pick(FIELDS), ...nulls(random) }
    return {
      type: 'ExtractField$',
      'field.syntax.version': 'V2',
      field: random.pick(['nested.a', 'nested.deep.b', 'nested', '`note`', 'nested.none']),
    }
  },
  (random) => ({ type: 'HoistField$', field: drawName(random) }),
  (random) => {
    const types = ['int8', 'int16', 'int32', 'int64', 'float64', 'boolean', 'string']
    if (random.chance(0.2)) return { type: 'Cast$', spec: random.pick(types) }
    const of = drawFields(random)
      .split(',')
      .map((field) => `${field}:${random.pick(types)}`)
    return { type: 'Cast$', spec: of.join(','), ...nulls(random) }
  },
  (random) => ({ type: 'Flatten$', ...(random.chance(0.5) ? { delimiter: random.pick(['_', '-', '.', '']) } : {}) }),
  (random, hasSchemas) => {
    const target = random.pick(hasSchemas ? ['string', 'unix', 'Date', 'Time', 'Timestamp'] : ['string', 'unix'])
    const settings: Record<string, string> = { type: 'TimestampConverter$', 'target.type': target }
    if (random.chance(0.9)) settings['field'] = random.pick(['ts', 'created', 'note', 'name', random.pick(FIELDS)])
    if (target === 'string' || random.chance(0.5)) settings['format'] = random.pick(FORMATS)
    // Seconds of Unix time as milliseconds are soon beyond what a number holds.
    const precisions = ['milliseconds', 'microseconds', ...(target === 'Timestamp' ? [] : ['seconds'])]
    if (random.chance(0.3)) settings['unix.precision'] = random.pick(precisions)
    return { ...settings, ...nulls(random) }
  },
  (random) => ({
    type: 'TimestampRouter',
    'timestamp.format': random.pick([...FORMATS, 'D u W y', 'YYYY-ww G']),
    'topic.format': random.pick(['${topic}-${timestamp}', '${timestamp}', 'x-${topic}', '${topic}$1']),
  }),
  (random) => ({
    type: 'RegexRouter',
    ...random.pick([
      { regex: '(\\w+)\\.(\\w+)', replacement: '$2-$1' },
      { regex: 'shop\\..*', replacement: 'all' },
      { regex: '(?<db>[^.]+)\\.(?<t>.+)', replacement: '${t}.${db}' },
      { regex: '.*(r)(d)?.*', replacement: '$1x' },
    ]),
  }),
  (random) => ({
    type: 'SetSchemaMetadata$',
    ...(random.chance(0.7) ? { 'schema.name': random.pick(['com.example.Row', 'a']) } : {}),
    ...(random.chance(0.5) ? { 'schema.version': random.pick(['1', '7']) } : {}),
    ...nulls(random),
  }),
  (random) => ({
    type: 'HeaderFrom$',
    fields: random.pick(FIELDS),
    headers: random.pick(['h1', 'trace']),
    operation: random.pick(['copy', 'move']),
    ...nulls(random),
  }),
  (random) => ({
    type: 'InsertHeader',
    header: random.pick(['app.id', 'trace']),
    'value.literal': random.pick([
      'best-app',
      '1234',
      '-3.5',
      'true',
      '[1, 2, "x"]',
      '{"a": 1}',
      'null',
      '2024-02-29',
      '"quoted"',
      '  padded ',
      '99999999999',
    ]),
  }),
  (random) => ({ type: 'DropHeaders', headers: random.pick(['trace', 'h1,app.id', 'none']) }),
  () => ({ type: 'Filter' }),
]

function drawPredicate(random: SeededRandom): Settings {
  return random.pick<Settings>([
    { type: `${JAVA}.predicates.RecordIsTombstone` },
    { type: `${JAVA}.predicates.HasHeaderKey`, name: random.pick(['trace', 'app.id', 'h1']) },
    {
      type: `${JAVA}.predicates.TopicNameMatches`,
      pattern: random.pick(['shop\\..*', '.*s', 'all|logs-[a-z]+', '(?i)SHOP.orders']),
    },
  ])
}

/** Of settings that many transforms have. */
function nulls(random: SeededRandom): Settings {
  return random.chance(0.3) ? { 'replace.null.with.default': String(random.chance(0.5)) } : {}
}

function drawName(random: SeededRandom): string {
  return random.chance(0.3) ? random.pick(FIELDS) : random.pick(['extra', 'source', 'x.y', 'été'])
}

/** One that no field has: in Java's HashMap it is by chance which of two fields of one name is left. */
function newName(random: SeededRandom): string {
  return `new${random.below(1_000_000)}`
}

function drawFields(random: SeededRandom, most = 3): string {
  return [...new Set(Array.from({ length: 1 + random.below(most) }, () => random.pick(FIELDS)))].join(',')
}

function drawSchema(random: SeededRandom): Schema {
  const optional = (): boolean => random.chance(0.5)
  const logical = (name: string): Schema => ({ name: `org.apache.kafka.connect.data.${name}`, version: 1 })
  const nested: Schema = {
    type: 'struct',
    fields: [
      { field: 'a', type: 'int32', optional: optional() },
      {
        field: 'deep',
        type: 'struct',
        optional: optional(),
        fields: [{ field: 'b', type: 'string', optional: true, default: 'b0' }],
      },
    ],
  }
  const all: readonly Schema[] = [
    { field: 'id', type: random.pick(['int8', 'int16', 'int32', 'int64']), optional: optional() },
    { field: 'name', type: 'string', optional: true },
    { field: 'amount', type: random.pick(['float', 'double']), optional: optional() },
    { field: 'active', type: 'boolean', optional: optional() },
    { field: 'ts', type: 'int64', optional: optional() },
    { field: 'created', type: 'int64', ...logical('Timestamp'), optional: optional() },
    { field: 'price', type: 'bytes', ...logical('Decimal'), parameters: { scale: '2' }, optional: true },
    { field: 'nested', ...nested, optional: optional() },
    { field: 'tags', type: 'array', items: { type: 'string', optional: false }, optional: true },
    { field: 'note', type: 'string', optional: true, default: 'n0' },
    { field: 'level', type: 'int32', ...logical('Date'), optional: true },
    { field: 'ratio', type: 'float', optional: true, default: 0.5 },
  ]
  const fields = all.filter(() => random.chance(0.8))
  return { type: 'struct', optional: false, ...(random.chance(0.5) ? { name: 'shop.Order', version: 2 } : {}), fields }
}

function drawRecord(random: SeededRandom, i: number, schema: Schema | null): ChainRecord {
  return {
    topic: random.pick(['shop.orders', 'shop.returns', 'logs']),
    partition: random.below(3),
    offset: i,
    timestamp: random.pick(TIMES.filter((time) => time >= 0)),
    key: random.chance(0.2) ? null : drawKey(random, schema !== null),
    value: random.chance(0.12) ? null : drawValue(random, schema),
    headers: random.chance(0.5)
      ? []
      : [['trace', random.pick(TEXTS)], ...(random.chance(0.5) ? [['h1', null] as const] : [])],
  }
}

function drawKey(random: SeededRandom, hasSchema: boolean): string {
  const isObject = random.chance(0.5)
  const payload: Json = isObject ? { id: random.below(100), name: random.pick(TEXTS) } : random.pick(TEXTS)
  if (!hasSchema) return JSON.stringify(payload)
  const fields: Json = [
    { field: 'id', type: 'int64', optional: false },
    { field: 'name', type: 'string', optional: true },
  ]
  return JSON.stringify({
    schema: isObject ? { type: 'struct', optional: false, fields } : { type: 'string', optional: true },
    payload,
  })
}

function drawValue(random: SeededRandom, schema: Schema | null): string {
  if (schema !== null) {
    const payload = Object.fromEntries(
      (schema['fields'] as readonly Schema[]).map((field) => [field['field'], drawOf(random, field)]),
    )
    return JSON.stringify({ schema, payload })
  }
  if (random.chance(0.08)) return JSON.stringify(random.pick<Json>(['text', 5, [1, 'a'], true]))
  const values: Readonly<Record<string, () => Json>> = {
    id: () => random.pick<Json>([1, -5, 300, 70_000, 3_000_000_000]),
    name: () => random.pick(TEXTS),
    amount: () => random.pick([0.5, -12.25, 3]),
    active: () => random.chance(0.5),
    ts: () => random.pick(TIMES),
    created: () => random.pick<Json>([...TIMES, '2024-02-29 23:59:59']),
    price: () => random.pick(['12.50', '-0.25']),
    nested: () => ({ a: random.below(9), deep: { b: random.pick(TEXTS) }, list: [1, { c: null }] }),
    tags: () => ['a', random.pick(TEXTS)],
    note: () => random.pick(TEXTS),
    level: () => random.below(5),
    ratio: () => random.pick([0.5, 0.25, -4.75]),
  }
  const present = FIELDS.filter(() => random.chance(0.8))
  return JSON.stringify(Object.fromEntries(present.map((name) => [name, random.chance(0.12) ? null : values[name]!()])))
}

function drawOf(random: SeededRandom, schema: Schema): Json {
  if (schema['optional'] === true && random.chance(0.2)) return null
  const name = schema['name']
  const logical = typeof name === 'string' ? name.split('.').at(-1) : undefined
  if (logical === 'Decimal') return random.pick(['MDk=', '/w==', 'AA==', 'BNI='])
  if (logical === 'Date') return random.pick([0, 1, -1, 19_782, 24_855])
  switch (schema['type'] as string) {
    case 'int8':
      return random.pick([0, 1, -128, 127])
    case 'int16':
      return random.pick([0, 1, -129, 32_767])
    case 'int32':
      return random.pick([0, -1, 70_000, 2_147_483_647])
    case 'int64':
      return random.pick(schema['field'] === 'id' ? [0, 1, -1, 3_000_000_000] : TIMES)
    case 'float':
      return random.pick([0, 1.5, -0.1, 1024.5])
    case 'double':
      return random.pick([0, 1.5, -0.1, 1e-7, 123_456_789.125])
    case 'boolean':
      return random.chance(0.5)
    case 'array':
      return random.pick<Json>([[], ['a'], ['b', 'ü']])
    case 'struct':
      return Object.fromEntries(
        (schema['fields'] as readonly Schema[]).map((field) => [field['field'], drawOf(random, field)]),
      )
    default:
      return random.pick(TEXTS)
  }
}
