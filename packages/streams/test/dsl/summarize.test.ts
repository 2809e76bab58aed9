import { expect, test } from '@jest/globals'
import { Figures, Serdes, SessionWindows, StreamsBuilder, TimeWindows, type Topology } from '../../src/index.ts'
import { TopologyTestDriver } from '../../src/testing/index.ts'

interface Order {
  readonly customer: string
  readonly city: string
  readonly euros: number | null
}

const orders = { key: Serdes.string, value: Serdes.json<Order>() }
const order = (city: string, euros: number | null): Order => ({ customer: 'c', city, euros })
const figures = {
  orders: Figures.count<Order>(),
  revenue: Figures.sum((one: Order) => one.euros),
  mean: Figures.avg((one: Order) => one.euros),
}

function driverOf(build: (builder: StreamsBuilder) => void): TopologyTestDriver {
  const builder = new StreamsBuilder()
  build(builder)
  return new TopologyTestDriver(builder.build())
}

test('a grouped stream is summarised per key, with what each figure is called', () => {
  const driver = driverOf((builder) =>
    builder
      .stream('orders', orders)
      .groupByKey(orders)
      .summarize(
        { ...figures, largest: Figures.max((one) => one.euros) },
        { name: 'sums', materialized: { name: 'sums' } },
      )
      .toStream()
      .to('out', { key: Serdes.string, value: Serdes.json() }),
  )
  const input = driver.createInputTopic('orders', orders.key, orders.value)
  input.pipeInput('a', order('x', 3))
  input.pipeInput('a', order('x', 5))
  input.pipeInput('b', order('x', null))
  expect(driver.createOutputTopic('out', Serdes.string, Serdes.json()).readKeyValuesToList()).toEqual([
    ['a', { orders: 1, revenue: 3, mean: 3, largest: 3 }],
    ['a', { orders: 2, revenue: 8, mean: 4, largest: 5 }],
    ['b', { orders: 1, revenue: null, mean: null, largest: null }],
  ])
})

test('a row of a table that changes is taken out of its group before it is added to the other', () => {
  const driver = driverOf((builder) =>
    builder
      .table('orders', { ...orders, materialized: { name: 'orders' } })
      .groupBy((_id, one) => [one.city, one], { ...orders, name: 'by-city' })
      .summarize(figures, { name: 'cities', materialized: { name: 'cities' } })
      .toStream()
      .to('out', { key: Serdes.string, value: Serdes.json() }),
  )
  const input = driver.createInputTopic('orders', orders.key, Serdes.json<Order | null>())
  input.pipeInput('1', order('rome', 10))
  input.pipeInput('2', order('rome', 20))
  input.pipeInput('1', order('oslo', 10))
  input.pipeInput('2', null)
  const rows = driver.createOutputTopic('out', Serdes.string, Serdes.json()).readKeyValuesToMap()
  expect(Object.fromEntries(rows)).toEqual({
    rome: { orders: 0, revenue: null, mean: null },
    oslo: { orders: 1, revenue: 10, mean: 10 },
  })
})

test('windows and sessions are summarised, merged sessions too', () => {
  const driver = driverOf((builder) => {
    const grouped = builder.stream('orders', orders).groupByKey(orders)
    const all = { ...figures, first: Figures.first((one: Order) => one.city) }
    grouped
      .windowedBy(TimeWindows.ofSizeWithNoGrace(100))
      .emitStrategy('close')
      .summarize(all, { name: 'by-window', materialized: { name: 'by-window' } })
      .toStream(({ key, start }) => `${key}@${start}`)
      .to('windows', { key: Serdes.string, value: Serdes.json() })
    grouped
      .windowedBy(SessionWindows.ofInactivityGapAndGrace(50, 100))
      .summarize(all, { name: 'by-session', materialized: { name: 'by-session' } })
      .toStream(({ key, start, end }) => `${key}@${start}-${end}`)
      .to('sessions', { key: Serdes.string, value: Serdes.json() })
  })
  const input = driver.createInputTopic('orders', orders.key, orders.value)
  input.pipeInput('a', order('x', 1), { timestamp: 10 })
  input.pipeInput('a', order('y', 2), { timestamp: 90 })
  input.pipeInput('a', order('z', 6), { timestamp: 50 })
  input.pipeInput('a', order('x', 1), { timestamp: 300 })
  const windows = driver.createOutputTopic('windows', Serdes.string, Serdes.json()).readKeyValuesToList()
  expect(windows).toEqual([['a@0', { orders: 3, revenue: 9, mean: 3, first: 'x' }]])
  const sessions = driver.createOutputTopic('sessions', Serdes.string, Serdes.json()).readKeyValuesToMap()
  expect(sessions.get('a@10-90')).toEqual({ orders: 3, revenue: 9, mean: 3, first: 'x' })
})

test('what cannot take a row out again is no figure of a table that changes', () => {
  const builder = new StreamsBuilder()
  const grouped = builder.table('orders', orders).groupBy((_id, one) => [one.city, one], { ...orders, name: 'by-city' })
  // @ts-expect-error The largest of those that are left is not known.
  expect(() => grouped.summarize({ largest: Figures.max((one: Order) => one.euros) })).toBeDefined()
})

test('a figure that is added to rows that are there begins with what comes from then on', () => {
  const topology = (more: object): Topology => {
    const builder = new StreamsBuilder()
    builder
      .stream('orders', orders)
      .groupByKey(orders)
      .summarize<object>({ orders: Figures.count(), ...more }, { name: 'sums', materialized: { name: 'sums' } })
      .toStream()
      .to('out', { key: Serdes.string, value: Serdes.json() })
    return builder.build()
  }
  const before = new TopologyTestDriver(topology({}))
  before.createInputTopic('orders', orders.key, orders.value).pipeInput('a', order('x', 3))
  const more = { revenue: figures.revenue, largest: Figures.max((one: Order) => one.euros) }
  const driver = new TopologyTestDriver(topology(more), { continuing: before })
  driver.createInputTopic('orders', orders.key, orders.value).pipeInput('a', order('x', 5))
  expect(driver.createOutputTopic('out', Serdes.string, Serdes.json()).readKeyValuesToList()).toEqual([
    ['a', { orders: 2, revenue: 5, largest: 5 }],
  ])
})

test('no figures are refused', () => {
  const grouped = new StreamsBuilder().stream('orders', orders).groupByKey(orders)
  expect(() => grouped.summarize({})).toThrow(/without figures/)
})
