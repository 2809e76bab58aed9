/** Debezium's VectorToJsonConverter: vectors become JSON texts, for those who know no vectors. */
import { DataError, defineSettings, primitive, structOf } from '@sluice/sdk'
import type { Schema, StructSchema, StructValue, Transform, TransformPlugin, Value } from '@sluice/sdk'
import { javaDouble, javaFloat, valueText } from '@sluice/sdk/values'
import { debeziumNames, valueOf } from '../change-event.ts'
import { fieldValue, isFields, requireStruct, setField } from '../fields.ts'
import { javaClass } from '../java-class.ts'
import { basicsOf, perSchema } from '../struct-plan.ts'

const settings = defineSettings({})

const DOUBLES = 'io.debezium.data.DoubleVector'
const FLOATS = 'io.debezium.data.FloatVector'
const SPARSE = 'io.debezium.data.SparseDoubleVector'
const PURPOSE = 'Value should be a struct'

/** What becomes of the values of a schema; undefined where nothing does. */
type Plan = { readonly schema: Schema; readonly move: (value: Value) => Value } | undefined

export const vectorToJsonConverter: TransformPlugin = {
  name: 'vector-to-json-converter',
  aliases: debeziumNames('VectorToJsonConverter'),
  documentation: 'Vectors become JSON texts, wherever in the value they are.',
  settings,
  create() {
    const planOf = perSchema(structPlan)
    const transform: Transform = (record) => {
      const { valueSchema, value } = record
      if (value === null) return record
      if (valueSchema === null)
        throw new DataError(`Only Struct objects supported for [${PURPOSE}], found: ${javaClass(value)}`, {
          remedy: 'Read the records with a converter that has schemas: without one a vector is a list like any other.',
        })
      const [schema, struct] = requireStruct(valueSchema, value, PURPOSE)
      const plan = planOf(schema)
      return plan === undefined ? record : { ...record, valueSchema: plan.schema, value: plan.move(struct) }
    }
    return transform
  },
}

function planOf(schema: Schema): Plan {
  switch (schema.name) {
    case DOUBLES:
      return { schema: json(schema), move: (value) => vector(value, javaDouble) }
    case FLOATS:
      return { schema: json(schema), move: (value) => vector(value, (each) => javaFloat(Math.fround(each))) }
    case SPARSE:
      return { schema: json(schema), move: sparse }
    case undefined:
    default:
      return schema.type === 'struct' ? structPlan(schema) : undefined
  }
}

function structPlan(schema: StructSchema): Plan {
  const plans = schema.fields.map((field) => ({ field, plan: planOf(field.schema) }))
  const touched = plans.filter(({ plan }) => plan !== undefined)
  if (touched.length === 0) return undefined
  return {
    schema: structOf(
      plans.map(({ field, plan }) => [field.name, plan?.schema ?? field.schema]),
      { ...basicsOf(schema), optional: schema.optional },
    ),
    move(value) {
      if (!isFields(value)) return null
      const copy: Record<string, Value> = { ...(value as StructValue) }
      for (const { field, plan } of touched) setField(copy, field.name, plan!.move(fieldValue(value, field.name)))
      return copy
    },
  }
}

function json({ optional }: Schema): Schema {
  return primitive('string', { name: 'io.debezium.data.Json', version: 1, optional })
}

function vector(value: Value, text: (each: number) => string): Value {
  return Array.isArray(value) ? `{ "values": [${(value as number[]).map(text).join(', ')}] }` : null
}

function sparse(value: Value): Value {
  if (value === null) return null
  const entries = [...(valueOf(value, 'vector') as ReadonlyMap<number, number>)]
  const texts = entries.toSorted(([a], [b]) => a - b).map(([at, each]) => `"${at}": ${javaDouble(each)}`)
  return `{ "dimensions": ${valueText(null, valueOf(value, 'dimensions'))}, "vector": { ${texts.join(', ')} } }`
}
