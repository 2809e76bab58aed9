import { describe, expect, test } from '@jest/globals'
import { DataError, type RawHeader } from '@sluice/sdk'
import * as fc from 'fast-check'
import {
  QUARANTINE_HEADERS,
  Quarantine,
  compileGate,
  markHeaders,
  readQuarantineHeaders,
  type OriginalRecord,
  type QuarantineEnvelope,
} from '@sluice/quality'
import { clockAt } from './fixed-clock.ts'

const NOW = Date.UTC(2026, 5, 1, 12)
const clock = clockAt(NOW)
const random = { next: () => 0.5 }
const quarantine = new Quarantine({ flow: 'orders', worker: 'w-1', clock, random })
const gate = compileGate({
  id: 'orders-g1',
  mode: 'enforce',
  ruleset: {
    id: 'orders',
    version: 7,
    checks: [
      { id: 'speed', check: 'range', field: 'speed', params: { max: 250 } },
      { id: 'place', check: 'required', field: 'place', severity: 'warn' },
    ],
  },
})
const original: OriginalRecord = {
  key: Uint8Array.of(0, 255),
  value: Uint8Array.of(0xff, 0xfe, 0),
  headers: [
    { key: 'a', value: Uint8Array.of(1, 0xff) },
    { key: 'a', value: null },
  ],
  timestamp: NOW - 5000,
  origin: {
    topic: 'orders.raw',
    partition: 3,
    offset: 8_000_000_000_001,
    timestamp: NOW - 5000,
    timestampType: 'append',
  },
}
const verdict = gate.judge({ key: null, value: { speed: 400 }, timestamp: null })

const texts = (headers: readonly RawHeader[]): Record<string, string> =>
  Object.fromEntries(headers.map(({ key, value }) => [key, value === null ? '' : Buffer.from(value).toString()]))

describe('a judged record', () => {
  const record = quarantine.judged(original, gate, verdict)

  test('keeps its original bytes, timestamp and headers, untouched and first', () => {
    expect(record.key).toBe(original.key)
    expect(record.value).toBe(original.value)
    expect(record.timestamp).toBe(NOW - 5000)
    expect(record.headers.slice(0, 2)).toEqual(original.headers)
    expect(record.headers[0]).toBe(original.headers![0])
  })

  test('carries the envelope as UTF-8 text', () => {
    const { 'dq-reasons': reasons, 'dq-id': id, ...others } = texts(record.headers.slice(2))
    expect(others).toEqual({
      'dq-origin-topic': 'orders.raw',
      'dq-origin-partition': '3',
      'dq-origin-offset': '8000000000001',
      'dq-origin-timestamp': String(NOW - 5000),
      'dq-origin-timestamp-type': 'append',
      'dq-flow': 'orders',
      'dq-gate': 'orders-g1',
      'dq-gate-version': gate.version,
      'dq-ruleset': `orders@7 sha256:${gate.ruleset.fingerprint}`,
      'dq-stage': 'judge',
      'dq-severity': 'error',
      'dq-attempt': '1',
      'dq-first-seen': '2026-06-01T12:00:00.000Z',
      'dq-failed-at': '2026-06-01T12:00:00.000Z',
      'dq-worker': 'w-1',
    })
    expect(JSON.parse(reasons!)).toEqual(verdict.reasons)
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(parseInt(id!.replaceAll('-', '').slice(0, 12), 16)).toBe(NOW)
  })

  test('is read back as it was written', () => {
    expect(readQuarantineHeaders(record.headers)).toEqual({
      id: texts(record.headers)['dq-id']!,
      origin: original.origin,
      flow: 'orders',
      gate: 'orders-g1',
      gateVersion: gate.version,
      ruleset: `orders@7 sha256:${gate.ruleset.fingerprint}`,
      stage: 'judge',
      severity: 'error',
      reasons: verdict.reasons,
      attempt: 1,
      firstSeen: NOW,
      failedAt: NOW,
      worker: 'w-1',
      exceptionClass: null,
      exceptionStack: null,
    } satisfies QuarantineEnvelope)
  })

  test('that comes back and fails again keeps id and first time, and counts the attempt', () => {
    clock.set(NOW + 60_000)
    const origin = { ...original.origin!, offset: 99 }
    const again = quarantine.judged({ ...original, headers: record.headers, origin }, gate, verdict)
    clock.set(NOW)
    const [before, after] = [readQuarantineHeaders(record.headers)!, readQuarantineHeaders(again.headers)!]
    expect(after).toEqual({ ...before, origin, attempt: 2, failedAt: NOW + 60_000 })
    expect(again.headers.slice(0, 2)).toEqual(original.headers)
    const names = again.headers.map(({ key }) => key).filter((key) => key.startsWith('dq-'))
    expect(new Set(names).size).toBe(names.length)
  })

  test('keeps what an earlier gate marked', () => {
    const marks = markHeaders(gate, verdict)
    const { headers } = quarantine.judged({ ...original, headers: marks }, gate, verdict)
    expect(headers.slice(0, 3)).toEqual(marks)
    expect(readQuarantineHeaders(headers)!.gate).toBe('orders-g1')
  })

  test('without key, value and headers is one too', () => {
    const bare = quarantine.judged(
      { key: null, value: null, headers: null, timestamp: null, origin: null },
      gate,
      verdict,
    )
    expect([bare.key, bare.value, bare.timestamp]).toEqual([null, null, null])
    expect(readQuarantineHeaders(bare.headers)!.origin).toBeNull()
  })
})

