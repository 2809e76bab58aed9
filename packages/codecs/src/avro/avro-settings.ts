/** The settings of Confluent's AvroConverter, besides those of the registry. */
import { type ParsedSettings, defineSettings } from '@sluice/sdk'
import { GENERALIZED_SUM_TYPE, MAPPING, SCHEMAS_CACHE } from '../registry/mapping-settings.ts'
import { SUBJECT_SETTINGS } from '../registry/subject-settings.ts'

export const avroSettings = defineSettings({
  ...SUBJECT_SETTINGS,
  'schemas.cache.config': SCHEMAS_CACHE,
  'enhanced.avro.schema.support': {
    type: 'boolean',
    default: false,
    importance: 'medium',
    group: MAPPING,
    documentation: 'Whether enums are written as such again, and unions name their records with the namespace.',
  },
  'connect.meta.data': {
    type: 'boolean',
    default: true,
    importance: 'low',
    group: MAPPING,
    documentation:
      'Whether what only Connect has (name, version, doc, parameters) is kept in attributes of the Avro schema.',
  },
  'generalized.sum.type.support': GENERALIZED_SUM_TYPE,
  'ignore.default.for.nullables': {
    type: 'boolean',
    default: false,
    importance: 'medium',
    group: MAPPING,
    documentation: 'Whether null in an optional field with a default stays null; otherwise the default is written.',
  },
  'allow.optional.map.keys': {
    type: 'boolean',
    default: false,
    importance: 'low',
    group: MAPPING,
    documentation:
      'Whether a map with optional texts as keys is written as an Avro map, instead of an array of entries.',
  },
  'flatten.singleton.unions': {
    type: 'boolean',
    default: false,
    importance: 'low',
    group: MAPPING,
    documentation: 'Whether a union of one type is read as that type, instead of a struct of one field.',
  },
  'scrub.invalid.names': {
    type: 'boolean',
    default: false,
    importance: 'medium',
    group: MAPPING,
    documentation:
      'Whether names that Avro does not take are made into such that it takes; otherwise the record is bad.',
  },
})

/** How schemas are mapped. */
export type AvroMapping = Pick<
  ParsedSettings<typeof avroSettings>,
  | 'enhanced.avro.schema.support'
  | 'connect.meta.data'
  | 'generalized.sum.type.support'
  | 'ignore.default.for.nullables'
  | 'allow.optional.map.keys'
  | 'flatten.singleton.unions'
  | 'scrub.invalid.names'
>
