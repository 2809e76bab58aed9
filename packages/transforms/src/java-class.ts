/** The name of the Java class that Kafka Connect would have at hand instead of a value, for messages that people search for. */
import { LOGICAL } from '@sluice/sdk'
import type { Schema, Value } from '@sluice/sdk'

/** Of a value without a schema, as far as JavaScript tells. */
export function javaClass(value: Value | undefined): string {
  if (value === null || value === undefined) return 'null'
  if (typeof value === 'string') return 'java.lang.String'
  if (typeof value === 'boolean') return 'java.lang.Boolean'
  if (typeof value === 'bigint') return 'java.lang.Long'
  if (typeof value === 'number') return Number.isInteger(value) ? 'java.lang.Long' : 'java.lang.Double'
  if (value instanceof Uint8Array) return '[B'
  return Array.isArray(value) ? 'java.util.ArrayList' : 'java.util.LinkedHashMap'
}

/** Of a value with a schema: what fits the schema has the class that the schema says. */
export function javaClassOf(schema: Schema | null, value: Value): string {
  if (schema === null || value === null) return javaClass(value)
  switch (schema.name) {
    case LOGICAL.decimal:
      return 'java.math.BigDecimal'
    case LOGICAL.date:
    case LOGICAL.time:
    case LOGICAL.timestamp:
      return 'java.util.Date'
    case undefined:
    default:
      return CLASSES[schema.type]
  }
}

const CLASSES: Readonly<Record<Schema['type'], string>> = {
  int8: 'java.lang.Byte',
  int16: 'java.lang.Short',
  int32: 'java.lang.Integer',
  int64: 'java.lang.Long',
  float32: 'java.lang.Float',
  float64: 'java.lang.Double',
  boolean: 'java.lang.Boolean',
  string: 'java.lang.String',
  bytes: '[B',
  array: 'java.util.ArrayList',
  map: 'java.util.LinkedHashMap',
  struct: 'org.apache.kafka.connect.data.Struct',
}
