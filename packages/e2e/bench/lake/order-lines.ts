/** The orders as lines of JSON, about 274 bytes each, and as records of topics. */
import fs from 'node:fs'
import type { Kafka, ProducerRecord } from '@sluice/kafka'
import { orders, type Order } from '../orders.ts'

const ORDERS_AT_ONCE = 5000
/** As they come from several producers at a time. */
const PARTITIONS = 4
const LINE_FEED = 10

/** Connect's schema of a line, for JsonConverter. It has no decimals as texts: the amount is a text, and the time a number of microseconds. */
export const ORDER_SCHEMA: string = JSON.stringify({
  type: 'struct',
  fields: [
    { field: 'id', type: 'int64' },
    { field: 'seq', type: 'int64' },
    { field: 'customer', type: 'string' },
    { field: 'status', type: 'string' },
    { field: 'currency', type: 'string' },
    { field: 'amount', type: 'string' },
    { field: 'created_at', type: 'int64' },
    { field: 'gift', type: 'boolean' },
    { field: 'note', type: 'string', optional: true },
    {
      field: 'address',
      type: 'struct',
      fields: [
        { field: 'city', type: 'string' },
        { field: 'zip', type: 'string', optional: true },
        {
          field: 'geo',
          type: 'struct',
          fields: [
            { field: 'lat', type: 'double' },
            { field: 'lon', type: 'double' },
          ],
        },
      ],
    },
  ],
})

/** One order as a line, without its end. */
function lineOf(order: Order): string {
  const { note, 'address.zip': zip, 'address.lat': lat, 'address.lon': lon } = order
  const text = (value: string | null): string => (value === null ? 'null' : `"${value}"`)
  return (
    `{"id":${order.id},"seq":${order.seq},"customer":"${order.customer}","status":"${order.status}",` +
    `"currency":"${order.currency}","amount":"${order.amount}","created_at":${order.created_at},` +
    `"gift":${order.gift},"note":${text(note)},"address":{"city":"${order['address.city']}","zip":${text(zip)},` +
    `"geo":{"lat":${lat.toFixed(6)},"lon":${lon.toFixed(6)}}}}`
  )
}

/** Lines of the orders `from` to `from + count - 1`, each in bytes of its own. */
export function orderLines(from: number, count: number): Uint8Array[] {
  return orders(from, count).map((order) => Buffer.from(lineOf(order)))
}

/** Writes the orders 1 to `count`. */
export function writeOrderLines(file: string, count: number): void {
  const out = fs.openSync(file, 'w')
  try {
    for (let from = 1; from <= count; from += ORDERS_AT_ONCE) {
      const some = orders(from, Math.min(ORDERS_AT_ONCE, count - from + 1))
      fs.writeSync(out, some.map((order) => `${lineOf(order)}\n`).join(''))
    }
  } finally {
    fs.closeSync(out)
  }
}

/** Puts lines of a file into topics: to each of them its share, in pieces that follow one another. The key is the number of the line. */
export async function fillTopics(kafka: Kafka, topics: readonly string[], file: string, count: number): Promise<void> {
  const partitions = topics.length === 1 ? PARTITIONS : 1
  await kafka.admin.ensureTopics(topics.map((topic) => ({ topic, partitions })))
  const producer = kafka.producer({ compression: 'lz4', lingerMs: 50 })
  const share = count / topics.length
  const records: ProducerRecord[] = []
  let id = 0
  for await (const bytes of wholeLinesOf(file)) {
    for (let from = 0; from < bytes.length && id < count;) {
      const end = lineEnd(bytes, from)
      const [topic, key] = [topics[Math.floor(id / share)]!, Buffer.from(String(++id))]
      const value = bytes.subarray(from, end)
      records.push({ topic, partition: null, key, value, timestamp: null, headers: null })
      from = end + 1
      if (records.length === ORDERS_AT_ONCE) await producer.produce(records.splice(0))
    }
    if (id === count) break
  }
  if (records.length > 0) await producer.produce(records)
  await producer.close()
}

/** The file in pieces that end with a line. */
export async function* wholeLinesOf(file: string): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0)
  for await (const chunk of fs.createReadStream(file, { highWaterMark: 1 << 20 })) {
    const bytes = rest.length === 0 ? (chunk as Buffer) : Buffer.concat([rest, chunk as Buffer])
    const end = bytes.lastIndexOf(LINE_FEED) + 1
    yield bytes.subarray(0, end)
    rest = bytes.subarray(end)
  }
}

/** Where the line that begins there ends. */
export function lineEnd(bytes: Buffer, from: number): number {
  return bytes.indexOf(LINE_FEED, from)
}
