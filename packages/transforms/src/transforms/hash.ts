/** Aiven's Hash: a text becomes its hash. */
import { createHash } from 'node:crypto'
import { DataError, defineSettings, oneOf } from '@sluice/sdk'
import type { Transform, TransformPlugin } from '@sluice/sdk'
import { schemaAt } from '../change-event.ts'
import { copyOf, isFields, put } from '../fields.ts'
import { fieldReader } from '../nested-field.ts'
import { AIVEN, keyAndValue } from '../record-side.ts'

const settings = defineSettings({
  'field.name': {
    type: 'string',
    default: null,
    importance: 'high',
    documentation: 'The field to hash. Empty: the whole key or value.',
  },
  'skip.missing.or.null': {
    type: 'boolean',
    default: false,
    importance: 'low',
    documentation: 'Whether a record without it stays as it is; else it is bad.',
  },
  function: {
    type: 'string',
    validator: oneOf('md5', 'sha1', 'sha256'),
    importance: 'high',
    documentation: 'The hash function. Names and numbers are found again by trying: hash-field has a salt.',
  },
})

export const hash: readonly TransformPlugin[] = keyAndValue(
  {
    name: 'hash',
    className: 'Hash',
    packages: [AIVEN],
    documentation: 'A text becomes its hash, in hexadecimal digits.',
  },
  settings,
  (side, raw) => {
    const parsed = settings.parse(raw)
    const name = parsed['field.name'] ?? ''
    const place = side.name
    const read = fieldReader(name === '' ? [] : [name])
    const transform: Transform = (record) => {
      const schema = side.schema(record)
      const whole = side.value(record)
      if (name !== '') {
        if (whole === null) throw new DataError(`${place} can't be null if field name is specified`)
        if (!isFields(whole) || (schema !== null && schema.type !== 'struct'))
          throw new DataError(`${place} schema type must be STRUCT if field name is specified`)
      }
      const text = read(schema, whole).value
      if (text === null) {
        if (parsed['skip.missing.or.null']) return record
        const isMissing = name !== '' && schema !== null && schemaAt(schema, name) === null
        throw new DataError(
          `${name === '' ? place : `${name} in ${place}`}${isMissing ? ' schema' : ''} can't be ${isMissing ? 'missing' : 'null'}`,
        )
      }
      if (typeof text !== 'string')
        throw new DataError(
          name === ''
            ? `${place} schema type must be STRING if field name is not specified`
            : `${name} schema type in ${place} must be STRING`,
        )
      const digits = createHash(parsed.function).update(text, 'utf8').digest('hex')
      if (name === '' || !isFields(whole)) return side.replace(record, schema, digits)
      const copy = copyOf(whole)
      put(copy, name, digits)
      return side.replace(record, schema, copy)
    }
    return transform
  },
)
