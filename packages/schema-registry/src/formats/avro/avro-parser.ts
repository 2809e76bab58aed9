import { SchemaError } from '@sluice/sdk'
import {
  type AvroEnum,
  type AvroField,
  type AvroFixed,
  type AvroNamedSchema,
  type AvroProps,
  type AvroRecord,
  type AvroSchema,
  PRIMITIVES,
  type PrimitiveType,
  isNamed,
} from './avro-schema.ts'

type Json = Readonly<Record<string, unknown>>

/** Deeper ones are an attack on the stack, or a mistake. */
const DEPTH_MAX = 500

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/
const NAMED_ATTRIBUTES = ['type', 'name', 'namespace', 'aliases', 'doc']
const ATTRIBUTES = {
  record: new Set([...NAMED_ATTRIBUTES, 'fields']),
  enum: new Set([...NAMED_ATTRIBUTES, 'symbols', 'default']),
  fixed: new Set([...NAMED_ATTRIBUTES, 'size']),
  array: new Set(['type', 'items']),
  map: new Set(['type', 'values']),
  field: new Set(['name', 'type', 'doc', 'default', 'order', 'aliases']),
  primitive: new Set(['type']),
}

/**
 * Reads Avro schemas. Names live as long as the parser: what one schema defines, the next may use.
 * Defaults are kept as they are given and not compared with their types, as Confluent's registry does.
 */
export class AvroParser {
  readonly #names = new Map<string, AvroNamedSchema>()
  #depth = 0

  /** The named schemas so far. */
  get names(): ReadonlyMap<string, AvroNamedSchema> {
    return this.#names
  }

  /** @throws SchemaError SCHEMA_INVALID */
  parse(text: string): AvroSchema {
    const trimmed = text.trim()
    // A bare name is no JSON, yet everybody's first schema; Java takes it, too.
    if ((PRIMITIVES as readonly string[]).includes(trimmed)) return primitive(trimmed as PrimitiveType, {})
    let json: unknown
    try {
      json = JSON.parse(text)
    } catch (cause) {
      throw new SchemaError('The Avro schema is no JSON', { cause })
    }
    return this.#schema(json, '', 'the schema')
  }

  #schema(json: unknown, namespace: string, where: string): AvroSchema {
    if (++this.#depth > DEPTH_MAX) throw new SchemaError(`The Avro schema is more than ${DEPTH_MAX} levels deep`)
    try {
      if (typeof json === 'string') return this.#named(json, namespace, where)
      if (Array.isArray(json)) return this.#union(json, namespace, where)
      if (isObject(json)) return this.#complex(json, namespace, where)
    } finally {
      this.#depth--
    }
    throw new SchemaError(`The Avro type of ${where} is ${JSON.stringify(json) ?? 'missing'}, which is none`)
  }

