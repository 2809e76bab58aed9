/** Enums of JSON Schema as Connect has them: texts with their symbols in parameters. */
import { primitive } from '@sluice/sdk'
import type { PrimitiveType, Schema } from '@sluice/sdk'
import { JsonNumber } from '../json/json-node.ts'
import type { JsonNode } from '../json/json-node.ts'
import { ENUM, GENERAL_ENUM, NULL_SYMBOL } from './json-schema-names.ts'

/** An enum whose values are all numbers, or all booleans, is of that type: as texts they could not be read. */
export function enumSchema(values: readonly JsonNode[], isGeneral: boolean): Schema {
  const symbols = values.filter((value) => value !== null)
  const optional = symbols.length < values.length
  const type = plainType(symbols)
  if (type !== undefined && type !== 'string') return primitive(type, { optional })
  const prefix = isGeneral ? GENERAL_ENUM : ENUM
  const parameters: [string, string][] = values.map((value, i) => {
    const symbol = value === null ? NULL_SYMBOL : symbolOf(value)
    return [`${prefix}.${symbol}`, isGeneral ? String(i) : symbol]
  })
  // Enums of JSON have no name.
  return primitive('string', { optional, parameters: { [prefix]: '', ...Object.fromEntries(parameters) } })
}

/** The type that all values have; undefined when there is none, or another than Connect has. */
export function plainType(values: readonly JsonNode[]): PrimitiveType | undefined {
  const [first] = values
  if (typeof first === 'string' || typeof first === 'boolean')
    return values.every((value) => typeof value === typeof first) ? (typeof first as 'string' | 'boolean') : undefined
  if (first === undefined || !values.every((value) => value instanceof JsonNumber)) return undefined
  return values.every((value) => value.isIntegral) ? 'int64' : 'float64'
}

function symbolOf(value: JsonNode): string {
  if (typeof value === 'string') return value
  return value instanceof JsonNumber ? value.text : JSON.stringify(value)
}
