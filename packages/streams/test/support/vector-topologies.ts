/**
 * The topologies behind vectors/streams (Topologies.java there), by name and parameters. Serdes are given where Kafka Streams was run
 * with default ones: all keys and values are texts unless said.
 */
import {
  BufferConfig,
  JoinWindows,
  Serdes,
  SessionWindows,
  SlidingWindows,
  StreamsBuilder,
  Suppressed,
  TimeWindows,
  UnlimitedWindows,
  type KGroupedStream,
  type KStream,
  type KTable,
  type Materialized,
  type Optimizations,
  type SessionWindowedKStream,
  type TimeWindowedKStream,
  type Topology,
  type Windowed,
} from '../../src/index.ts'

export type Params = Readonly<Record<string, unknown>>
type Texts = KStream<string | null, string | null>
type Rows = KTable<string, string>

const text = { key: Serdes.string, value: Serdes.string }
const sided = { ...text, otherValue: Serdes.string }
/** As Kafka Streams does in windows that are not sliding. */
const nulls = { aggregatesNulls: true }
const kept: { readonly materialized: Materialized<string, string> } = { materialized: text }
const named: { readonly materialized: Materialized<string, string> } = { materialized: { ...text, name: 'store' } }
const joined = (left: string | null, right: string | null): string => `${left}+${right}`
const ms = (params: Params, name: string): number => Number(params[name] ?? 0)

/** `params.optimize` is what Kafka Streams was run with. @throws Error for a name that the vectors do not have */
export function vectorTopology(
  name: string,
  params: Params,
  optimizations = (params['optimize'] ?? 'none') as Optimizations,
): Topology {
  const write = TOPOLOGIES[name]
  if (write === undefined) throw new Error(`There is no topology ${name}`)
  const builder = new StreamsBuilder()
  write(builder, params)
  return builder.build(optimizations)
}

type Write = (builder: StreamsBuilder, params: Params) => void

