/** Confluent's ProtobufConverter: Protobuf behind the id of its schema, which is in a registry. */
import type { ConverterPlugin, ParsedSettings } from '@sluice/sdk'
import { type ConverterWith, converterWith, registryPlugin } from '../registry/registry-plugin.ts'
import { ProtobufFormat } from './protobuf-format.ts'
import { protobufSettings } from './protobuf-settings.ts'

export const protobufConverterWith: ConverterWith<ParsedSettings<typeof protobufSettings>> = converterWith(
  (settings) => new ProtobufFormat(settings),
)

/** Protobuf with a schema registry. */
export const protobufConverter: ConverterPlugin = registryPlugin({
  name: 'protobuf',
  aliases: ['io.confluent.connect.protobuf.ProtobufConverter', 'ProtobufConverter'],
  documentation: 'Protobuf, with its schemas in a schema registry (the wire format of Confluent).',
  title: 'Protobuf',
  settings: protobufSettings,
  open: protobufConverterWith,
})
