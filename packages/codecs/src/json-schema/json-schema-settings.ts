/** The settings of Confluent's JsonSchemaConverter, besides those of the registry. */
import { type ParsedSettings, defineSettings, oneOf, oneOfIgnoringCase } from '@sluice/sdk'
import { GENERALIZED_SUM_TYPE, MAPPING, SCHEMAS_CACHE } from '../registry/mapping-settings.ts'
import { SUBJECT_SETTINGS } from '../registry/subject-settings.ts'

const VALIDATION = 'Validation'

export const jsonSchemaSettings = defineSettings({
  ...SUBJECT_SETTINGS,
  'latest.compatibility.strict': {
    type: 'boolean',
    default: true,
    importance: 'low',
    group: 'Schema registry',
    documentation:
      'Whether the latest version of a subject, when it is written with, must be one that can read what the schema of the records allows.',
  },
  'schemas.cache.config': SCHEMAS_CACHE,
  'json.schema.spec.version': {
    type: 'string',
    default: 'draft_7',
    validator: oneOf('draft_7', 'draft_2019_09', 'draft_2020_12'),
    importance: 'low',
    group: MAPPING,
    documentation:
      'Which draft of JSON Schema is named in $schema of the schemas that are registered. draft_7 is what schemas without $schema are read as: none is written.',
  },
  'decimal.format': {
    type: 'string',
    default: 'BASE64',
    validator: oneOfIgnoringCase('BASE64', 'NUMERIC'),
    importance: 'low',
    group: MAPPING,
    documentation:
      'How decimals are written: BASE64 for the bytes of the unscaled number, NUMERIC for a JSON number. Both are read. Their schema says that they are numbers either way, so that only NUMERIC is valid by it.',
  },
  'object.additional.properties': {
    type: 'boolean',
    default: true,
    importance: 'medium',
    group: MAPPING,
    documentation: 'Whether the schemas of structs allow members that they do not name.',
  },
  'use.optional.for.nonrequired': {
    type: 'boolean',
    default: false,
    importance: 'medium',
    group: MAPPING,
    documentation: 'Whether properties that a schema does not require are read as optional fields.',
  },
  'generalized.sum.type.support': GENERALIZED_SUM_TYPE,
  'flatten.singleton.unions': {
    type: 'boolean',
    default: true,
    importance: 'low',
    group: MAPPING,
    documentation: 'Whether a union of one type is read as that type, instead of a struct of one field.',
  },
  'ignore.default.for.nullables': {
    type: 'boolean',
    default: false,
    importance: 'medium',
    group: MAPPING,
    documentation: 'Whether null in a field with a default is written as null; otherwise the default is written.',
  },
  'json.fail.invalid.schema': {
    type: 'boolean',
    default: false,
    importance: 'medium',
    group: VALIDATION,
    documentation:
      'Whether values are validated by the JSON Schema with everything that it says, when they are written and when they are read: bad ones are bad records. Formats (date-time, email) are not looked at.',
  },
  'ignore.modern.dialects': {
    type: 'boolean',
    default: false,
    importance: 'low',
    group: VALIDATION,
    documentation: 'Whether schemas of drafts after 7 are validated by as if they were of draft 7.',
  },
  'integer.overflow': {
    type: 'string',
    default: 'wrap',
    validator: oneOf('wrap', 'fail'),
    importance: 'low',
    group: 'Sluice',
    documentation:
      'What becomes of a JSON integer that its type is too narrow for: as in Java it loses its upper bits and is another number (wrap), or the record is bad (fail).',
  },
})

export type JsonSchemaSettings = ParsedSettings<typeof jsonSchemaSettings>

/** How schemas are mapped. */
export type JsonSchemaMapping = Pick<
  JsonSchemaSettings,
  | 'json.schema.spec.version'
  | 'decimal.format'
  | 'object.additional.properties'
  | 'use.optional.for.nonrequired'
  | 'generalized.sum.type.support'
  | 'flatten.singleton.unions'
  | 'ignore.default.for.nullables'
  | 'integer.overflow'
>
