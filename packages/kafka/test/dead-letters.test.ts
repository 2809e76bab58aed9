import { expect, test } from '@jest/globals'
import { DataError, ProjectionError, RetriableError, SchemaError, SluiceError, ValueError } from '@sluice/sdk'
import { type DeadLetterContext, deadLetter } from '../src/index.ts'

const original = {
  key: Buffer.from('k'),
  value: Buffer.from([0xff, 0x00]),
  headers: [{ key: 'own', value: Buffer.from('header') }],
  timestamp: 1234,
}
const context: DeadLetterContext = {
  origin: { topic: 'orders', partition: 3, offset: 42 },
  connector: 'sink',
  task: 0,
  stage: 'VALUE_CONVERTER',
  className: 'json',
  error: new DataError('not JSON: ü', { cause: new Error('unexpected end') }),
}

function texts(headers: readonly { key: string; value: Uint8Array | null }[]): [string, string | null][] {
  return headers.map(({ key, value }) => [key, value === null ? null : Buffer.from(value).toString()])
}

test('the original record goes on unchanged, the reasons behind its own headers, in the order of Connect', () => {
  const letter = deadLetter('orders.dead', original, context)
  expect(letter).toMatchObject({
    topic: 'orders.dead',
    partition: null,
    key: original.key,
    value: original.value,
    timestamp: 1234,
  })
  const headers = texts(letter.headers!)
  expect(headers.slice(0, -1)).toEqual([
    ['own', 'header'],
    ['__connect.errors.topic', 'orders'],
    ['__connect.errors.partition', '3'],
    ['__connect.errors.offset', '42'],
    ['__connect.errors.connector.name', 'sink'],
    ['__connect.errors.task.id', '0'],
    ['__connect.errors.stage', 'VALUE_CONVERTER'],
    ['__connect.errors.class.name', 'json'],
    ['__connect.errors.exception.class.name', 'org.apache.kafka.connect.errors.DataException'],
    ['__connect.errors.exception.message', 'not JSON: ü'],
  ])
  const [name, stack] = headers.at(-1)!
  expect(name).toBe('__connect.errors.exception.stacktrace')
  expect(stack).toMatch(/DataError: not JSON[^]*Caused by: Error: unexpected end/)
})

test('bytes from a source have no coordinates in Kafka, and may have no exception', () => {
  const bytes = { key: null, value: Buffer.from('bad line'), headers: null, timestamp: null }
  const letter = deadLetter('dead', bytes, { ...context, origin: null, stage: 'TASK_POLL', error: null })
  expect(texts(letter.headers!)).toEqual([
    ['__connect.errors.connector.name', 'sink'],
    ['__connect.errors.task.id', '0'],
    ['__connect.errors.stage', 'TASK_POLL'],
    ['__connect.errors.class.name', 'json'],
  ])
  expect(letter.value).toBe(bytes.value)
})

test('an exception without a message has a null one; what is thrown need not be an error', () => {
  const last = (error: unknown): [string, string | null][] =>
    texts(deadLetter('dead', original, { ...context, error }).headers!).slice(8)
  expect(last(new TypeError())[1]).toEqual(['__connect.errors.exception.message', null])
  expect(last('just text')).toEqual([
    ['__connect.errors.exception.class.name', 'string'],
    ['__connect.errors.exception.message', 'just text'],
    ['__connect.errors.exception.stacktrace', null],
  ])
})

test('errors are told by the names of Kafka Connect’s, and without the place that is only ours', () => {
  const place = { field: 'a' }
  const errors: readonly (readonly [unknown, string])[] = [
    [new DataError('no', { place }), 'DataException'],
    [new ValueError('no', { place }), 'DataException'],
    [new SchemaError('no', { place }), 'SchemaBuilderException'],
    [new ProjectionError('no', { place }), 'SchemaProjectorException'],
    [new RetriableError('STORE_UNAVAILABLE', 'no', { place }), 'RetriableException'],
    [new SluiceError('INTERNAL', 'no', { place }), 'ConnectException'],
  ]
  for (const [error, name] of errors) {
    const headers = new Map(texts(deadLetter('dead', original, { ...context, error }).headers!))
    expect(headers.get('__connect.errors.exception.class.name')).toBe(`org.apache.kafka.connect.errors.${name}`)
    expect(headers.get('__connect.errors.exception.message')).toBe('no')
  }
})

test('an explanation never outgrows its record', () => {
  const letter = deadLetter('dead', original, { ...context, error: new Error('x'.repeat(5_000_000)) })
  const size = letter.headers!.reduce((sum, { value }) => sum + (value?.length ?? 0), 0)
  expect(size).toBeLessThan(100_000)
})
