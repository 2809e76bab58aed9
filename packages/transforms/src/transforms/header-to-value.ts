/** Debezium's HeaderToValue: headers become fields of the value, moved or copied. */
import { canonical, defineSettings, oneOf, SchemaError, structOf } from '@sluice/sdk'
import type { Header, Schema, StructSchema, StructValue, Transform, TransformPlugin, Value } from '@sluice/sdk'
import { debeziumNames } from '../change-event.ts'
import { copyOf, fieldValue, isFields, put, requireMap, requireStruct } from '../fields.ts'
import type { Fields } from '../fields.ts'
import { someNames } from '../shared-settings.ts'
import { basicsOf, fillDefaults, perSchema } from '../struct-plan.ts'

const settings = defineSettings(
  {
    headers: {
      type: 'list',
      validator: someNames,
      importance: 'high',
      documentation: 'The headers. Of several of one name the last counts.',
    },
    fields: {
      type: 'list',
      validator: someNames,
      importance: 'high',
      documentation: 'The names of their fields, in the same order; dots lead into nested objects.',
    },
    operation: {
      type: 'string',
      validator: oneOf('move', 'copy'),
      importance: 'high',
      documentation: 'Whether the headers go (move) or stay (copy).',
    },
  },
  {
    *check({ fields, headers }) {
      if (fields.length !== headers.length)
        yield {
          setting: 'fields',
          message: "'fields' config must have the same number of elements as 'headers' config.",
        }
    },
  },
)

const PURPOSE = 'Header field insertion'
/** How many combinations of the headers' schemas are remembered for one schema of values. */
const COMBINATIONS = 100

/** What a header is inserted as. */
interface Insertion {
  readonly path: readonly string[]
  readonly header: Header
}

export const headerToValue: TransformPlugin = {
  name: 'header-to-value',
  aliases: debeziumNames('HeaderToValue'),
  documentation: 'Headers become fields of the value, moved or copied.',
  settings,
  create(raw) {
    const { headers: keys, fields, operation } = settings.parse(raw)
    const paths = fields.map((field) => field.split('.'))
    const schemasOf = perSchema(schemas)
    const fillOf = perSchema((schema: StructSchema) => fillDefaults(schema, true))
    const transform: Transform = (record) => {
      const { valueSchema, value, headers } = record
      if (value === null) return record
      const struct = valueSchema === null ? null : requireStruct(valueSchema, value, PURPOSE)
      const all = struct === null ? requireMap(value, PURPOSE) : fillOf(struct[0])(struct[1])
      const insertions = keys.flatMap((key, at): Insertion[] => {
        const header = headers?.findLast((each) => each.key === key)
        return header === undefined ? [] : [{ path: paths[at]!, header }]
      })
      if (insertions.length === 0) return record
      const kept = operation === 'copy' ? headers : headers!.filter(({ key }) => !keys.includes(key))
      return {
        ...record,
        valueSchema: struct === null ? null : schemasOf(struct[0])(insertions),
        value: insertions.reduce<Fields>(
          (to, { path, header }) => inserted(to, path, 0, header.value),
          all,
        ) as StructValue,
        headers: kept?.length === 0 ? null : kept,
      }
    }
    return transform
  },
}

/** The schema with fields for some headers; of a schema of values there are as many as its headers have combinations of schemas. */
function schemas(schema: StructSchema): (insertions: readonly Insertion[]) => StructSchema {
  const made = new Map<string, StructSchema>()
  return (insertions) => {
    const key = insertions.map(({ path, header }) => `${path.join('.')} ${canonicalOf(header.schema)}`).join()
    let found = made.get(key)
    if (found === undefined) {
      found = insertions.reduce((to, { path, header }) => withField(to, path, 0, header.schema), schema)
      if (made.size >= COMBINATIONS) made.clear()
      made.set(key, found)
    }
    return found
  }
}

function canonicalOf(schema: Schema | null): string {
  return schema === null ? 'null' : canonical(schema)
}

/** A step that leads nowhere leaves schema and value as they are. */
function withField(schema: StructSchema, path: readonly string[], at: number, of: Schema | null): StructSchema {
  const name = path[at]!
  const fields = schema.fields.map((field): [string, Schema] => [field.name, field.schema])
  if (at === path.length - 1) {
    if (of === null) throw new SchemaError(`fieldSchema for field ${name} cannot be null.`)
    fields.push([name, of])
  } else {
    const inner = fields.find(([each]) => each === name)
    if (inner === undefined || inner[1].type !== 'struct') return schema
    inner[1] = withField(inner[1], path, at + 1, of)
  }
  return structOf(fields, { ...basicsOf(schema), optional: at > 0 && schema.optional })
}

function inserted(fields: Fields, path: readonly string[], at: number, value: Value): Fields {
  const name = path[at]!
  let is = value
  if (at < path.length - 1) {
    const inner = fieldValue(fields, name)
    if (!isFields(inner)) return fields
    is = inserted(inner, path, at + 1, value)
  }
  const copy = copyOf(fields)
  put(copy, name, is)
  return copy
}
