/** Confluent's JsonSchemaConverter: JSON behind the id of its JSON Schema, which is in a registry. */
import type { ConverterPlugin, ParsedSettings } from '@sluice/sdk'
import { type ConverterWith, converterWith, registryPlugin } from '../registry/registry-plugin.ts'
import { JsonSchemaFormat } from './json-schema-format.ts'
import { jsonSchemaSettings } from './json-schema-settings.ts'

export const jsonSchemaConverterWith: ConverterWith<ParsedSettings<typeof jsonSchemaSettings>> = converterWith(
  (settings) => new JsonSchemaFormat(settings),
)

/** JSON with a schema registry. */
export const jsonSchemaConverter: ConverterPlugin = registryPlugin({
  name: 'json-schema',
  aliases: ['io.confluent.connect.json.JsonSchemaConverter', 'JsonSchemaConverter'],
  documentation: 'JSON, with its JSON Schemas in a schema registry (the wire format of Confluent).',
  title: 'JSON Schema',
  settings: jsonSchemaSettings,
  open: jsonSchemaConverterWith,
})
