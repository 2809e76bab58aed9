import { expect, test } from '@jest/globals'
import { array, map, primitive, struct } from '@sluice/sdk'
import { bloomFiltersIn, deltaSchemaOf } from '@sluice/lake'
import type { DeltaSchema } from '@sluice/lake'

const text = primitive('string')
const schema = deltaSchemaOf(
  struct({ id: text, flag: primitive('boolean'), lines: array(struct({ sku: text })), tags: map(text, text) }),
)

test('columns that can have one, nested ones too; others are no mistake', () => {
  const wanted = ['id', 'flag', 'lines', 'lines.list.element.sku', 'tags.key_value.key', 'nothing']
  expect(bloomFiltersIn(schema, wanted)).toEqual(['id', 'lines.list.element.sku', 'tags.key_value.key'])
  expect(bloomFiltersIn(schema, [])).toEqual([])
})

test('are asked for by the names that people see, and given by those of the files', () => {
  const mapped: DeltaSchema = {
    fields: schema.fields.map((field) => ({
      ...field,
      metadata: { 'delta.columnMapping.physicalName': `col-${field.name}` },
    })),
  }
  expect(bloomFiltersIn(mapped, ['id', 'lines.list.element.sku', 'col-tags.key_value.key'])).toEqual([
    'col-id',
    'col-lines.list.element.sku',
  ])
})
