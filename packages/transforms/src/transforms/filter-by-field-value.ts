/** Aiven's FilterByFieldValue: records go on by what a field, or the whole key or value, is. */
import { defineSettings } from '@sluice/sdk'
import type { SchemaAndValue, Transform, TransformPlugin } from '@sluice/sdk'
import { parseValue, valueText } from '@sluice/sdk/values'
import { fieldPath } from '../field-path.ts'
import { javaRegex, validRegex } from '../java-regex.ts'
import { fieldReader } from '../nested-field.ts'
import { AIVEN, keyAndValue } from '../record-side.ts'
import { sameValue } from '../same-value.ts'

const settings = defineSettings(
  {
    'field.name': {
      type: 'string',
      default: null,
      importance: 'high',
      documentation: 'The field to look at; dots lead into nested ones. Empty: the whole key or value.',
    },
    'field.value': {
      type: 'string',
      default: null,
      importance: 'high',
      documentation: 'What it must be: a text, a number, true or false. Either this is set or field.value.pattern.',
    },
    'field.value.pattern': {
      type: 'string',
      default: null,
      validator: validRegex,
      importance: 'high',
      documentation: 'A Java regular expression that must fit somewhere in it.',
    },
    'field.value.matches': {
      type: 'boolean',
      default: true,
      importance: 'medium',
      documentation: 'Whether those records go on that match (true), or those that do not (false).',
    },
  },
  {
    *check({ 'field.value': value, 'field.value.pattern': pattern }) {
      if ((value !== null) === (pattern !== null && pattern !== ''))
        yield {
          setting: 'field.value',
          message: 'Either field.value or field.value.pattern have to be set to apply filter transform',
        }
    },
  },
)

export const filterByFieldValue: readonly TransformPlugin[] = keyAndValue(
  {
    name: 'filter-by-field-value',
    className: 'FilterByFieldValue',
    packages: [AIVEN],
    documentation:
      'Records go on by what a field, or the whole key or value, is. One whose key or value is null goes on.',
  },
  settings,
  (side, raw) => {
    const parsed = settings.parse(raw)
    const { 'field.value': value, 'field.value.pattern': pattern, 'field.value.matches': isMatching } = parsed
    const name = parsed['field.name'] ?? ''
    const read = fieldReader(name === '' ? [] : fieldPath(name, 'V2'))
    const matches = value === null ? fits(pattern!) : equals(value)
    const transform: Transform = (record) => {
      const whole = side.value(record)
      if (whole === null) return record
      const found = read(side.schema(record), whole)
      return (found.value !== null && matches(found)) === isMatching ? record : null
    }
    return transform
  },
)

function fits(pattern: string): (found: SchemaAndValue) => boolean {
  const { first } = javaRegex(pattern)
  return ({ schema, value }) => first.test(valueText(schema, value))
}

/** A text that looks like a number equals the text and the number. */
function equals(text: string): (found: SchemaAndValue) => boolean {
  const { value: expected } = parseValue(text)
  return ({ value }) => value === text || sameValue(value, expected)
}
