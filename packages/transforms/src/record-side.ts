/** The two sides of a record that a transform can work on: Connect's `$Key` and `$Value` variants are made of one piece. */
import type {
  ConnectRecord,
  RawSettings,
  Schema,
  SettingsDeclaration,
  Transform,
  TransformPlugin,
  Value,
} from '@sluice/sdk'

/** Key or value: how to read it and how to replace it. */
export interface RecordSide {
  /** What it is called in messages. */
  readonly name: 'key' | 'value'
  schema(this: void, record: ConnectRecord): Schema | null
  value(this: void, record: ConnectRecord): Value
  /** The record with another schema and value; itself when both are the same. */
  replace<R extends ConnectRecord>(this: void, record: R, schema: Schema | null, value: Value): R
}

const KEY: RecordSide = {
  name: 'key',
  schema: (record) => record.keySchema,
  value: (record) => record.key,
  replace: (record, schema, value) =>
    schema === record.keySchema && value === record.key ? record : { ...record, keySchema: schema, key: value },
}

const VALUE: RecordSide = {
  name: 'value',
  schema: (record) => record.valueSchema,
  value: (record) => record.value,
  replace: (record, schema, value) =>
    schema === record.valueSchema && value === record.value ? record : { ...record, valueSchema: schema, value },
}

/** What a transform is called and does. */
export interface TransformNames {
  /** Ours, such as `mask-field`: the plugins are `mask-field-key` and `mask-field-value`. */
  readonly name: string
  /** Java's, such as `MaskField`; none for what only we have. */
  readonly className?: string
  /** Where Java has a class of that name. Default: in Kafka Connect. */
  readonly packages?: readonly string[]
  readonly documentation: string
}

/** The two plugins of a transform. */
export function keyAndValue(
  { name, className, packages, documentation }: TransformNames,
  settings: SettingsDeclaration,
  create: (side: RecordSide, settings: RawSettings) => Transform,
): readonly TransformPlugin[] {
  const plugin = (suffix: 'Key' | 'Value', side: RecordSide): TransformPlugin => ({
    name: `${name}-${suffix.toLowerCase()}`,
    aliases: className === undefined ? [] : javaNamesIn(packages ?? [KAFKA], `${className}$${suffix}`),
    documentation,
    settings,
    create: (raw) => create(side, raw),
  })
  return [plugin('Key', KEY), plugin('Value', VALUE)]
}

const KAFKA = 'org.apache.kafka.connect.transforms'
/** Confluent's connect-transforms. */
export const CONFLUENT = 'io.confluent.connect.transforms'
/** Aiven's transforms-for-apache-kafka-connect. */
export const AIVEN = 'io.aiven.kafka.connect.transforms'
/** Jeremy Custenborder's kafka-connect-transform-common. */
export const CUSTENBORDER = 'com.github.jcustenborder.kafka.connect.transform.common'

/** The names under which Kafka Connect knows a bundled transform, or a predicate in its folder. */
export function javaNames(className: string, folder = ''): readonly string[] {
  return [`${KAFKA}.${folder}${className}`, className]
}

/** The full names of a class, and the class alone. */
export function javaNamesIn(packages: readonly string[], className: string): readonly string[] {
  return [...packages.map((each) => `${each}.${className}`), className]
}
