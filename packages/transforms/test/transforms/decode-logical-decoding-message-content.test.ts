/** A message of PostgreSQL becomes the event of an inserted row. */
import { expect, test } from '@jest/globals'
import { DataError, primitive, struct } from '@sluice/sdk'
import type { RawSettings, Schema, SinkRecord } from '@sluice/sdk'
import { change, tombstone } from '../support/change-events.ts'
import { sinkRecord, transform } from '../support/records.ts'

const CONTENT: Schema = primitive('bytes', { optional: true })

function message(content: string, of: Schema = CONTENT): SinkRecord {
  const body = struct({ prefix: primitive('string', { optional: true }), content: of }, { optional: true })
  const bytes = of.type === 'bytes' ? Buffer.from(content) : content
  return sinkRecord({
    keySchema: struct({ prefix: primitive('string') }),
    key: { prefix: 'outbox' },
    valueSchema: struct(
      { op: primitive('string'), ts_ms: primitive('int64', { optional: true }), message: body },
      { name: 'io.debezium.connector.postgresql.MessageValue', version: 1 },
    ),
    value: { op: 'm', ts_ms: 5, message: { prefix: 'outbox', content: bytes } },
  })
}

function decoded(record: SinkRecord, settings: RawSettings = {}): SinkRecord {
  const name = 'io.debezium.connector.postgresql.transforms.DecodeLogicalDecodingMessageContent'
  return transform(name, settings)(record)!
}

test('the content is the row, the operation an insert, and the key is gone', () => {
  const result = decoded(message('{"id":1,"type":"paid","sum":1.5,"none":null}'))
  expect(result).toMatchObject({ key: null, keySchema: null })
  expect(result.value).toEqual({ op: 'c', ts_ms: 5, after: { id: 1, type: 'paid', sum: 1.5 } })
  const schema = result.valueSchema!
  expect(schema.name).toBe('io.debezium.connector.postgresql.MessageValue.Envelope')
  expect(schema.type === 'struct' && schema.fields.map(({ name }) => name)).toEqual(['op', 'ts_ms', 'after'])
})

test('nulls may be kept', () => {
  expect(decoded(message('{"none":null}'), { 'fields.null.include': 'true' }).value).toMatchObject({
    after: { none: null },
  })
})

test('contents of one shape share one schema', () => {
  const decode = transform('DecodeLogicalDecodingMessageContent')
  const record = message('{"id":1}')
  const [a, b] = [record, { ...record, value: message('{"id":2}').value }].map((each) => decode(each)!)
  expect(b!.valueSchema).toBe(a!.valueSchema)
})

test('the event router then takes it for a row of the outbox', () => {
  const row = '{"id":"7","aggregatetype":"order","aggregateid":"a","type":"paid","payload":"x"}'
  const routed = transform('io.debezium.transforms.outbox.EventRouter')(decoded(message(row)))
  expect(routed).toMatchObject({ topic: 'outbox.event.order', key: 'a', value: 'x' })
})

test.each(['text', '[1,2]', '{"a":', ''])('content that is no JSON object is bad data: %s', (content) => {
  const decode = (): unknown => decoded(message(content))
  expect(decode).toThrow(DataError)
  expect(decode).toThrow(`Unable to parse logical decoding message content JSON string '${content}'`)
})

test('long content is not shown whole, and content that is no bytes is refused', () => {
  expect(() => decoded(message('x'.repeat(10_000)))).toThrow(/'x{200}…'/)
  expect(() => decoded(message('{}', primitive('string')))).toThrow(
    'The content of a logical decoding message is non-binary',
  )
})

test('what is no such message is handed on itself', () => {
  const decode = transform('DecodeLogicalDecodingMessageContent')
  for (const record of [tombstone(), change({ op: 'c' }), sinkRecord({ value: { op: 'm' } })])
    expect(decode(record)).toBe(record)
})
