/** What the compiler knows: these tests fail to compile when a type is lost on the way. */
import { expect, test } from '@jest/globals'
import {
  JoinWindows,
  Serdes,
  SessionWindows,
  StreamsBuilder,
  TimeWindows,
  type KStream,
  type KTable,
  type Windowed,
} from '../../src/index.ts'
import { text } from './topology-of.ts'

interface Order {
  readonly id: string
  readonly euros: number
}
type Texts = KStream<string | null, string | null>

const orders = { key: Serdes.string, value: Serdes.json<Order>() }
const builder = new StreamsBuilder()
const stream: KStream<string | null, Order | null> = builder.stream('orders', orders)
const numbers = { key: Serdes.string, value: Serdes.double }

test('keys and values of a stream may be null, those of groups and tables are not', () => {
  const mapped: KStream<number, number> = stream.map((key, value) => [key?.length ?? 0, value?.euros ?? 0])
  const known: KStream<string | null, Order> = stream.filter((_key, value): value is Order => value !== null)
  const table: KTable<string, number> = known.groupByKey(orders).aggregate(
    () => 0,
    (key, order, sum) => sum + order.euros + key.length,
    { materialized: numbers },
  )
  const changes: KStream<string, number | null> = table.toStream()
  expect([mapped, changes]).toHaveLength(2)
  // @ts-expect-error A value may be a tombstone.
  expect(() => stream.mapValues((value) => value.euros)).toBeDefined()
})

test('what is read without serdes is bytes, whatever is said of it', () => {
  const bytes: KStream<Uint8Array | null, Uint8Array | null> = new StreamsBuilder().stream('bytes')
  expect(bytes).toBeDefined()
  // @ts-expect-error There is no serde that makes orders of bytes.
  expect(new StreamsBuilder().stream<string, Order>('orders')).toBeDefined()
  // @ts-expect-error There is no serde that makes orders of bytes.
  expect(new StreamsBuilder().table<string, Order>('orders')).toBeDefined()
})

test('windowed tables have windowed keys', () => {
  const grouped = stream.groupByKey()
  const tumbling: KTable<Windowed<string>, number> = grouped.windowedBy(TimeWindows.ofSizeWithNoGrace(10)).count()
  const sessions: KTable<Windowed<string>, number> = grouped
    .windowedBy(SessionWindows.ofInactivityGapWithNoGrace(5))
    .aggregate(
      () => 0,
      (_key, order, sum) => sum + order.euros,
      (_key, earlier, later) => earlier + later,
      { materialized: numbers },
    )
  const lengths: KStream<number, number | null> = tumbling.toStream(({ key, start, end }) => key.length + end - start)
  expect([sessions, lengths]).toHaveLength(2)
})

test('branches have their names and what their predicates prove', () => {
  const { some, none } = stream
    .split()
    .branch('some', (_key, value): value is Order => value !== null)
    .defaultBranch('none')
  const typed: readonly [KStream<string | null, Order>, KStream<string | null, Order | null>] = [some, none]
  expect(typed).toHaveLength(2)
  // @ts-expect-error There is no such branch.
  expect(stream.split().noDefaultBranch().other).toBeUndefined()
})

test('joins know which side may be missing', () => {
  const table: KTable<string, string> = builder.table('names', text)
  const inner: KStream<string, string> = stream.join(table, (order, name) => order.id + name, orders)
  const left: KStream<string | null, number> = stream.leftJoin(
    table,
    (_order, name, key) => name?.length ?? key?.length ?? 0,
    orders,
  )
  const windows = JoinWindows.ofTimeDifferenceWithNoGrace(1)
  const others: Texts = builder.stream('others', text)
  const sided = { ...orders, otherValue: Serdes.string }
  const outer: KStream<string | null, string | undefined> = stream.outerJoin(
    others,
    (order, other) => order?.id ?? other ?? undefined,
    windows,
    sided,
  )
  const foreign: KTable<string, string> = builder.table('lines', orders).join(
    table,
    (order) => order.id,
    (order, name) => `${order.euros}${name}`,
  )
  const global: KStream<string | null, string> = stream.join(
    builder.globalTable('currencies', { key: Serdes.integer, value: Serdes.string }),
    (_key, order) => order.euros,
    (order, currency) => order.id + currency,
  )
  expect([inner, left, outer, foreign, global]).toHaveLength(5)
  // @ts-expect-error A left join may find none.
  expect(() => stream.leftJoin(table, (_order, name) => name.length, orders)).toBeDefined()
})

test('cogrouped streams have one aggregate, and each its own values', () => {
  const table: KTable<string, number> = stream
    .groupByKey()
    .cogroup<number>((_key, order, sum) => sum + order.euros)
    .cogroup(builder.stream('texts', text).groupByKey(), (_key, value, sum) => sum + value.length)
    .aggregate(() => 0, { materialized: numbers })
  expect(table.queryableStoreName()).toContain('COGROUPKSTREAM-AGGREGATE-STATE-STORE-')
})
