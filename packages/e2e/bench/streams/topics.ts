/** What the Streams benchmarks process: orders of customers, and what is known of the customers, the same on every machine. */
import type { Kafka, ProducerRecord } from '@sluice/kafka'

export const CUSTOMERS = 50_000
export const PARTITIONS = 4
/** Event time is long ago: nothing may expire. */
export const KEPT = { 'retention.ms': '-1' }
const BATCH = 20_000
const START_MS = 1_760_000_000_000
const SPAN_MS = 3_600_000
const CURRENCIES = ['EUR', 'USD', 'GBP', 'SEK'] as const
const METHODS = ['card', 'transfer', 'wallet'] as const

export interface Order {
  readonly id: string
  readonly customer: string
  readonly product: string
  readonly amount: number
  readonly currency: string
  readonly ts: number
  readonly status: string
  readonly items: number
}

export interface Customer {
  readonly id: string
  readonly name: string
  readonly country: string
  readonly level: number
}

export interface Payment {
  readonly id: string
  readonly order: string
  readonly method: string
  readonly amount: number
  readonly ts: number
}

/**
 * `orders` (about 140 bytes each, by customer: the busiest 1 % place a fifth of them), `orders-id` (the same by id), `payments` (by order,
 * one in 20 of none) and `customers`. Event time covers an hour; one order in 20 is up to 20 s late.
 */
export async function fillTopics(kafka: Kafka, count: number): Promise<void> {
  await createTopics(kafka)
  const producer = kafka.producer({ batchBytesMax: 262_144 })
  const random = seeded(42)
  for (const range of batches(CUSTOMERS)) {
    await producer.produce(
      range.map((i) => {
        const customer: Customer = {
          id: customerId(i),
          name: `Customer number ${i}`,
          country: CURRENCIES[i & 3]!,
          level: i % 5,
        }
        return record('customers', customer.id, customer, START_MS - SPAN_MS)
      }),
    )
  }
  for (const range of batches(count)) {
    const records = range.flatMap((i) => {
      const late = random()
      const ts = START_MS + Math.floor((i * SPAN_MS) / count) - (late < 0.05 ? Math.floor(random() * 20_000) : 0)
      const order: Order = {
        id: `o-${String(i).padStart(9, '0')}`,
        customer: customerId(Math.floor(CUSTOMERS * random() ** 3)),
        product: `p-${String(Math.floor(random() * 20_000)).padStart(5, '0')}`,
        amount: Math.round(random() * 10_000) / 100,
        currency: CURRENCIES[Math.floor(random() * 4)]!,
        ts,
        status: 'open',
        items: 1 + Math.floor(random() * 9),
      }
      const payment: Payment = {
        id: `pay-${i}`,
        order: i % 20 === 0 ? `none-${i}` : order.id,
        method: METHODS[i % 3]!,
        amount: order.amount,
        ts: ts + Math.floor(random() * 120_000),
      }
      return [
        record('orders', order.customer, order, ts),
        record('orders-id', order.id, order, ts),
        record('payments', payment.order, payment, payment.ts),
      ]
    })
    await producer.produce(records)
  }
  await producer.close()
}

/** As `fillTopics` does, and leaves them empty. */
export async function createTopics(kafka: Kafka): Promise<void> {
  const topics = ['orders', 'orders-id', 'payments', 'customers']
  await kafka.admin.ensureTopics(topics.map((topic) => ({ topic, partitions: PARTITIONS, configs: KEPT })))
}

function* batches(count: number): Generator<number[]> {
  for (let from = 0; from < count; from += BATCH)
    yield Array.from({ length: Math.min(BATCH, count - from) }, (_, i) => from + i)
}

function record(topic: string, key: string, value: object, timestamp: number): ProducerRecord {
  return {
    topic,
    partition: null,
    key: Buffer.from(key),
    value: Buffer.from(JSON.stringify(value)),
    timestamp,
    headers: null,
  }
}

function customerId(i: number): string {
  return `c-${String(i).padStart(6, '0')}`
}

/** mulberry32 */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}