const TOPOLOGIES: Readonly<Record<string, Write>> = {
  tumbling: timeWindowed,
  hopping: timeWindowed,
  unlimited: (builder, params) =>
    time(grouped(builder).windowedBy(UnlimitedWindows.of().startOn(ms(params, 'start'))), params),
  sliding(builder, params) {
    const windows = SlidingWindows.ofTimeDifferenceAndGrace(ms(params, 'difference'), ms(params, 'grace'))
    time(grouped(builder).windowedBy(windows), params)
  },
  session(builder, params) {
    const windows = SessionWindows.ofInactivityGapAndGrace(ms(params, 'gap'), ms(params, 'grace'))
    session(grouped(builder).windowedBy(windows), params)
  },
  'tumbling-cogroup'(builder, params) {
    const cogrouped = grouped(builder, 'L')
      .cogroup<string>((_key, value, aggregate) => aggregate + value)
      .cogroup(grouped(builder, 'R'), (_key, value, aggregate) => `${aggregate}[${value}]`)
      .windowedBy(timeWindows(params))
    windowed(
      cogrouped.aggregate(() => '_', { ...kept, ...nulls }),
      params,
    )
  },
  cogroup(builder) {
    const cogrouped = grouped(builder, 'L')
      .cogroup<string>((_key, value, aggregate) => aggregate + value)
      .cogroup(grouped(builder, 'R'), (_key, value, aggregate) => (value === 'x' ? null : `${aggregate}[${value}]`))
    out(cogrouped.aggregate(() => '_', kept).toStream())
  },
  'stream-stream'(builder, params) {
    const left = stream(builder, 'L')
    const right = stream(builder, 'R')
    const windows = joinWindows(params)
    if (params['kind'] === 'inner') out(left.join(right, joined, windows, sided))
    else if (params['kind'] === 'left') out(left.leftJoin(right, joined, windows, sided))
    else out(left.outerJoin(right, joined, windows, sided))
  },
  'self-join'(builder, params) {
    const both = stream(builder)
    out(both.join(both, joined, joinWindows(params), sided))
  },
  'table-table'(builder, params) {
    const left = table(builder, 'L', params)
    const right = table(builder, 'R', params)
    out(joinedTables(params['kind'], left, right, {}).toStream())
  },
  'table-table-materialized'(builder, params) {
    const left = table(builder, 'L')
    const right = table(builder, 'R')
    out(joinedTables(params['kind'], left, right, named).toStream())
  },
  'table-table-table'(builder, params) {
    const [left, right, third] = [table(builder, 'L'), table(builder, 'R'), table(builder, 'X')]
    const { kind } = params
    out(joinedTables(kind, joinedTables(kind, left, right, {}), third, {}).toStream())
  },
  'stream-table'(builder, params) {
    const left = stream(builder, 'L')
    const right = table(builder, 'R', params)
    const options = { ...text, ...('grace' in params ? { graceMs: ms(params, 'grace') } : {}) }
    out(params['kind'] === 'inner' ? left.join(right, joined, options) : left.leftJoin(right, joined, options))
  },
  'stream-global'(builder, params) {
    const left = stream(builder, 'L')
    const right = builder.globalTable('R', text)
    const selector = (_key: string | null, value: string): string | null =>
      value === 'nokey' ? null : value.slice(0, 1)
    out(params['kind'] === 'inner' ? left.join(right, selector, joined) : left.leftJoin(right, selector, joined))
  },
  'foreign-key'(builder, params) {
    const left = table(builder, 'L')
    const right = table(builder, 'R')
    const foreignKey = (value: string): string | null => value.split(',')[0] || null
    out(
      (params['kind'] === 'inner'
        ? left.join(right, foreignKey, joined, kept)
        : left.leftJoin(right, foreignKey, joined, kept)
      ).toStream(),
    )
  },
  count: (builder) => out(grouped(builder).count().toStream()),
  reduce: (builder) =>
    out(
      grouped(builder)
        .reduce((aggregate, value) => (value === 'x' ? null : aggregate + value), kept)
        .toStream(),
    ),
  aggregate: (builder) =>
    out(
      grouped(builder)
        .aggregate(
          () => '_',
          (_key, value, aggregate) => (value === 'x' ? null : aggregate + value),
          kept,
        )
        .toStream(),
    ),
  'groupBy-count': (builder) =>
    out(
      stream(builder)
        .groupBy((_key, value) => value?.slice(0, 1) || null, text)
        .count()
        .toStream(),
    ),
  'table-groupBy-count': (builder) =>
    out(
      table(builder)
        .groupBy((_key, value) => group(value), text)
        .count()
        .toStream(),
    ),
  'table-groupBy-reduce': (builder) =>
    out(
      table(builder)
        .groupBy((_key, value) => group(value), text)
        .reduce(
          (aggregate, value) => `${aggregate}+${value}`,
          (aggregate, value) => `${aggregate}-${value}`,
          kept,
        )
        .toStream(),
    ),
  'table-groupBy-sum': (builder, params) =>
    out(
      table(builder)
        .groupBy((_key, value) => group(value), text)
        .aggregate(
          () => 0,
          (_key, value, sum) => sum + cents(value),
          (_key, value, sum) => (sum - cents(value) === 0 && 'deleteZero' in params ? null : sum - cents(value)),
          { materialized: { key: Serdes.string, value: Serdes.long } },
        )
        .toStream(),
    ),
  'table-filter': (builder) =>
    out(
      table(builder)
        .filter((_key, value) => !value.startsWith('n'))
        .toStream(),
    ),
  'table-filter-materialized': (builder) =>
    out(
      table(builder)
        .filter((_key, value) => !value.startsWith('n'), named)
        .toStream(),
    ),
  'table-filterNot-count': (builder) =>
    out(
      table(builder)
        .filterNot((_key, value) => value.startsWith('n'))
        .groupBy((_key, value) => ['all', value], text)
        .count()
        .toStream(),
    ),
  'table-mapValues': (builder) =>
    out(
      table(builder)
        .mapValues((value, key) => `${key}:${value}`)
        .toStream(),
    ),
  'table-mapValues-materialized': (builder) =>
    out(
      table(builder)
        .mapValues((value) => (value.startsWith('n') ? null : `${value}!`), named)
        .toStream(),
    ),
  'table-suppress': (builder, params) => out(table(builder).suppress(limited(params)).toStream()),
  'table-count-suppress': (builder, params) => out(grouped(builder).count().suppress(limited(params)).toStream()),
  toTable: (builder) => out(stream(builder).toTable(named).toStream()),
  'toTable-virtual': (builder) => out(stream(builder).toTable(kept).toStream()),
  'selectKey-toTable': (builder) =>
    out(
      stream(builder)
        .selectKey((key, value) => value?.slice(0, 1) ?? key)
        .toTable(kept)
        .toStream(),
    ),
  filter: (builder) => out(stream(builder).filter((_key, value) => value !== null && value < 'm')),
  filterNot: (builder) => out(stream(builder).filterNot((_key, value) => value !== null && value < 'm')),
  map: (builder) => out(stream(builder).map((key, value) => [value, key])),
  flatMap: (builder) => out(stream(builder).flatMap((key, value) => letters(value).map((letter) => [letter, key]))),
  flatMapValues: (builder) => out(stream(builder).flatMapValues(letters)),
  selectKey: (builder) => out(stream(builder).selectKey((_key, value) => value)),
  repartition: (builder) => out(stream(builder).repartition({ ...text, partitions: 1 })),
  merge: (builder) =>
    out(
      stream(builder, 'L')
        .mapValues((value) => `l${value}`)
        .merge(stream(builder, 'R').mapValues((value) => `r${value}`)),
    ),
  'merge-count': (builder) => out(stream(builder, 'L').merge(stream(builder, 'R')).groupByKey(text).count().toStream()),
  split(builder, params) {
    const split = stream(builder)
      .split({ name: 's-' })
      .branch('a', (_key, value) => value !== null && value.startsWith('a'))
      .branch('b', (_key, value) => value !== null && value.includes('b'))
    if (params['default'] === 'none') {
      const { a, b } = split.noDefaultBranch()
      a.to('out-s-a', text)
      b.to('out-s-b', text)
    } else {
      const { a, b, rest } = split.defaultBranch('rest')
      a.to('out-s-a', text)
      b.to('out-s-b', text)
      rest.to('out-s-rest', text)
    }
  },
  'tumbling-then-table': (builder, params) =>
    out(
      grouped(builder)
        .windowedBy(timeWindows(params))
        .count(nulls)
        .groupBy(({ key }, count) => [key, count], { key: Serdes.string, value: Serdes.long })
        .reduce(
          (sum, count) => sum + count,
          (sum, count) => sum - count,
        )
        .toStream(),
    ),
}

