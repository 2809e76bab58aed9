/** Names that Confluent's converter gives to what JSON Schema or Connect alone has; they make a schema come back as it went. */

export const NAMESPACE = 'io.confluent.connect.json'
/** Of structs that stand for a union, and the beginning of their fields' names. */
export const ONE_OF = `${NAMESPACE}.OneOf`
export const ENUM = `${NAMESPACE}.Enum`
/** As `generalized.sum.type.support` names unions and enums, for all formats alike. */
export const GENERAL_UNION = 'org.apache.kafka.connect.data.Union'
export const GENERAL_ENUM = 'org.apache.kafka.connect.data.Enum'
/** Stands for null among the symbols of an enum. */
export const NULL_SYMBOL = '<NULL>'

/** Keywords of JSON Schemas that only Connect knows. */
export const PROP = {
  type: 'connect.type',
  version: 'connect.version',
  parameters: 'connect.parameters',
  index: 'connect.index',
} as const

/** Members of the entries of a map whose keys are no texts. */
export const KEY = 'key'
export const VALUE = 'value'