test('bytes that a source diverted have stage poll, no origin, and their place in the reason', () => {
  const bytes = Uint8Array.of(0x61, 0xff)
  const place = { file: 'orders.csv', line: 7, column: 3 }
  const record = quarantine.diverted(bytes, {
    code: 'csv-row-width',
    message: 'the row has 3 fields, not 14',
    place,
    remedy: 'quote commas',
  })
  expect(record.value).toBe(bytes)
  expect(record.key).toBeNull()
  expect(readQuarantineHeaders(record.headers)).toMatchObject({
    origin: null,
    stage: 'poll',
    gate: null,
    severity: 'error',
    reasons: [
      {
        check: null,
        field: null,
        code: 'csv-row-width',
        message: 'the row has 3 fields, not 14',
        expected: 'quote commas',
        place,
      },
    ],
  })
  expect(record.headers.map(({ key }) => key)).not.toContain('dq-origin-topic')
})

test('a record that a codec cannot decode has stage decode and the exception', () => {
  const error = new DataError('Unexpected end of JSON input', { place: { column: 12 }, cause: new SyntaxError('x') })
  const record = quarantine.failed(original, 'decode', error)
  expect(record.value).toBe(original.value)
  const envelope = readQuarantineHeaders(record.headers)!
  expect(envelope).toMatchObject({
    origin: original.origin,
    stage: 'decode',
    exceptionClass: 'DataError',
    reasons: [
      { code: 'DATA_INVALID', message: 'Unexpected end of JSON input (column=12); because: x', place: { column: 12 } },
    ],
  })
  expect(envelope.exceptionStack).toContain('DataError: Unexpected end')
})

test('whatever user code throws is kept, within bounds', () => {
  const long = new RangeError('y'.repeat(10_000))
  const envelope = readQuarantineHeaders(quarantine.failed(original, 'process', long).headers)!
  expect(envelope).toMatchObject({
    stage: 'process',
    exceptionClass: 'RangeError',
    reasons: [{ code: 'process.failed' }],
  })
  expect(envelope.reasons[0]!.message).toHaveLength(200)
  expect(envelope.exceptionStack!.length).toBeLessThanOrEqual(4000)
  expect(readQuarantineHeaders(quarantine.failed(original, 'process', 'a text').headers)).toMatchObject({
    exceptionClass: 'string',
    reasons: [{ message: 'a text' }],
  })
})

describe('reading', () => {
  const header = (key: string, text: string): RawHeader => ({ key, value: Buffer.from(text) })

  test('finds no envelope where there is none', () => {
    expect(readQuarantineHeaders(null)).toBeNull()
    expect(readQuarantineHeaders([header('__connect.errors.topic', 't'), header('dq-gate', 'g')])).toBeNull()
    expect(readQuarantineHeaders([{ key: 'dq-id', value: null }])).toBeNull()
  })

  test('takes what it can, and null for the rest', () => {
    const headers = [
      header('dq-id', 'x'),
      header('dq-origin-topic', 't'),
      header('dq-origin-partition', '-1'),
      header('dq-origin-offset', '12'),
      header('dq-stage', 'elsewhere'),
      header('dq-severity', 'dreadful'),
      header(
        'dq-reasons',
        '[{"code":"a"},5,null,{"message":"no code"},{"code":"b","severity":"warn","place":{"line":1}}]',
      ),
      header('dq-attempt', 'many'),
      header('dq-first-seen', 'yesterday'),
      header('dq-worker', 'first'),
      header('dq-worker', 'last'),
      { key: 'other', value: null },
    ]
    expect(readQuarantineHeaders(headers)).toMatchObject({
      id: 'x',
      origin: null,
      stage: null,
      severity: null,
      attempt: 1,
      firstSeen: null,
      worker: 'last',
      reasons: [
        { code: 'a', message: '', severity: 'error', check: null },
        { code: 'b', severity: 'warn', place: { line: 1 } },
      ],
    })
    expect(readQuarantineHeaders([header('dq-id', 'x'), header('dq-reasons', '{')])!.reasons).toEqual([])
  })

  test('never throws, whatever is in the headers', () => {
    const bytes = fc.option(fc.uint8Array({ maxLength: 40 }))
    const any = fc.array(fc.record({ key: fc.constantFrom(...QUARANTINE_HEADERS, 'x'), value: bytes }))
    fc.assert(fc.property(any, (headers) => void readQuarantineHeaders([header('dq-id', 'x'), ...headers])))
  })

  test('gives back any origin, and any reason', () => {
    const text = fc.string({ unit: 'binary' }).map((some) => some.toWellFormed())
    const count = fc.nat({ max: Number.MAX_SAFE_INTEGER })
    fc.assert(
      fc.property(text, count, count, text, (topic, partition, offset, message) => {
        const origin = { topic, partition, offset, timestamp: null, timestampType: 'none' as const }
        const reason = { ...verdict.reasons[0]!, message, actual: topic }
        const { headers } = quarantine.judged({ ...original, origin }, gate, { ...verdict, reasons: [reason] })
        expect(readQuarantineHeaders(headers)).toMatchObject({ origin, reasons: [reason] })
      }),
    )
  })
})

test('a mark is three headers', () => {
  const warned = gate.judge({ key: null, value: { speed: 1 }, timestamp: null })
  expect(warned.action).toBe('mark')
  expect(texts(markHeaders(gate, warned))).toEqual({
    'dq-status': 'warn',
    'dq-warn': 'place',
    'dq-gate': `orders-g1@${gate.version.slice(0, 12)}`,
  })
})
