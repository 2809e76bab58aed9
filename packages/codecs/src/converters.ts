/** Every converter there is, one line each. */
import type { ConverterPlugin } from '@sluice/sdk'
import { avroConverter } from './avro/avro-converter.ts'
import { booleanConverter } from './boolean-converter.ts'
import { byteArrayConverter } from './byte-array-converter.ts'
import { jsonConverter } from './json/json-converter.ts'
import { jsonSchemaConverter } from './json-schema/json-schema-converter.ts'
import {
  doubleConverter,
  floatConverter,
  integerConverter,
  longConverter,
  shortConverter,
} from './number-converters.ts'
import { protobufConverter } from './protobuf/protobuf-converter.ts'
import { simpleHeaderConverter } from './simple-header-converter.ts'
import { stringConverter } from './string-converter.ts'

export const converters: readonly ConverterPlugin[] = [
  jsonConverter,
  avroConverter,
  jsonSchemaConverter,
  protobufConverter,
  stringConverter,
  byteArrayConverter,
  shortConverter,
  integerConverter,
  longConverter,
  floatConverter,
  doubleConverter,
  booleanConverter,
  simpleHeaderConverter,
]

const byName = new Map(converters.flatMap((plugin) => [plugin.name, ...plugin.aliases].map((name) => [name, plugin])))

/** The converter of our name (`json`), a Java class name or its simple name; undefined if there is none. */
export function converterByName(name: string): ConverterPlugin | undefined {
  return byName.get(name)
}
