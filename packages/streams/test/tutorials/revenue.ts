import { DataError, defineSettings } from '@sluice/sdk'
import { CalendarWindows, defineProcessor, Figures, Serdes } from '@sluice/streams'

export interface Order {
  readonly customer: string
  readonly euros: number
}
export interface Revenue {
  readonly orders: number
  readonly euros: number | null
}

const settings = defineSettings({
  'input.topic': { type: 'string', default: 'orders', importance: 'high', documentation: 'Orders, by their numbers.' },
  'output.topic': {
    type: 'string',
    default: 'revenue',
    importance: 'high',
    documentation: 'Revenue, by customer and day.',
  },
  zone: { type: 'string', default: 'Europe/Berlin', importance: 'low', documentation: 'Whose days.' },
})
const orders = { key: Serdes.string, value: Serdes.json<Order>() }
const HOUR_MS = 3_600_000

function checked(order: Order): Order {
  if (typeof order.customer !== 'string')
    throw new DataError('An order has no customer', { place: { field: 'customer' } })
  if (!Number.isFinite(order.euros)) throw new DataError('An order has no amount', { place: { field: 'euros' } })
  return order
}

export default defineProcessor({
  name: 'revenue',
  version: '1.0.0',
  documentation: 'What each customer orders in a day.',
  settings,
  topology(builder, { 'input.topic': input, 'output.topic': output, zone }) {
    builder
      .stream(input, orders)
      .filter((_number, order): order is Order => order !== null, { name: 'without-tombstones' })
      .mapValues(checked, { name: 'checked' })
      .groupBy((_number, order) => order.customer, { ...orders, name: 'by-customer' })
      .windowedBy(CalendarWindows.ofUnitAndGrace('day', zone, HOUR_MS))
      .summarize(
        { orders: Figures.count(), euros: Figures.sum((order) => order.euros) },
        { name: 'revenue', materialized: { name: 'revenue' } },
      )
      .toStream(({ key, start }) => `${key} ${new Date(start).toISOString()}`, { name: 'by-customer-and-day' })
      .to(output, { key: Serdes.string, value: Serdes.json<Revenue>() })
  },
})
