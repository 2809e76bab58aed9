/** For `type.mismatch=fail`: a JSON value has to be of the type that it is read as. */
import { DataError, type PrimitiveSchema, type Value } from '@sluice/sdk'
import { logicalType } from '../logical-type.ts'
import { JsonNumber, nodeType, type JsonNode } from './json-node.ts'

/** `read`, for nodes of the schema's type alone. @throws DataError for another one, and for a fraction where whole numbers are declared */
export function strictly(schema: PrimitiveSchema, read: (node: JsonNode) => Value): (node: JsonNode) => Value {
  // These look themselves.
  if (logicalType(schema) !== undefined) return read
  const fits = FITS[schema.type]
  const names = fits === isNumber ? NAMES : NO_NAMES
  return (node) => {
    if (!fits(node)) {
      const named = names.get(node)
      if (named !== undefined) return named
      throw new DataError(`A value of type ${schema.type} is declared, and JSON has ${nodeType(node)}`, {
        remedy:
          'Send what the schema declares, or set type.mismatch=convert to read it as Java does: as 0, false or null.',
      })
    }
    return read(node)
  }
}

/** As they are written, since JSON has no numbers for them. */
const NAMES: ReadonlyMap<JsonNode, number> = new Map([
  ['NaN', NaN],
  ['Infinity', Infinity],
  ['-Infinity', -Infinity],
])
const NO_NAMES: typeof NAMES = new Map()

const isWhole = (node: JsonNode): boolean =>
  typeof node === 'number' ? Number.isInteger(node) : node instanceof JsonNumber && node.isIntegral
const isNumber = (node: JsonNode): boolean => typeof node === 'number' || node instanceof JsonNumber
const isText = (node: JsonNode): boolean => typeof node === 'string'

const FITS: Readonly<Record<PrimitiveSchema['type'], (node: JsonNode) => boolean>> = {
  int8: isWhole,
  int16: isWhole,
  int32: isWhole,
  int64: isWhole,
  float32: isNumber,
  float64: isNumber,
  boolean: (node) => typeof node === 'boolean',
  string: isText,
  bytes: isText,
}
