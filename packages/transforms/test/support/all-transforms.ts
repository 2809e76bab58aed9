/** Settings for each transform that needs some, with which it has something to do. */
import type { RawSettings } from '@sluice/sdk'

const SIDES: Readonly<Record<string, RawSettings>> = {
  'bytes-to-string': { fields: 'a' },
  cast: { spec: 'a:int32' },
  'case-transform': { 'field.names': 'a', case: 'upper' },
  'concat-fields': { 'field.names': 'a,b', 'output.field.name': 'c' },
  'conditional-filter': { 'filter.condition': "$[?(@.a == 'x' || @.b > 1)]", 'filter.type': 'include' },
  'extract-field': { field: 'a' },
  'extract-nested-field': {
    'input.outer.field.name': 'after',
    'input.inner.field.name': 'a',
    'output.field.name': 'c',
  },
  'extract-timestamp': { 'field.name': 'a.b' },
  'extract-topic': { 'field.name': 'a.b' },
  'filter-by-field-value': { 'field.name': 'a', 'field.value': '5' },
  'hash-field': { fields: 'a,a.b' },
  hash: { 'field.name': 'a', function: 'sha256' },
  'header-from': { fields: 'a', headers: 'h', operation: 'move' },
  'hoist-field': { field: 'a' },
  'insert-field': { 'static.field': 'c', 'static.value': 'x' },
  'mask-field': { fields: 'a' },
  'pattern-filter': { pattern: 'x', fields: 'a' },
  'pattern-rename': { 'field.pattern': 'a', 'field.replacement': 'c' },
  'replace-field': { renames: 'a:c' },
  'set-schema-metadata': { 'schema.name': 'N' },
  'timestamp-converter': { field: 'a', 'target.type': 'unix', format: 'yyyy' },
  'truncate-field': { fields: 'a,a.b', length: '1' },
}

const WHOLE: Readonly<Record<string, RawSettings>> = {
  'by-logical-table-router': { 'topic.regex': '.*', 'topic.replacement': 'a' },
  'change-topic-case': { from: 'LOWER_CAMEL', to: 'UPPER_UNDERSCORE' },
  'content-based-router': { 'topic.expression': "value.op == 'c' ? 'a' : null" },
  'content-filter': { condition: "value.op == 'c'" },
  'drop-headers': { headers: 'a' },
  'enforce-record-size': { 'max.bytes': '1', 'min.field.size': '0' },
  'extract-changed-record-state': { 'header.changed.name': 'c' },
  'extract-topic-header': { field: 'a' },
  'header-to-value': { headers: 'a', fields: 'after.c', operation: 'move' },
  'insert-header': { header: 'a', 'value.literal': '1' },
  'key-to-value': { 'key.fields': 'a,*' },
  'message-timestamp-router': { 'message.timestamp.keys': 'a', 'topic.timestamp.format': 'yyyy' },
  'partition-routing': {
    'partition.payload.fields': 'change.a,op,source',
    'partition.topic.num': '7',
    'partition.hash.function': 'murmur',
  },
  'regex-router': { regex: '.*', replacement: 'a' },
  'schema-change-event-filter': { 'schema.change.event.include.list': 'CREATE' },
  'timezone-converter': { 'converted.timezone': 'Europe/Prague' },
  'topic-regex-router': { regex: '.*', replacement: 'a' },
  'value-to-key': { fields: 'a' },
}

/** By the plugin's name. */
export const MADE: Readonly<Record<string, RawSettings>> = {
  ...Object.fromEntries(
    Object.entries(SIDES).flatMap(([name, settings]) => ['key', 'value'].map((side) => [`${name}-${side}`, settings])),
  ),
  ...WHOLE,
}
