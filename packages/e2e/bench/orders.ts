/** Orders for the benchmarks: 13 flat columns, about 330 bytes each as JSON, the same on every machine. */
export interface Order {
  readonly id: number
  /** Beyond 2^53, as 64-bit integers are decoded there. */
  readonly seq: bigint
  /** A million distinct ones. */
  readonly customer: string
  readonly status: string
  readonly currency: string
  /** decimal(12,2) as text. */
  readonly amount: string
  /** Microseconds since 1970. */
  readonly created_at: number
  readonly gift: boolean
  /** Null in 70 % of the rows. */
  readonly note: string | null
  readonly 'address.city': string
  readonly 'address.zip': string | null
  readonly 'address.lat': number
  readonly 'address.lon': number
}

/** A set of orders, from id 1 on, with what a reader must find in it. */
export interface OrderSet {
  readonly rows: number
  /** Sum of `amount`. */
  readonly amount: string
  /** Rows with a note. */
  readonly notes: number
}
export const MILLION: OrderSet = { rows: 1_000_000, amount: '489763707669.77', notes: 299_998 }
export const TWENTIETH: OrderSet = { rows: 50_000, amount: '24534476601.62', notes: 15_160 }
export const TENTH: OrderSet = { rows: 100_000, amount: '48961286465.46', notes: 30_089 }

const STATUSES = ['created', 'paid', 'packed', 'shipped', 'delivered', 'returned']
const CURRENCIES = ['EUR', 'USD', 'GBP', 'CHF', 'SEK', 'NOK', 'DKK', 'PLN', 'CZK', 'HUF', 'JPY', 'CNY']
const CITIES = ['Zürich', 'Köln', 'Paris', 'London', 'Málaga', 'Wien', 'Praha', 'Łódź', 'Oslo', 'Roma', '東京', 'Lyon']
const WORDS =
  'leave at the door ring twice fragile gift wrap call before delivery neighbour second floor back entrance'.split(' ')
const STARTED_AT = 1_760_000_000_000_000

/** Orders with the ids `from` to `from + count - 1`; the first order is 1. */
export function orders(from: number, count: number): Order[] {
  return Array.from({ length: count }, (_, i) => order(from + i))
}

function order(id: number): Order {
  const h = mix(BigInt(id) * 16n)
  const cents = Number(h % 99_999_999n) - 1_000_000
  const customer = mix(h % 1_000_000n)
  const pick = (words: readonly string[], shift: bigint): string => words[Number((h >> shift) % BigInt(words.length))]!
  return {
    id,
    seq: 9_007_199_254_740_993n + BigInt(id) * 3n,
    customer: `c-${customer.toString(16).padStart(16, '0')}-${(h & 0xffffn).toString(16).padStart(4, '0')}`,
    status: pick(STATUSES, 5n),
    currency: pick(CURRENCIES, 9n),
    amount: `${cents < 0 ? '-' : ''}${Math.floor(Math.abs(cents) / 100)}.${String(Math.abs(cents) % 100).padStart(2, '0')}`,
    created_at: STARTED_AT + id * 977_013 + Number(h % 1_000_000n),
    gift: (h & 64n) !== 0n,
    note: h % 10n < 7n ? null : [3n, 8n, 13n, 18n].map((shift) => pick(WORDS, shift)).join(' '),
    'address.city': pick(CITIES, 11n),
    'address.zip': h % 9n === 0n ? null : String((h >> 7n) % 100_000n).padStart(5, '0'),
    'address.lat': Number((Number((h >> 12n) % 180_000_000n) / 1e6 - 90).toFixed(6)),
    'address.lon': Number((Number((h >> 21n) % 360_000_000n) / 1e6 - 180).toFixed(6)),
  }
}

/** A linear congruential step, then two rounds that spread the high bits over the low ones. */
function mix(seed: bigint): bigint {
  let x = BigInt.asUintN(64, seed * 6_364_136_223_846_793_005n + 1_442_695_040_888_963_407n)
  x ^= x >> 29n
  x = BigInt.asUintN(64, x * 0xbf58476d1ce4e5b9n)
  return x ^ (x >> 32n)
}
