/** The settings of Confluent's ProtobufConverter, besides those of the registry. */
import { type ParsedSettings, defineSettings, oneOf } from '@sluice/sdk'
import { GENERALIZED_SUM_TYPE, MAPPING, SCHEMAS_CACHE } from '../registry/mapping-settings.ts'
import { SUBJECT_SETTINGS } from '../registry/subject-settings.ts'

export const protobufSettings = defineSettings({
  ...SUBJECT_SETTINGS,
  'schemas.cache.config': SCHEMAS_CACHE,
  'generalized.sum.type.support': GENERALIZED_SUM_TYPE,
  'enhanced.protobuf.schema.support': {
    type: 'boolean',
    default: false,
    importance: 'medium',
    group: MAPPING,
    documentation: 'Whether structs and enums that are read have the names of their packages.',
  },
  'ignore.default.for.nullables': {
    type: 'boolean',
    default: false,
    importance: 'medium',
    group: MAPPING,
    documentation: 'Whether null in an optional field with a default stays null; otherwise the default is written.',
  },
  'scrub.invalid.names': {
    type: 'boolean',
    default: false,
    importance: 'medium',
    group: MAPPING,
    documentation:
      'Whether names that Protobuf does not take are made into such that it takes; otherwise the record is bad.',
  },
  'int.for.enums': {
    type: 'boolean',
    default: false,
    importance: 'medium',
    group: MAPPING,
    documentation: 'Whether an enum is read as its number, instead of its name.',
  },
  'optional.for.nullables': {
    type: 'boolean',
    default: false,
    importance: 'medium',
    group: MAPPING,
    documentation:
      'Whether optional fields are marked `optional`: null then stays null. Without that, and without wrapper.for.nullables, a null ' +
      'in a number, text or boolean is read as 0, an empty text or false.',
  },
  'optional.for.proto2': {
    type: 'boolean',
    default: true,
    importance: 'medium',
    group: MAPPING,
    documentation: 'Whether an optional field of proto2 that is not there is null; otherwise it has its default.',
  },
  'wrapper.for.nullables': {
    type: 'boolean',
    default: false,
    importance: 'medium',
    group: MAPPING,
    documentation:
      'Whether optional fields are messages such as google.protobuf.Int32Value, and such messages are read as what is in them: null ' +
      'then stays null.',
  },
  'wrapper.for.raw.primitives': {
    type: 'boolean',
    default: true,
    importance: 'medium',
    group: MAPPING,
    documentation:
      'Whether a key or value that is a message such as google.protobuf.Int32Value is read as what is in it.',
  },
  'generate.struct.for.nulls': {
    type: 'boolean',
    default: false,
    importance: 'medium',
    group: MAPPING,
    documentation: 'Whether a message that is not there is read as a struct of defaults, instead of null.',
  },
  'generate.index.for.unions': {
    type: 'boolean',
    default: true,
    importance: 'low',
    group: MAPPING,
    documentation: 'Whether the field of a oneof is called after it and its place, as in `name_0`.',
  },
  'flatten.unions': {
    type: 'boolean',
    default: false,
    importance: 'low',
    group: MAPPING,
    documentation:
      'Whether the fields of a oneof are fields of the struct around it, instead of being a struct of their own.',
  },
  'integer.overflow': {
    type: 'string',
    default: 'wrap',
    validator: oneOf('wrap', 'fail'),
    importance: 'low',
    group: 'Sluice',
    documentation:
      'What becomes of an integer that is read into a type too narrow for it, such as a uint64 beyond 2^63: as in Java it loses its ' +
      'upper bits and is another number (wrap), or the record is bad (fail).',
  },
})

/** How schemas and values are mapped. */
export type ProtobufMapping = Pick<
  ParsedSettings<typeof protobufSettings>,
  | 'generalized.sum.type.support'
  | 'enhanced.protobuf.schema.support'
  | 'ignore.default.for.nullables'
  | 'scrub.invalid.names'
  | 'int.for.enums'
  | 'optional.for.nullables'
  | 'optional.for.proto2'
  | 'wrapper.for.nullables'
  | 'wrapper.for.raw.primitives'
  | 'generate.struct.for.nulls'
  | 'generate.index.for.unions'
  | 'flatten.unions'
  | 'integer.overflow'
>