function stream(builder: StreamsBuilder, topic = 'in'): Texts {
  return builder.stream(topic, text)
}

function grouped(builder: StreamsBuilder, topic = 'in'): KGroupedStream<string, string> {
  return stream(builder, topic).groupByKey()
}

function table(builder: StreamsBuilder, topic = 'in', params: Params = {}): Rows {
  if (!('versioned' in params)) return builder.table(topic, text)
  const materialized = { ...text, name: `${topic}-v`, historyRetentionMs: ms(params, 'versioned') }
  return builder.table(topic, { ...text, materialized })
}

function timeWindows(params: Params): TimeWindows {
  const windows = TimeWindows.ofSizeAndGrace(ms(params, 'size'), ms(params, 'grace'))
  return 'advance' in params ? windows.advanceBy(ms(params, 'advance')) : windows
}

function joinWindows(params: Params): JoinWindows {
  return JoinWindows.ofTimeDifferenceAndGrace(0, ms(params, 'grace'))
    .after(ms(params, 'after'))
    .before(ms(params, 'before'))
}

function timeWindowed(builder: StreamsBuilder, params: Params): void {
  time(grouped(builder).windowedBy(timeWindows(params)), params)
}

function time(stream: TimeWindowedKStream<string, string>, params: Params): void {
  const windows = stream.emitStrategy(params['emit'] === 'close' ? 'close' : 'update')
  const options = { ...kept, ...nulls }
  const append = (_key: string, value: string, aggregate: string): string => aggregate + value
  const { op } = params
  if (op === 'count') windowed(windows.count(nulls), params)
  else if (op === 'reduce')
    windowed(
      windows.reduce((aggregate, value) => aggregate + value, options),
      params,
    )
  else if (op === 'aggregate')
    windowed(
      windows.aggregate(() => '_', append, options),
      params,
    )
  else {
    const deleting = (key: string, value: string, aggregate: string | null): string | null =>
      value === 'x' ? null : append(key, value, aggregate ?? '_')
    windowed(
      windows.aggregate(() => '_', deleting, options),
      params,
    )
  }
}

function session(stream: SessionWindowedKStream<string, string>, params: Params): void {
  const sessions = stream.emitStrategy(params['emit'] === 'close' ? 'close' : 'update')
  const options = { ...kept, ...nulls }
  const { op } = params
  if (op === 'count') windowed(sessions.count(nulls), params)
  else if (op === 'reduce')
    windowed(
      sessions.reduce((aggregate, value) => aggregate + value, options),
      params,
    )
  else {
    const append = (_key: string, value: string, aggregate: string): string => aggregate + value
    const merge = (_key: string, earlier: string, later: string): string => `(${earlier}${later})`
    windowed(
      sessions.aggregate(() => '_', append, merge, options),
      params,
    )
  }
}

/** The rows of a windowed table as texts, `key@start/end`. */
function windowed<V>(table: KTable<Windowed<string>, V>, params: Params): void {
  let rows = table
  if (params['suppress'] === 'close') rows = rows.suppress(Suppressed.untilWindowCloses(BufferConfig.unbounded()))
  else if (params['suppress'] === 'limit')
    rows = rows.suppress(Suppressed.untilTimeLimit(ms(params, 'limit'), BufferConfig.unbounded()))
  out(rows.toStream(({ key, start, end }) => `${key}@${start}/${end}`))
}

function joinedTables(kind: unknown, left: Rows, right: Rows, options: Partial<typeof named>): Rows {
  if (kind === 'inner') return left.join(right, joined, options)
  return kind === 'left' ? left.leftJoin(right, joined, options) : left.outerJoin(right, joined, options)
}

function limited(params: Params): Suppressed {
  const buffer =
    'maxRecords' in params
      ? BufferConfig.maxRecords(ms(params, 'maxRecords')).emitEarlyWhenFull()
      : BufferConfig.unbounded()
  return Suppressed.untilTimeLimit(ms(params, 'limit'), buffer)
}

function out<K extends string | null, V>(stream: KStream<K, V>): void {
  stream.mapValues((value) => (value === null ? null : String(value))).to('out', text)
}

function letters(value: string | null): string[] {
  return value === null ? [] : value.split('')
}

function group(value: string): readonly [string | null, string] {
  return [value.split(',')[0] || null, value]
}

function cents(value: string): number {
  return Number(value.split(',')[1])
}
