/** Bytes to schema and value, and back. */
export { avroConverter, avroConverterWith } from './avro/avro-converter.ts'
export { AvroFileWriter, type AvroFileCodec, type AvroFileOptions } from './avro/avro-file.ts'
export { defaultFromJson } from './avro/avro-defaults.ts'
export { avroSettings } from './avro/avro-settings.ts'
export { schemaFromAvro } from './avro/schema-from-avro.ts'
export { booleanConverter } from './boolean-converter.ts'
export { byteArrayConverter } from './byte-array-converter.ts'
export { converterByName, converters } from './converters.ts'
export { javaText } from './java-text.ts'
export { jsonConverter } from './json/json-converter.ts'
export { jsonSettings } from './json/json-settings.ts'
export { jsonSchemaConverter, jsonSchemaConverterWith } from './json-schema/json-schema-converter.ts'
export { jsonSchemaSettings } from './json-schema/json-schema-settings.ts'
export { typedJsonReader } from './json/typed-json.ts'
export {
  doubleConverter,
  floatConverter,
  integerConverter,
  longConverter,
  shortConverter,
} from './number-converters.ts'
export { RegistryConverter, type RegisteredWriter } from './registry/registry-converter.ts'
export { protobufConverter, protobufConverterWith } from './protobuf/protobuf-converter.ts'
export { protobufSettings } from './protobuf/protobuf-settings.ts'
export { simpleHeaderConverter } from './simple-header-converter.ts'
export { stringConverter } from './string-converter.ts'
