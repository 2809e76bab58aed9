/** Structs that stand for a union: each of their fields is a branch, and values have one of them. */
import { LOGICAL } from '@sluice/sdk'
import type { Schema, StructSchema } from '@sluice/sdk'
import { isJsonObject, JsonNumber } from '../json/json-node.ts'
import type { JsonNode } from '../json/json-node.ts'
import { GENERAL_UNION, ONE_OF } from './json-schema-names.ts'

export function isUnion(schema: Schema): boolean {
  return schema.type === 'struct' && (schema.name === ONE_OF || schema.parameters?.[GENERAL_UNION] !== undefined)
}

/** How the field of a branch is called. */
export function branchName(index: number, isGeneral: boolean): string {
  return isGeneral ? `connect_union_field_${index}` : `${ONE_OF}.field.${index}`
}

/**
 * Which branch a value is one of, as Confluent's converter finds it: the first type that fits; of structs the one that shares most
 * members. @returns its index, -1 when there is none
 */
export function branchOf(branches: readonly Branch[], node: JsonNode): number {
  let found = -1
  let most = -1
  for (const [i, branch] of branches.entries()) {
    if (branch.fits(node)) return i
    const shared = branch.sharedMembers(node)
    if (shared > most) [found, most] = [i, shared]
  }
  if (found >= 0) return found
  // Bytes are texts, but a text is one first of all.
  return typeof node === 'string' ? branches.findIndex(({ isBytes }) => isBytes) : -1
}

/** Whether only the text of a number tells which branch it is of: 1.0 is no integer. */
export function isByText(schema: StructSchema): boolean {
  const types = schema.fields.flatMap(({ schema: branch }) => typesOf(branch))
  return types.some((type) => INTEGERS.has(type)) && types.some((type) => FRACTIONS.has(type))
}

const INTEGERS: ReadonlySet<string> = new Set(['int8', 'int16', 'int32', 'int64'])
const FRACTIONS: ReadonlySet<string> = new Set(['float32', 'float64', 'bytes'])

function typesOf(schema: Schema): readonly string[] {
  if (schema.type === 'struct' && isUnion(schema)) return schema.fields.flatMap((field) => typesOf(field.schema))
  return [schema.type]
}

/** A branch of a union, ready to be asked whether a value is one of its. */
export class Branch {
  readonly isBytes: boolean
  readonly #type: Schema['type']
  readonly #isDecimal: boolean
  readonly #members: ReadonlySet<string>
  /** Of a union within the union. */
  readonly #branches: readonly Branch[] | undefined

  constructor(schema: Schema) {
    this.#type = schema.type
    this.isBytes = schema.type === 'bytes'
    this.#isDecimal = schema.name === LOGICAL.decimal
    this.#members = new Set(schema.type === 'struct' ? schema.fields.map(({ name }) => name) : [])
    this.#branches =
      schema.type === 'struct' && isUnion(schema) ? schema.fields.map((field) => new Branch(field.schema)) : undefined
  }

  fits(node: JsonNode): boolean {
    switch (this.#type) {
      case 'int8':
      case 'int16':
      case 'int32':
      case 'int64':
        return node instanceof JsonNumber ? node.isIntegral : Number.isInteger(node)
      case 'float32':
      case 'float64':
        return isNumber(node)
      case 'boolean':
        return typeof node === 'boolean'
      case 'string':
        return typeof node === 'string'
      case 'bytes':
        return this.#isDecimal && isNumber(node)
      case 'array':
        return Array.isArray(node)
      case 'map':
        return Array.isArray(node) || isJsonObject(node)
      case 'struct':
        break
    }
    return this.#branches !== undefined && branchOf(this.#branches, node) >= 0
  }

  /** How many members an object has that are fields of this struct; -1 for anything else. */
  sharedMembers(node: JsonNode): number {
    if (this.#type !== 'struct' || this.#branches !== undefined || !isJsonObject(node)) return -1
    let count = 0
    for (const name in node) if (this.#members.has(name)) count++
    return count
  }
}

function isNumber(node: JsonNode): boolean {
  return typeof node === 'number' || node instanceof JsonNumber
}
