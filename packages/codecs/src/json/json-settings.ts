/** The settings of Kafka Connect's JsonConverter. */
import { atLeast, defineSettings, oneOf, oneOfIgnoringCase } from '@sluice/sdk'
import type { RawSettings, SettingsDeclaration } from '@sluice/sdk'

export interface JsonSettings {
  readonly schemasEnable: boolean
  readonly schemasCacheSize: number
  readonly decimalFormat: 'BASE64' | 'NUMERIC'
  readonly replaceNullWithDefault: boolean
  /** The text of `schema.content` (KIP-1054); null: payloads carry their schema. */
  readonly schemaContent: string | null
  /** What becomes of a JSON integer that its type is too narrow for. */
  readonly integerOverflow: 'wrap' | 'fail'
  /** What becomes of a JSON value of another type than its schema's. */
  readonly typeMismatch: 'convert' | 'fail'
}

const declaration = defineSettings({
  'schemas.enable': {
    type: 'boolean',
    default: true,
    importance: 'high',
    group: 'Schemas',
    order: 0,
    width: 'medium',
    displayName: 'Enable Schemas',
    documentation: 'Whether each value travels in an envelope together with its schema.',
  },
  'schemas.cache.size': {
    type: 'int',
    default: 1000,
    validator: atLeast(0),
    importance: 'high',
    group: 'Schemas',
    order: 1,
    width: 'medium',
    displayName: 'Schema Cache Size',
    documentation: 'How many schemas read from envelopes are remembered.',
  },
  'schema.content': {
    type: 'string',
    default: null,
    importance: 'high',
    group: 'Schemas',
    order: 2,
    width: 'medium',
    displayName: 'Schema Content',
    documentation:
      'A schema in JSON for payloads that carry none (KIP-1054). Values are then read as bare JSON of that schema.',
  },
  'decimal.format': {
    type: 'string',
    default: 'BASE64',
    validator: oneOfIgnoringCase('BASE64', 'NUMERIC'),
    importance: 'low',
    group: 'Serialization',
    order: 0,
    width: 'medium',
    displayName: 'Decimal Format',
    documentation:
      'How decimals are written: BASE64 for the bytes of the unscaled number, NUMERIC for a JSON number. Both are read.',
  },
  'replace.null.with.default': {
    type: 'boolean',
    default: true,
    importance: 'low',
    group: 'Serialization',
    order: 1,
    width: 'medium',
    displayName: 'Replace null with default',
    documentation: 'Whether a null in a field with a default becomes the default, when writing and when reading.',
  },
  'integer.overflow': {
    type: 'string',
    default: 'wrap',
    validator: oneOf('wrap', 'fail'),
    importance: 'low',
    group: 'Sluice',
    documentation:
      'What becomes of a JSON integer that its type is too narrow for, without a schema 64 bits: as in Java it loses its upper bits and ' +
      'is another number (wrap), or the record is bad (fail).',
  },
  'type.mismatch': {
    type: 'string',
    default: 'convert',
    validator: oneOf('convert', 'fail'),
    importance: 'low',
    group: 'Sluice',
    documentation:
      'What becomes of a JSON value that is not of the type that the schema says, such as a text for a number: as in Java it is 0, false or null, ' +
      'and a fraction is cut off a whole number (convert), or the record is bad (fail).',
  },
})

/** The declaration, for validation and the reference page. */
export const jsonSettings: SettingsDeclaration = declaration

/** @throws SluiceError SETTINGS_INVALID */
export function parseJsonSettings(raw: RawSettings): JsonSettings {
  const settings = declaration.parse(raw)
  return {
    schemasEnable: settings['schemas.enable'],
    schemasCacheSize: settings['schemas.cache.size'],
    decimalFormat: settings['decimal.format'].toUpperCase() === 'NUMERIC' ? 'NUMERIC' : 'BASE64',
    replaceNullWithDefault: settings['replace.null.with.default'],
    integerOverflow: settings['integer.overflow'],
    typeMismatch: settings['type.mismatch'],
    schemaContent: settings['schema.content'] === '' ? null : settings['schema.content'],
  }
}
