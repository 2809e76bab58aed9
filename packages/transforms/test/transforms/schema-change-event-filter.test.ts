/** Schema changes go on by their kind, everything else always. */
import { expect, test } from '@jest/globals'
import { array, primitive, struct } from '@sluice/sdk'
import type { SinkRecord, Value } from '@sluice/sdk'
import { change, tombstone } from '../support/change-events.ts'
import { sinkRecord, transform } from '../support/records.ts'

const CHANGES = struct(
  {
    source: struct({ db: primitive('string') }),
    ddl: primitive('string', { optional: true }),
    tableChanges: array(struct({ type: primitive('string') }), { optional: true }),
  },
  { name: 'io.debezium.connector.mysql.SchemaChangeValue' },
)

function schemaChange(tableChanges: Value): SinkRecord {
  return sinkRecord({ valueSchema: CHANGES, value: { source: { db: 'shop' }, ddl: '…', tableChanges } })
}

const filter = transform('io.debezium.transforms.SchemaChangeEventFilter', {
  'schema.change.event.include.list': 'CREATE, DATABASE',
})

test('kinds that are named go on as they are, others are dropped', () => {
  for (const changes of [[{ type: 'CREATE' }, { type: 'DROP' }], []]) {
    const record = schemaChange(changes)
    expect(filter(record)).toBe(record)
    const bare = { ...record, valueSchema: null }
    expect(filter(bare)).toBe(bare)
  }
  for (const changes of [[{ type: 'ALTER' }], null]) expect(filter(schemaChange(changes))).toBeNull()
  expect(filter({ ...schemaChange([{ type: 'DROP' }]), valueSchema: null })).toBeNull()
})

test('what is no schema change goes on', () => {
  for (const record of [tombstone(), change({ op: 'd' }), sinkRecord({ value: { tableChanges: [] } })])
    expect(filter(record)).toBe(record)
})

test('kinds are those of Debezium', () => {
  const make = (kinds: string) => () =>
    transform('SchemaChangeEventFilter', { 'schema.change.event.include.list': kinds })
  expect(make('CREATE,RENAME')).toThrow('RENAME')
  expect(make('')).toThrow('schema.change.event.include.list')
})
