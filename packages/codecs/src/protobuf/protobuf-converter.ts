/** Confluent's ProtobufConverter: Protobuf behind the id of its schema, which is in a registry. */
import { connectRegistry } from '@sluice/schema-registry'
import type { SchemaRegistry } from '@sluice/schema-registry'
import { type ConverterPlugin, type ParsedSettings, SluiceError } from '@sluice/sdk'
import { RegistryConverter } from '../registry/registry-converter.ts'
import { ProtobufFormat } from './protobuf-format.ts'
import { protobufSettings } from './protobuf-settings.ts'

/** Protobuf with a schema registry. */
export const protobufConverter: ConverterPlugin = {
  name: 'protobuf',
  aliases: ['io.confluent.connect.protobuf.ProtobufConverter', 'ProtobufConverter'],
  documentation: 'Protobuf, with its schemas in a schema registry (the wire format of Confluent).',
  settings: protobufSettings,
  sides: ['key', 'value'],
  create: (raw, side) => {
    if (side === 'header')
      throw new SluiceError('SETTINGS_INVALID', 'The Protobuf converter converts keys and values, not headers')
    return protobufConverterWith(protobufSettings.parse(raw), side, connectRegistry(raw))
  },
}

/** @throws SluiceError SETTINGS_INVALID for an unknown strategy */
export function protobufConverterWith(
  settings: ParsedSettings<typeof protobufSettings>,
  side: 'key' | 'value',
  registry: SchemaRegistry,
): RegistryConverter {
  const format = new ProtobufFormat(settings)
  return new RegistryConverter({ format, settings, side, registry, schemasMax: settings['schemas.cache.config'] })
}
