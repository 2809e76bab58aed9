import { expect, test } from '@jest/globals'
import { Serdes, StreamsBuilder } from '@sluice/streams'
import { inputsOf, simulate, TopologyTestDriver } from '@sluice/streams/testing'
import revenue, { type Order } from './revenue.ts'

function topology() {
  const builder = new StreamsBuilder()
  revenue.topology(builder, revenue.settings.parse({}))
  return builder.build()
}

test('orders are summed up by customer and day', () => {
  const driver = new TopologyTestDriver(topology())
  const orders = driver.createInputTopic('orders', Serdes.string, Serdes.json<Order>())
  orders.pipeInput('1', { customer: 'ada', euros: 20 }, Date.parse('2026-03-29T01:00+01:00'))
  orders.pipeInput('2', { customer: 'ada', euros: 5 }, Date.parse('2026-03-29T23:00+02:00'))
  orders.pipeInput('3', { customer: 'ada', euros: 1 }, Date.parse('2026-03-30T00:00+02:00'))
  expect(driver.createOutputTopic('revenue', Serdes.string, Serdes.json()).readKeyValuesToMap()).toEqual(
    new Map([
      ['ada 2026-03-28T23:00:00.000Z', { orders: 2, euros: 25 }],
      ['ada 2026-03-29T22:00:00.000Z', { orders: 1, euros: 1 }],
    ]),
  )
})

test('an order without a customer is quarantined, and nothing else is lost', () => {
  const driver = new TopologyTestDriver(topology())
  driver.createInputTopic('orders', Serdes.bytes, Serdes.json<object>()).pipeInput(null, { euros: 20 })
  expect(driver.tally('orders')).toMatchObject({ in: 1, passed: 0, quarantined: { 'process:customer': 1 } })
})

test.each([1, 2, 3])('each is counted once, whatever happens (seed %d)', async (seed) => {
  const order = inputsOf('orders', Serdes.string, Serdes.json<Order>())
  const inputs = Array.from({ length: 60 }, (_, i) =>
    order(String(i), { customer: `customer ${i % 5}`, euros: i }, { timestamp: 1_700_000_000_000 + i, atMs: i * 20 }),
  )
  const { violations } = await simulate({ topology: topology(), seed, inputs, compare: { revenue: 'latest' } })
  expect(violations).toEqual([])
})
