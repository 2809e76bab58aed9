/** Confluent's AvroConverter: Avro behind the id of its schema, which is in a registry. */
import type { ConverterPlugin, ParsedSettings } from '@sluice/sdk'
import { type ConverterWith, converterWith, registryPlugin } from '../registry/registry-plugin.ts'
import { AvroFormat } from './avro-format.ts'
import { avroSettings } from './avro-settings.ts'

export const avroConverterWith: ConverterWith<ParsedSettings<typeof avroSettings>> = converterWith(
  (settings) => new AvroFormat(settings),
)

/** Avro with a schema registry. */
export const avroConverter: ConverterPlugin = registryPlugin({
  name: 'avro',
  aliases: ['io.confluent.connect.avro.AvroConverter', 'AvroConverter'],
  documentation: 'Avro, with its schemas in a schema registry (the wire format of Confluent).',
  title: 'Avro',
  settings: avroSettings,
  open: avroConverterWith,
})
