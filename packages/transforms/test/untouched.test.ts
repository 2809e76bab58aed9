/** A record in which a transform finds nothing to do is handed on itself: no copy of it is made. */
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { primitive, struct } from '@sluice/sdk'
import type { RawSettings, SinkRecord, Value } from '@sluice/sdk'
import { predicates, transforms } from '@sluice/transforms'
import { sinkRecord } from './support/records.ts'

/** Settings of which the records below have nothing; only those with schemas for some, as Connect adds nulls to others. */
const NOTHING_TO_DO: Readonly<Record<string, RawSettings & { readonly only?: 'schema' }>> = {
  cast: { spec: 'zz:string', only: 'schema' },
  'drop-headers': { headers: 'zz' },
  flatten: {},
  'mask-field': { fields: 'zz', only: 'schema' },
  'replace-field': { exclude: 'zz' },
  'timestamp-converter': { field: 'zz', 'target.type': 'unix', only: 'schema' },
  'regex-router': { regex: 'zz', replacement: 'a' },
  'topic-regex-router': { regex: 'zz', replacement: 'a' },
  'timestamp-router': { 'topic.format': '${topic}' },
  'set-schema-metadata': { 'schema.name': 'Row', 'schema.version': '1', only: 'schema' },
  'hash-field': { fields: 'zz,name.zz' },
  'truncate-field': { fields: 'zz,name', length: '1000' },
  'extract-new-record-state': {},
  'extract-changed-record-state': { 'header.changed.name': 'a' },
  'outbox-event-router': {},
  'by-logical-table-router': { 'topic.regex': 'zz', 'topic.replacement': 'a' },
  'content-filter': { condition: "topic == 'orders'" },
  'content-based-router': { 'topic.expression': "topic == 'zz' ? 'a' : null" },
  'header-to-value': { headers: 'zz', fields: 'zz', operation: 'move' },
  'partition-routing': { 'partition.payload.fields': 'op', 'partition.topic.num': '5' },
  'timezone-converter': { 'converted.timezone': '+05:00' },
  'decode-logical-decoding-message-content': {},
  'schema-change-event-filter': { 'schema.change.event.include.list': 'DROP' },
  'enforce-record-size': { 'max.bytes': '1', 'min.field.size': '0' },
  'vector-to-json-converter': { only: 'schema' },
  'conditional-filter': { 'filter.condition': '$[?(@.age >= 0)]', 'filter.type': 'include' },
  'extract-topic': { field: 'zz', 'skip.missing.or.null': 'true' },
  'extract-topic-header': { field: 'zz', 'skip.missing.or.null': 'true' },
  'message-timestamp-router': {
    'message.timestamp.keys': 'age',
    'topic.timestamp.format': 'yyyy',
    'topic.format': '${topic}',
  },
  'tombstone-handler': { behavior: 'fail' },
  'case-transform': { 'field.names': 'zz,age', case: 'upper' },
  'extract-timestamp': { 'field.name': 'time' },
  'filter-by-field-value': { 'field.name': 'zz', 'field.value': 'a', 'field.value.matches': 'false' },
  'bytes-to-string': { fields: 'zz' },
  'change-topic-case': { from: 'UPPER_UNDERSCORE', to: 'LOWER_HYPHEN' },
  'pattern-filter': { pattern: 'a', fields: 'age' },
  'pattern-rename': { 'field.pattern': 'zz', 'field.replacement': 'a' },
  hash: { 'field.name': 'zz', 'skip.missing.or.null': 'true', function: 'md5' },
}

/** Those that always have something to do. */
const ALWAYS: ReadonlySet<string> = new Set([
  'concat-fields',
  'drop',
  'extract-field',
  'extract-nested-field',
  'filter',
  'gzip-decompress',
  'header-from',
  'hoist-field',
  'insert-field',
  'insert-header',
  'insert-uuid',
  'key-to-value',
  'make-tombstone',
  'value-to-key',
])

const nameOf = (plugin: string): string => plugin.replace(/-(?:key|value)$/, '')
/** The names that end so by themselves. */
const WHOLE = new Set(['value-to-key', 'key-to-value', 'header-to-value', 'filter-by-field-value'])
const keyOf = (plugin: string): string => (WHOLE.has(plugin) ? plugin : nameOf(plugin))

const ROW = struct(
  { name: primitive('string', { optional: true }), age: primitive('int64'), time: primitive('int64') },
  { name: 'Row', version: 1 },
)
const TIME = 1_700_000_000_123
const row = fc.record({
  name: fc.option(fc.string()),
  age: fc.nat(),
  time: fc.constant(TIME),
})

function records(): fc.Arbitrary<SinkRecord> {
  const headers = fc.option(fc.array(fc.constant({ key: 'h', schema: null, value: 'x' }), { minLength: 1 }))
  return fc.record({ fields: row, hasSchema: fc.boolean(), isMap: fc.boolean(), headers }).map((each) => {
    const fields: Value = each.isMap && !each.hasSchema ? new Map(Object.entries(each.fields)) : each.fields
    const schema = each.hasSchema ? ROW : null
    return sinkRecord({
      key: fields,
      keySchema: schema,
      value: fields,
      valueSchema: schema,
      timestamp: TIME,
      headers: each.headers,
    })
  })
}

describe('a record in which there is nothing to do is handed on itself', () => {
  const plugins = transforms.filter(({ name }) => !ALWAYS.has(keyOf(name)))

  test.each(plugins.map((plugin) => [plugin.name, plugin] as const))('by %s', (name, plugin) => {
    const { only, ...settings } = NOTHING_TO_DO[keyOf(name)]!
    const transform = plugin.create(settings)
    fc.assert(
      fc.property(records(), (record) => {
        if (only === undefined || record.valueSchema !== null) expect(transform(record)).toBe(record)
      }),
      { seed: 8, numRuns: 50 },
    )
  })

  test('by all but those that always do something', () => {
    const known = [...Object.keys(NOTHING_TO_DO), ...ALWAYS]
    expect(new Set(transforms.map(({ name }) => keyOf(name)))).toEqual(new Set(known))
    expect(predicates.length).toBeGreaterThan(0)
  })
})
