/** Names that Confluent's converter gives to what Protobuf or Connect alone has; they make a schema come back as it went. */

const NAMESPACE = 'io.confluent.connect.protobuf'
/** Structs without a name are numbered from 1. */
export const UNNAMED = 'ConnectDefault'
export const ENUM = `${NAMESPACE}.Enum`
export const UNION = `${NAMESPACE}.Union`
/** As `generalized.sum.type.support` names unions and enums, for all formats alike. */
export const GENERAL_UNION = 'org.apache.kafka.connect.data.Union'
export const GENERAL_ENUM = 'org.apache.kafka.connect.data.Enum'

/** Parameters of Connect schemas. */
export const PARAMETER = {
  /** The number of the field. */
  tag: `${NAMESPACE}.Tag`,
  /** The integer's type, where it is not the one that Connect's type becomes. */
  type: `${NAMESPACE}.Type`,
  precision: 'connect.decimal.precision',
  scale: 'scale',
} as const

/** What a field's `confluent.field_meta` says. */
export const META = { type: 'connect.type', precision: 'precision', scale: 'scale' } as const

export const MAP_ENTRY = 'Entry'
export const KEY = 'key'
export const VALUE = 'value'

/** Messages that stand for Connect's logical types. */
export const DECIMAL = 'confluent.type.Decimal'
export const DATE = 'google.type.Date'
export const TIME = 'google.type.TimeOfDay'
export const TIMESTAMP = 'google.protobuf.Timestamp'

/** The last part of a full name. */
export function simpleName(fullName: string): string {
  return fullName.slice(fullName.lastIndexOf('.') + 1)
}

/** The name of a map's entries: `some_map` becomes `SomeMapEntry`. */
export function entryName(mapName: string): string {
  if (!mapName.includes('_')) return mapName + MAP_ENTRY
  const words = mapName.split('_').map((word) => word.slice(0, 1).toUpperCase() + word.slice(1).toLowerCase())
  return words.join('') + MAP_ENTRY
}

/** And back: `SomeMapEntry` becomes `some_map`. */
export function mapName(entry: string): string {
  if (!entry.endsWith(MAP_ENTRY)) return entry
  return entry
    .slice(0, -MAP_ENTRY.length)
    .replaceAll(/(?!^)[A-Z]/g, '_$&')
    .toLowerCase()
}

/** A name that Protobuf takes, as `scrub.invalid.names` makes it: encoded as Java encodes it for a URL, then the rest underscores. */
export function scrubbed(name: string): string {
  if (/^[A-Za-z][A-Za-z0-9_]*$/.test(name)) return name
  const encoded = encodeURIComponent(name)
    .replaceAll('%20', '+')
    .replaceAll(/[!'()~]/g, (char) => `_${char.charCodeAt(0).toString(16).toUpperCase()}`)
  return (/^[0-9_]/.test(encoded) ? `x${encoded}` : encoded).replaceAll(/[^A-Za-z0-9_]/g, '_')
}
