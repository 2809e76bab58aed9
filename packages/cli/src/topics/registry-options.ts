/** Options of the commands that read and write records: what keys and values are, and where their schemas are. */
import { type RawSettings, SluiceError } from '@sluice/sdk'
import type { Options, Values } from '../command-line/declaration.ts'
import { type ByteFormat, isPlainFormat, PLAIN_FORMATS, plainFormat } from './byte-format.ts'
import { CONVERTER_FORMATS, converterFormat, type ConverterFormatOptions } from './converter-format.ts'

export type Side = 'key' | 'value'

const FORMATS = [...PLAIN_FORMATS, ...CONVERTER_FORMATS] as const
const WITH_REGISTRY: ReadonlySet<string> = new Set(['avro', 'json-schema', 'protobuf'])

export const formatOptions = {
  'key-format': { type: 'text', value: 'FORMAT', choices: FORMATS, default: 'text', documentation: 'What keys are' },
  'value-format': {
    type: 'text',
    value: 'FORMAT',
    choices: FORMATS,
    default: 'text',
    documentation: 'What values are',
  },
  'schema-registry': {
    type: 'text',
    value: 'URL',
    env: 'SLUICE_SCHEMA_REGISTRY',
    isInContext: true,
    default: 'http://localhost:8081',
    documentation: 'Where the schemas of avro, json-schema and protobuf are',
  },
  'converter-config': {
    type: 'text',
    value: 'FILE',
    isInContext: true,
    completes: 'file',
    documentation:
      'Properties of the converters in their own words, as basic.auth.user.info, schema.registry.ssl.truststore.location, or schemas.enable',
  },
} as const satisfies Options

export type FormatValues = Values<typeof formatOptions>

export const FORMAT_DETAILS =
  'Formats: text (or string) is UTF-8, json is JSON as it stands there, hex and base64 (or bytes) are bytes. With the others, which are those\n' +
  'of Kafka Connect’s converters, records are JSON here and what the converter makes of it in the topic; bytes are base64, and times numbers.'

export function hasRegistry(format: string): boolean {
  return WITH_REGISTRY.has(format)
}

/** Settings of converters, and of a client of their registry. @throws SluiceError SETTINGS_INVALID for a file that cannot be read */
export async function converterSettings(values: FormatValues, timeoutMs: number): Promise<RawSettings> {
  const file = values['converter-config']
  const { readProperties } = file === undefined ? { readProperties: undefined } : await import('@sluice/worker')
  return {
    'schema.registry.url': values['schema-registry'],
    // Who waits at a terminal wants to know it sooner than a task does.
    'max.retries': '1',
    'http.connect.timeout.ms': String(timeoutMs),
    'http.read.timeout.ms': String(timeoutMs),
    ...(await readProperties?.(file!)),
  }
}

/** @throws SluiceError SETTINGS_INVALID for settings that the converter does not take */
export async function openFormat(
  name: string,
  options: Omit<ConverterFormatOptions, 'settings'> & { readonly settings: RawSettings },
): Promise<ByteFormat> {
  if (isPlainFormat(name)) return plainFormat(name)
  return converterFormat(name, options)
}

/** @throws SluiceError USAGE_INVALID */
export function onlyWithRegistry(option: string, format: string): SluiceError {
  return new SluiceError('USAGE_INVALID', `--${option} says nothing about ${format}`, {
    remedy: `Give it with a format whose schemas are in a registry: ${[...WITH_REGISTRY].join(', ')}.`,
  })
}
