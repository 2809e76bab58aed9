/** Names that Confluent's converter gives to what Avro or Connect alone has; they make a schema come back as it went. */

export const NAMESPACE = 'io.confluent.connect.avro'
/** Of the first struct without a name; those that differ are numbered from 2. */
export const UNNAMED = `${NAMESPACE}.ConnectDefault`
export const ANYTHING = `${NAMESPACE}.Anything`
export const UNION = `${NAMESPACE}.Union`
export const ENUM = `${NAMESPACE}.Enum`
/** As `generalized.sum.type.support` names unions and enums, for all formats alike. */
export const GENERAL_UNION = 'org.apache.kafka.connect.data.Union'
export const GENERAL_ENUM = 'org.apache.kafka.connect.data.Enum'
export const MAP_ENTRY = 'MapEntry'
/** Precision of decimals that state none. */
export const PRECISION_DEFAULT = 64

/** Attributes of Avro schemas. */
export const PROP = {
  name: 'connect.name',
  doc: 'connect.doc',
  version: 'connect.version',
  default: 'connect.default',
  parameters: 'connect.parameters',
  type: 'connect.type',
  internalType: 'connect.internal.type',
} as const

/** Parameters of Connect schemas. */
export const PARAMETER = {
  recordDoc: `${NAMESPACE}.record.doc`,
  fieldDoc: `${NAMESPACE}.field.doc.`,
  enumDoc: `${NAMESPACE}.enum.doc.`,
  enumDefault: `${NAMESPACE}.enum.default.`,
  /** The default is that of an Avro field. */
  fieldDefault: `${NAMESPACE}.field.default`,
  precision: 'connect.decimal.precision',
  fixedSize: 'connect.fixed.size',
  /** All that begin so are attributes of the Avro schema, too. */
  avro: 'avro',
} as const

/** Namespace and name of a full name. */
export function splitName(fullName: string): { readonly namespace: string; readonly name: string } {
  const dot = fullName.lastIndexOf('.')
  return { namespace: dot < 0 ? '' : fullName.slice(0, dot), name: fullName.slice(dot + 1) }
}

/** A name that Avro takes, as `scrub.invalid.names` makes it: encoded as Java encodes it for a URL, then the rest underscores. */
export function scrubbed(name: string): string {
  const encoded = encodeURIComponent(name)
    .replaceAll('%20', '+')
    .replaceAll(/[!'()~]/g, (char) => `_${char.charCodeAt(0).toString(16).toUpperCase()}`)
  return (/^[0-9]/.test(encoded) ? `x${encoded}` : encoded).replaceAll(/[^A-Za-z0-9_]/g, '_')
}

/** The same for a full name: part by part. */
export function scrubbedFullName(fullName: string): string {
  return fullName.split('.').map(scrubbed).join('.')
}
