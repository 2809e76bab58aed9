/** The topologies of the Streams benchmarks, as the peer's programs have them. */
import {
  JoinWindows,
  Serdes,
  StreamsBuilder,
  Suppressed,
  TimeWindows,
  BufferConfig,
  type Topology,
} from '@sluice/streams'
import type { Customer, Order, Payment } from './topics.ts'

const text = Serdes.string
const orders = { key: text, value: Serdes.json<Order>() }
/** One changelog record per update, as the peer's without its cache. */
const COUNTS = { materialized: { name: 'counts', caching: false } }
const COUNTS_IN_MEMORY = { materialized: { ...COUNTS.materialized, engine: 'memory' as const } }

export type Write = (builder: StreamsBuilder, output: string) => void

export const TOPOLOGIES: Readonly<Record<string, Write>> = {
  stateless: (builder, output) =>
    builder
      .stream('orders', orders)
      .filter((_key, order) => order!.amount > 20)
      .mapValues((order) => ({ ...order!, amount: Math.round(order!.amount * 120) / 100, status: 'checked' }))
      .to(output, orders),
  count: (builder, output) =>
    builder
      .stream('orders', orders)
      .groupByKey()
      .count(COUNTS)
      .toStream()
      .to(output, { key: text, value: Serdes.long }),
  'count-memory': (builder, output) =>
    builder
      .stream('orders', orders)
      .groupByKey()
      .count(COUNTS_IN_MEMORY)
      .toStream()
      .to(output, { key: text, value: Serdes.long }),
  sum: (builder, output) =>
    builder
      .stream('orders', orders)
      .groupByKey()
      .windowedBy(TimeWindows.ofSizeAndGrace(60_000, 30_000))
      .aggregate(
        () => 0,
        (_key, order, sum) => sum + order.amount,
        { materialized: { name: 'sums', value: Serdes.double } },
      )
      .suppress(Suppressed.untilWindowCloses(BufferConfig.unbounded()))
      .toStream((windowed) => `${windowed.key}@${windowed.start}`)
      .to(output, { key: text, value: Serdes.double }),
  'stream-table': (builder, output) => {
    const customers = builder.table('customers', {
      key: text,
      value: Serdes.json<Customer>(),
      materialized: { name: 'customers-store' },
    })
    builder
      .stream('orders', orders)
      .join(customers, ({ id, customer, amount }, { name, country, level }) => ({
        id,
        customer,
        amount,
        name,
        country,
        level,
      }))
      .to(output, { key: text, value: Serdes.json() })
  },
  'stream-stream': (builder, output) =>
    builder
      .stream('orders-id', orders)
      .join(
        builder.stream('payments', { key: text, value: Serdes.json<Payment>() }),
        ({ id, customer, amount, ts }, { method, amount: paid, ts: paidAt }) => ({
          id,
          customer,
          amount,
          ts,
          method,
          paid,
          paidAt,
        }),
        JoinWindows.ofTimeDifferenceAndGrace(300_000, 30_000),
        { name: 'paid' },
      )
      .to(output, { key: text, value: Serdes.json() }),
  repartition: (builder, output) =>
    builder
      .stream('orders', orders)
      .selectKey((_key, order) => order!.product)
      .groupByKey({ ...orders, name: 'by-product' })
      .count(COUNTS)
      .toStream()
      .to(output, { key: text, value: Serdes.long }),
}

export function topologyOf(name: string, output: string): Topology {
  const builder = new StreamsBuilder()
  TOPOLOGIES[name]!(builder, output)
  return builder.build()
}
