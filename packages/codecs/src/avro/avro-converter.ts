/** Confluent's AvroConverter: Avro behind the id of its schema, which is in a registry. */
import { connectRegistry } from '@sluice/schema-registry'
import type { SchemaRegistry } from '@sluice/schema-registry'
import { type ConverterPlugin, type ParsedSettings, SluiceError } from '@sluice/sdk'
import { RegistryConverter } from '../registry/registry-converter.ts'
import { AvroFormat } from './avro-format.ts'
import { avroSettings } from './avro-settings.ts'

/** Avro with a schema registry. */
export const avroConverter: ConverterPlugin = {
  name: 'avro',
  aliases: ['io.confluent.connect.avro.AvroConverter', 'AvroConverter'],
  documentation: 'Avro, with its schemas in a schema registry (the wire format of Confluent).',
  settings: avroSettings,
  sides: ['key', 'value'],
  create: (raw, side) => {
    if (side === 'header')
      throw new SluiceError('SETTINGS_INVALID', 'The Avro converter converts keys and values, not headers')
    return avroConverterWith(avroSettings.parse(raw), side, connectRegistry(raw))
  },
}

/** @throws SluiceError SETTINGS_INVALID for an unknown strategy */
export function avroConverterWith(
  settings: ParsedSettings<typeof avroSettings>,
  side: 'key' | 'value',
  registry: SchemaRegistry,
): RegistryConverter {
  const format = new AvroFormat(settings)
  return new RegistryConverter({ format, settings, side, registry, schemasMax: settings['schemas.cache.config'] })
}
