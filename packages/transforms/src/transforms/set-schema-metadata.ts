/** Kafka Connect's SetSchemaMetadata: another name or version for the schema. */
import { DataError, defineSettings, SluiceError } from '@sluice/sdk'
import type { Schema, StructValue, Transform, TransformPlugin } from '@sluice/sdk'
import { isFields } from '../fields.ts'
import { keyAndValue } from '../record-side.ts'
import { replaceNullWithDefault } from '../shared-settings.ts'
import { fillDefaults, perSchema, sameOr } from '../struct-plan.ts'

const settings = defineSettings({
  'schema.name': { type: 'string', default: null, importance: 'high', documentation: 'The name. Default: as it is.' },
  'schema.version': {
    type: 'int',
    default: null,
    importance: 'high',
    documentation: 'The version. Default: as it is.',
  },
  'replace.null.with.default': replaceNullWithDefault,
})

export const setSchemaMetadata: readonly TransformPlugin[] = keyAndValue(
  {
    name: 'set-schema-metadata',
    className: 'SetSchemaMetadata',
    documentation: 'Another name or version for the schema.',
  },
  settings,
  (side, raw) => {
    const parsed = settings.parse(raw)
    const { 'schema.name': name, 'schema.version': version } = parsed
    if (name === null && version === null)
      throw new SluiceError('SETTINGS_INVALID', 'Neither schema name nor version configured', {
        remedy: 'Set schema.name, schema.version, or both.',
      })
    const planOf = perSchema((schema: Schema) => plan(schema, name, version, parsed['replace.null.with.default']))
    const transform: Transform = (record) => {
      const schema = side.schema(record)
      const value = side.value(record)
      if (schema === null) {
        if (value === null) return record
        throw new DataError('Schema required for [updating schema metadata]')
      }
      const { renamed, fill } = planOf(schema)
      return side.replace(
        record,
        renamed,
        isFields(value) && schema.type === 'struct' ? fill(value as StructValue) : value,
      )
    }
    return transform
  },
)

function plan(
  schema: Schema,
  name: string | null,
  version: number | null,
  replaceNull: boolean,
): { renamed: Schema; fill: (struct: StructValue) => StructValue } {
  // Kafka Connect does not manage any other type either, and says so in these words.
  if (schema.type !== 'struct') throw new DataError('Cannot list fields on non-struct type')
  const renamed = Object.freeze({ ...schema, ...(name !== null && { name }), ...(version !== null && { version }) })
  return { renamed: sameOr<Schema>(schema, renamed), fill: fillDefaults(schema, replaceNull) }
}
