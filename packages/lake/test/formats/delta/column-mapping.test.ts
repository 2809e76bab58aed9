import { describe, expect, test } from '@jest/globals'
import {
  dropColumn,
  fieldId,
  physicalName,
  physicalRows,
  physicalSchema,
  renameColumn,
  withMapping,
} from '../../../src/formats/delta/column-mapping.ts'
import { arrayType, mapType, nestedOf, structType } from '../../../src/formats/delta/schema.ts'
import type { DeltaField, DeltaSchema, DeltaType } from '../../../src/formats/delta/schema.ts'

const field = (name: string, type: DeltaType = 'long'): DeltaField => ({ name, type, nullable: true, metadata: {} })
const inner = structType([field('x'), field('y')])
const plain: DeltaSchema = {
  fields: [
    field('a'),
    field('s', inner),
    field('l', arrayType(inner, true)),
    field('m', mapType('string', inner, true)),
  ],
}
const mapped = withMapping({ schema: plain, properties: {} }, ({ name }) => `col-${name}`)

/** Outermost first, those inside of structs, lists and maps too. */
function allFields(fields: readonly DeltaField[]): DeltaField[] {
  return fields.flatMap((one) => [one, ...allFields(fieldsIn(one.type))])
}

function fieldsIn(type: DeltaType): readonly DeltaField[] {
  const nested = nestedOf(type)
  if (nested?.kind === 'struct') return nested.fields
  if (nested?.kind === 'array') return fieldsIn(nested.element)
  return nested?.kind === 'map' ? fieldsIn(nested.value) : []
}

describe('mapped columns', () => {
  test('every field gets an id of its own and a name for files, inside of structs, lists and maps too', () => {
    const fields = allFields(mapped.schema.fields)
    expect(fields.map((one) => [one.name, physicalName(one)])).toEqual(
      ['a', 's', 'x', 'y', 'l', 'x', 'y', 'm', 'x', 'y'].map((name) => [name, `col-${name}`]),
    )
    const ids = fields.map(fieldId)
    expect(new Set(ids).size).toBe(10)
    expect(mapped.properties).toEqual({ 'delta.columnMapping.maxColumnId': '10' })
  })

  test('what has its id keeps it; ids of dropped columns are never given again', () => {
    expect(withMapping(mapped, () => 'other')).toBe(mapped)
    const without = { ...mapped, schema: dropColumn(mapped.schema, ['m']) }
    const again = withMapping(
      { ...without, schema: { fields: [...without.schema.fields, field('new')] } },
      () => 'col-n',
    )
    expect(again.schema.fields.map((one) => [one.name, fieldId(one)]).at(-1)).toEqual(['new', 11])
    expect(again.properties).toEqual({ 'delta.columnMapping.maxColumnId': '11' })
  })

  test('ids go on above the highest there is, also where a table does not say which that was', () => {
    const { schema } = mapped
    const grown = withMapping({ schema: { fields: [...schema.fields, field('new')] }, properties: {} }, () => 'col-n')
    expect(fieldId(grown.schema.fields.at(-1)!)).toBe(11)
  })

  test('files know columns by their physical names; the schema of people stays', () => {
    const physical = physicalSchema(mapped.schema)
    expect(allFields(physical.fields).map(({ name }) => name)).toEqual(
      ['a', 's', 'x', 'y', 'l', 'x', 'y', 'm', 'x', 'y'].map((name) => `col-${name}`),
    )
    expect(physicalSchema(plain)).toBe(plain)
    expect(physicalRows(plain)).toBeUndefined()
  })

  test('rows go into files under those names, whatever is nested in what', () => {
    const toFile = physicalRows(mapped.schema)!
    const [person, file] = [
      { x: 1, y: null },
      { 'col-x': 1, 'col-y': null },
    ]
    expect(toFile({ a: 7, s: person, l: [person, null], m: new Map([['k', person]]), foreign: 1 })).toEqual({
      'col-a': 7,
      'col-s': file,
      'col-l': [file, null],
      'col-m': new Map([['k', file]]),
    })
    expect(toFile({ m: { k: person } })).toMatchObject({ 'col-m': { k: file } })
    expect(toFile({ s: 'no struct', l: 'no list' })).toMatchObject({ 'col-s': 'no struct', 'col-l': 'no list' })
  })

  test('a renamed column keeps its place in the files', () => {
    const renamed = renameColumn(renameColumn(mapped.schema, ['a'], 'b'), ['s', 'x'], 'z')
    expect(
      allFields(renamed.fields)
        .slice(0, 4)
        .map((one) => [one.name, physicalName(one)]),
    ).toEqual([
      ['b', 'col-a'],
      ['s', 'col-s'],
      ['z', 'col-x'],
      ['y', 'col-y'],
    ])
  })

  test('columns that are not there, names that are taken, and the last one of a struct are refused by name', () => {
    const { schema } = mapped
    expect(() => renameColumn(schema, ['q'], 'b')).toThrow('Column q cannot be changed: there is no such column')
    expect(() => renameColumn(schema, ['a'], 'S')).toThrow('there is a column S already')
    expect(() => renameColumn(schema, ['l', 'x'], 'b')).toThrow('l is no struct')
    expect(renameColumn(schema, ['a'], 'A').fields[0]!.name).toBe('A')
    expect(() => dropColumn(dropColumn(schema, ['s', 'x']), ['s', 'y'])).toThrow('no other would be left')
  })
})
