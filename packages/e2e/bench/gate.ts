/** The gate's cost per record, beside the same questions written by hand as a chain of ifs: the limit of what compiling can reach. */
import { systemClock } from '@sluice/sdk'
import { CLEAN, compileGate, type CheckDefinition, type Gate } from '@sluice/quality'
import type { BenchCase } from './bench-case.ts'

interface Order {
  readonly id: string
  readonly customer: string
  readonly status: string
  readonly quantity: number
  readonly price: number
  readonly currency: string
  readonly ordered: string
  readonly shipped: string | null
  readonly carrier: string | null
  readonly created: number
}

interface OrderRecord {
  readonly key: string
  readonly value: Order
  readonly timestamp: number
  readonly topic: string
  readonly partition: number
  readonly offset: number
}

/** Ten checks of ten kinds. */
const TEN: readonly CheckDefinition[] = [
  { id: 'customer', check: 'required', field: 'customer' },
  { id: 'quantity-type', check: 'type', field: 'quantity', params: { is: 'integer' } },
  { id: 'status', check: 'in_set', field: 'status', params: { values: ['open', 'paid', 'shipped', 'closed'] } },
  { id: 'price', check: 'range', field: 'price', params: { above: 0, max: 10_000 } },
  { id: 'id', check: 'regex', field: 'id', params: { pattern: '^ORD-[0-9]{6}$' } },
  { id: 'ordered', check: 'format', field: 'ordered', params: { is: 'date' } },
  { id: 'customer-length', check: 'length', field: 'customer', params: { min: 1, max: 64 } },
  { id: 'shipped', check: 'compare', field: 'ordered', params: { op: '<=', other: 'shipped' } },
  {
    id: 'carrier',
    check: 'when_then',
    params: {
      when: { check: 'in_set', field: 'status', params: { values: ['shipped'] } },
      checks: [{ check: 'required', field: 'carrier' }],
    },
  },
  { id: 'created', check: 'not_future', field: 'created' },
]

const CEL: CheckDefinition = {
  id: 'total',
  check: 'expr',
  params: { expression: 'value.price * value.quantity < 1000000.0' },
}
const UNIQUE: CheckDefinition = { id: 'unique', check: 'unique_within' }

const RECORDS = 1024
const ROUNDS = 5
/** Judgements per round: enough for the clock of CPU time, which ticks in milliseconds. */
const JUDGED = 600 * RECORDS

/** Microseconds of CPU per record: the gate with 10 checks, with one more of CEL, of memory, and on failing records. */
export function bench(): BenchCase[] {
  const now = systemClock.now()
  const clean = Array.from({ length: RECORDS }, (_, i) => orderRecord(i, now, 50))
  const failing = Array.from({ length: RECORDS }, (_, i) => orderRecord(i, now, -1))
  const ten = gateOf(TEN)
  for (const record of clean) if (ten.judge(record) !== CLEAN) throw new Error('the benchmark expects clean records')

  const byHand = costPerRecord(clean, (record) => (isGoodOrder(record.value, systemClock.now()) ? 1 : 0))
  const failingByHand = costPerRecord(failing, (record) => (isGoodOrder(record.value, systemClock.now()) ? 1 : 0))
  const cost = (gate: Gate, records: readonly OrderRecord[]): number =>
    costPerRecord(records, (record) => gate.judge(record).reasons.length)
  const limit = [{ name: 'if-chain by hand, 10 checks', value: byHand }]
  return [
    { name: 'gate, 10 checks, clean record', unit: 'µs', ours: cost(ten, clean), peer: limit, bar: 2 },
    { name: 'gate, 10 checks and a CEL expression', unit: 'µs', ours: cost(gateOf([...TEN, CEL]), clean), peer: limit },
    {
      name: 'gate, 10 checks and unique_within of the whole value',
      unit: 'µs',
      ours: cost(gateOf([...TEN, UNIQUE]), clean),
      peer: limit,
    },
    {
      name: 'gate, 10 checks, failing record with its reasons',
      unit: 'µs',
      ours: cost(gateOf(TEN), failing),
      peer: [{ name: 'if-chain by hand, 10 checks', value: failingByHand }],
    },
  ]
}

function gateOf(checks: readonly CheckDefinition[]): Gate {
  return compileGate({ id: 'bench', mode: 'enforce', ruleset: { id: 'orders', version: 1, checks } })
}

function orderRecord(i: number, now: number, price: number): OrderRecord {
  const id = `ORD-${String(i).padStart(6, '0')}`
  const isShipped = i % 3 === 0
  const value: Order = {
    id,
    customer: `customer ${i}`,
    status: isShipped ? 'shipped' : 'paid',
    quantity: (i % 20) + 1,
    price,
    currency: 'EUR',
    ordered: `2026-01-${String((i % 28) + 1).padStart(2, '0')}`,
    shipped: isShipped ? '2026-02-01' : null,
    carrier: isShipped ? 'DHL' : null,
    created: now - i,
  }
  return { key: id, value, timestamp: now, topic: 'orders', partition: 0, offset: i }
}

const STATUSES: ReadonlySet<string> = new Set(['open', 'paid', 'shipped', 'closed'])
const ID = /^ORD-[0-9]{6}$/
const DATE = /^(\d{4})-(\d{2})-(\d{2})$/

/** The ten checks as somebody would write them who needs neither counters nor reasons. */
function isGoodOrder(order: Order, now: number): boolean {
  if (order.customer === null || order.customer === undefined) return false
  if (!Number.isInteger(order.quantity)) return false
  if (!STATUSES.has(order.status)) return false
  if (!(order.price > 0 && order.price <= 10_000)) return false
  if (!ID.test(order.id)) return false
  const date = DATE.exec(order.ordered)
  if (date === null || Number(date[2]) > 12 || Number(date[3]) > 31) return false
  if (order.customer.length < 1 || order.customer.length > 64) return false
  if (order.shipped !== null && order.ordered > order.shipped) return false
  if (order.status === 'shipped' && order.carrier === null) return false
  return order.created <= now
}

/** The median of some rounds, after one that warms up. */
function costPerRecord(records: readonly OrderRecord[], judge: (record: OrderRecord) => number): number {
  const rounds: number[] = []
  let sum = 0
  for (let round = -1; round < ROUNDS; round++) {
    const before = process.cpuUsage()
    for (let i = 0; i < JUDGED; i++) sum += judge(records[i % RECORDS]!)
    const { user, system } = process.cpuUsage(before)
    if (round >= 0) rounds.push((user + system) / JUDGED)
  }
  if (!Number.isFinite(sum)) throw new Error('unreachable')
  return rounds.toSorted((a, b) => a - b)[Math.floor(ROUNDS / 2)]!
}
