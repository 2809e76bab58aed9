/** Confluent's JsonSchemaConverter: JSON behind the id of its JSON Schema, which is in a registry. */
import { connectRegistry } from '@sluice/schema-registry'
import type { SchemaRegistry } from '@sluice/schema-registry'
import { type ConverterPlugin, SluiceError } from '@sluice/sdk'
import { RegistryConverter } from '../registry/registry-converter.ts'
import { JsonSchemaFormat } from './json-schema-format.ts'
import { type JsonSchemaSettings, jsonSchemaSettings } from './json-schema-settings.ts'

/** JSON with a schema registry. */
export const jsonSchemaConverter: ConverterPlugin = {
  name: 'json-schema',
  aliases: ['io.confluent.connect.json.JsonSchemaConverter', 'JsonSchemaConverter'],
  documentation: 'JSON, with its JSON Schemas in a schema registry (the wire format of Confluent).',
  settings: jsonSchemaSettings,
  sides: ['key', 'value'],
  create: (raw, side) => {
    if (side === 'header')
      throw new SluiceError('SETTINGS_INVALID', 'The JSON Schema converter converts keys and values, not headers')
    return jsonSchemaConverterWith(jsonSchemaSettings.parse(raw), side, connectRegistry(raw))
  },
}

/** @throws SluiceError SETTINGS_INVALID for an unknown strategy */
export function jsonSchemaConverterWith(
  settings: JsonSchemaSettings,
  side: 'key' | 'value',
  registry: SchemaRegistry,
): RegistryConverter {
  const format = new JsonSchemaFormat(settings)
  return new RegistryConverter({ format, settings, side, registry, schemasMax: settings['schemas.cache.config'] })
}