  #named(name: string, namespace: string, where: string): AvroSchema {
    if ((PRIMITIVES as readonly string[]).includes(name)) return primitive(name as PrimitiveType, {})
    const found = this.#names.get(qualified(name, namespace)) ?? this.#names.get(name)
    if (found !== undefined) return found
    throw new SchemaError(`The Avro type '${name}' of ${where} is not defined`, {
      remedy: 'Define it before it is used, or give the schema that defines it as a reference.',
    })
  }

  #union(json: readonly unknown[], namespace: string, where: string): AvroSchema {
    const branches = json.map((branch, i) => this.#schema(branch, namespace, `branch ${i} of ${where}`))
    const seen = new Set<string>()
    for (const branch of branches) {
      if (branch.type === 'union') throw new SchemaError(`The Avro union of ${where} has a union as its branch`)
      const name = isNamed(branch) ? branch.fullName : branch.type
      if (seen.has(name)) throw new SchemaError(`The Avro union of ${where} has two branches of type ${name}`)
      seen.add(name)
    }
    return { type: 'union', branches }
  }

  #complex(json: Json, namespace: string, where: string): AvroSchema {
    const { type } = json
    switch (type) {
      case 'record':
      case 'error':
        return this.#record(json, type, namespace, where)
      case 'enum':
        return this.#enum(json, namespace, where)
      case 'fixed':
        return this.#fixed(json, namespace, where)
      case 'array': {
        const items = this.#schema(json['items'], namespace, `items of ${where}`)
        return { type, items, props: propsOf(json, ATTRIBUTES.array) }
      }
      case 'map': {
        const values = this.#schema(json['values'], namespace, `values of ${where}`)
        return { type, values, props: propsOf(json, ATTRIBUTES.map) }
      }
      default:
        if (typeof type !== 'string' || !(PRIMITIVES as readonly string[]).includes(type))
          return this.#schema(type, namespace, where)
        return primitive(type as PrimitiveType, propsOf(json, ATTRIBUTES.primitive))
    }
  }

  #record(json: Json, type: 'record' | 'error', namespace: string, where: string): AvroRecord {
    const fields: AvroField[] = []
    // It is known before its fields are: they may be of this type themselves.
    const record = this.#define({
      ...namedOf(json, namespace, where),
      type,
      fields,
      props: propsOf(json, ATTRIBUTES.record),
    })
    const given = json['fields']
    if (!Array.isArray(given)) throw new SchemaError(`The Avro record ${record.fullName} has no list of fields`)
    const names = new Set<string>()
    for (const item of given as readonly unknown[]) {
      const field = this.#field(item, record)
      if (names.has(field.name))
        throw new SchemaError(`The Avro record ${record.fullName} has two fields '${field.name}'`)
      names.add(field.name)
      fields.push(field)
    }
    return record
  }

  #field(json: unknown, { fullName, namespace }: AvroNamedSchema): AvroField {
    if (!isObject(json)) throw new SchemaError(`A field of the Avro record ${fullName} is no object`)
    const name = nameIn(json, `a field of ${fullName}`)
    return {
      name,
      type: this.#schema(json['type'], namespace, `${fullName}.${name}`),
      doc: textIn(json, 'doc'),
      default: json['default'],
      order: textIn(json, 'order'),
      aliases: textsIn(json, 'aliases'),
      props: propsOf(json, ATTRIBUTES.field),
    }
  }

  #enum(json: Json, namespace: string, where: string): AvroEnum {
    const named = namedOf(json, namespace, where)
    const symbols = textsIn(json, 'symbols')
    if (!Array.isArray(json['symbols'])) throw new SchemaError(`The Avro enum ${named.fullName} has no list of symbols`)
    const wrong = symbols.find((symbol, i) => !NAME.test(symbol) || symbols.indexOf(symbol) !== i)
    if (wrong !== undefined)
      throw new SchemaError(
        `The Avro enum ${named.fullName} has the symbol '${wrong}', which is no name or is there twice`,
      )
    const fallback = textIn(json, 'default')
    if (fallback !== undefined && !symbols.includes(fallback))
      throw new SchemaError(`The default '${fallback}' of the Avro enum ${named.fullName} is none of its symbols`)
    return this.#define({ ...named, type: 'enum', symbols, default: fallback, props: propsOf(json, ATTRIBUTES.enum) })
  }

  #fixed(json: Json, namespace: string, where: string): AvroFixed {
    const named = namedOf(json, namespace, where)
    const size = json['size']
    if (!Number.isInteger(size) || (size as number) < 0)
      throw new SchemaError(`The size of the Avro fixed ${named.fullName} is ${JSON.stringify(size) ?? 'missing'}`)
    return this.#define({ ...named, type: 'fixed', size: size as number, props: propsOf(json, ATTRIBUTES.fixed) })
  }

  #define<S extends AvroNamedSchema>(schema: S): S {
    if (this.#names.has(schema.fullName)) throw new SchemaError(`The Avro type ${schema.fullName} is defined twice`)
    this.#names.set(schema.fullName, schema)
    return schema
  }
}

function primitive(type: PrimitiveType, props: AvroProps): AvroSchema {
  return { type, props }
}

function namedOf(json: Json, enclosing: string, where: string): Omit<AvroFixed, 'type' | 'size' | 'props'> {
  const given = nameIn(json, where, true)
  const dot = given.lastIndexOf('.')
  const namespace = dot >= 0 ? given.slice(0, dot) : (textIn(json, 'namespace') ?? enclosing)
  const name = given.slice(dot + 1)
  const wrong = [name, ...(namespace === '' ? [] : namespace.split('.'))].find((part) => !NAME.test(part))
  if (wrong !== undefined) throw new SchemaError(`The Avro name of ${where} has the part '${wrong}', which is no name`)
  const aliases = textsIn(json, 'aliases').map((alias) => qualified(alias, namespace))
  return { name, namespace, fullName: qualified(name, namespace), aliases, doc: textIn(json, 'doc') }
}

function qualified(name: string, namespace: string): string {
  return namespace === '' || name.includes('.') ? name : `${namespace}.${name}`
}

function nameIn(json: Json, where: string, mayBeQualified = false): string {
  const name = json['name']
  if (typeof name !== 'string' || name === '') throw new SchemaError(`The Avro type of ${where} has no name`)
  if (!mayBeQualified && !NAME.test(name))
    throw new SchemaError(`The Avro name of ${where} is '${name}', which is none`)
  return name
}

function textIn(json: Json, key: string): string | undefined {
  const value = json[key]
  return typeof value === 'string' ? value : undefined
}

function textsIn(json: Json, key: string): readonly string[] {
  const value = json[key]
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : []
}

function propsOf(json: Json, known: ReadonlySet<string>): AvroProps {
  return Object.fromEntries(Object.entries(json).filter(([key]) => !known.has(key)))
}

function isObject(json: unknown): json is Json {
  return typeof json === 'object' && json !== null && !Array.isArray(json)
}
