/** Avro schemas as text: the form that Java's `Schema.toString` gives, and a normalised one. */
import {
  type AvroField,
  type AvroNamedSchema,
  type AvroProps,
  type AvroSchema,
  isNamed,
  isPrimitive,
} from './avro-schema.ts'

interface Form {
  /** Which names are defined already: they are only named. Filled on the way. */
  readonly known: Set<string>
  /** Full names everywhere, attributes in alphabetical order, and defaults with their keys in that order. */
  readonly isNormal: boolean
}

/** `known`: names that other schemas define. */
export function avroText(schema: AvroSchema, known: Iterable<string>, isNormal = false): string {
  return JSON.stringify(toJson(schema, { known: new Set(known), isNormal }, ''))
}

function toJson(schema: AvroSchema, form: Form, namespace: string): unknown {
  if (schema.type === 'union') return schema.branches.map((branch) => toJson(branch, form, namespace))
  const props = propsOf(schema.props, form)
  if (schema.type === 'array') return { type: 'array', items: toJson(schema.items, form, namespace), ...props }
  if (schema.type === 'map') return { type: 'map', values: toJson(schema.values, form, namespace), ...props }
  if (isNamed(schema)) return namedJson(schema, form, namespace)
  return isPrimitive(schema) && Object.keys(props).length === 0 ? schema.type : { type: schema.type, ...props }
}

function namedJson(schema: AvroNamedSchema, form: Form, namespace: string): unknown {
  const isHere = !form.isNormal && schema.namespace === namespace
  if (form.known.has(schema.fullName)) return isHere ? schema.name : schema.fullName
  form.known.add(schema.fullName)
  const name = form.isNormal ? { name: schema.fullName } : { name: schema.name }
  const head = {
    type: schema.type,
    ...name,
    ...(isHere || form.isNormal ? {} : { namespace: schema.namespace }),
    ...(schema.doc === undefined ? {} : { doc: schema.doc }),
  }
  const tail = { ...propsOf(schema.props, form), ...aliasesJson(schema, form) }
  if (schema.type === 'fixed') return { ...head, size: schema.size, ...tail }
  if (schema.type !== 'enum') {
    return { ...head, fields: schema.fields.map((field) => fieldJson(field, form, schema.namespace)), ...tail }
  }
  const fallback = schema.default === undefined ? {} : { default: schema.default }
  return { ...head, symbols: schema.symbols, ...fallback, ...tail }
}

function fieldJson(field: AvroField, form: Form, namespace: string): unknown {
  const { name, type, doc, default: fallback, order, aliases, props } = field
  return {
    name,
    type: toJson(type, form, namespace),
    ...(doc === undefined ? {} : { doc }),
    ...(fallback === undefined ? {} : { default: form.isNormal ? sorted(fallback) : fallback }),
    ...(order === undefined || order === 'ascending' ? {} : { order }),
    ...(aliases.length === 0 ? {} : { aliases: form.isNormal ? aliases.toSorted() : aliases }),
    ...propsOf(props, form),
  }
}

function aliasesJson({ aliases, namespace }: AvroNamedSchema, { isNormal }: Form): { aliases?: readonly string[] } {
  if (aliases.length === 0) return {}
  if (isNormal) return { aliases: aliases.toSorted() }
  const start = namespace === '' ? '' : `${namespace}.`
  const isLocal = (alias: string): boolean => alias.startsWith(start) && !alias.slice(start.length).includes('.')
  return { aliases: aliases.map((alias) => (isLocal(alias) ? alias.slice(start.length) : alias)) }
}

function propsOf(props: AvroProps, { isNormal }: Form): AvroProps {
  return isNormal ? (sorted(props) as AvroProps) : props
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, item]) => [key, sorted(item)]))
}
