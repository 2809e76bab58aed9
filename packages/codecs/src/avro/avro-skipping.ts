/** Values of an Avro schema, passed over: for fields that the reader's schema leaves out, records within themselves included. */
import { DataError } from '@sluice/sdk'
import type { AvroRecord, AvroSchema } from '@sluice/schema-registry'
import type { AvroInput } from './avro-input.ts'

type Skip = (input: AvroInput, depth: number) => void

/** How many records may be within each other. */
const DEPTH_MAX = 1000

/** @returns a function that reads a value and gives null */
export function compileSkip(avro: AvroSchema): (input: AvroInput) => null {
  const skip = skipOf(avro, new Map())
  return (input) => {
    skip(input, 0)
    return null
  }
}

/** Whether values of this type may have no bytes at all. */
export function isWidthless(avro: AvroSchema, within: readonly AvroSchema[] = []): boolean {
  if (avro.type === 'fixed') return avro.size === 0
  if (avro.type === 'null') return true
  if (avro.type !== 'record' && avro.type !== 'error') return false
  return !within.includes(avro) && avro.fields.every((field) => isWidthless(field.type, [...within, avro]))
}

/** @param known the records met so far, which may be met again within themselves */
function skipOf(avro: AvroSchema, known: Map<AvroRecord, Skip>): Skip {
  switch (avro.type) {
    case 'null':
      return () => undefined
    case 'boolean':
      return (input) => void input.boolean()
    case 'int':
    case 'enum':
      return (input) => void input.int()
    case 'long':
      return (input) => void input.long()
    case 'float':
      return (input) => void input.float()
    case 'double':
      return (input) => void input.double()
    case 'string':
    case 'bytes':
      return (input) => void input.bytes()
    case 'fixed': {
      const { size } = avro
      return (input) => void input.fixed(size)
    }
    case 'union':
      return skipUnion(avro.branches.map((branch) => skipOf(branch, known)))
    case 'array':
      return skipBlocks(skipOf(avro.items, known), isWidthless(avro.items))
    case 'map': {
      const skip = skipOf(avro.values, known)
      const entry: Skip = (input, depth) => {
        input.bytes()
        skip(input, depth)
      }
      return skipBlocks(entry, false)
    }
    case 'record':
    case 'error':
      break
  }
  return known.get(avro) ?? skipRecord(avro, known)
}

function skipRecord(avro: AvroRecord, known: Map<AvroRecord, Skip>): Skip {
  const fields: Skip[] = []
  const skip: Skip = (input, depth) => {
    if (depth >= DEPTH_MAX)
      throw new DataError(`The Avro records ${avro.fullName} are more than ${DEPTH_MAX} levels deep within each other`)
    for (const field of fields) field(input, depth + 1)
  }
  known.set(avro, skip)
  fields.push(...avro.fields.map((field) => skipOf(field.type, known)))
  return skip
}

function skipUnion(branches: readonly Skip[]): Skip {
  return (input, depth) => {
    const index = input.int()
    const skip = branches[index]
    if (skip === undefined)
      throw new DataError(`The Avro union has ${branches.length} branches, and none with the index ${index}`)
    skip(input, depth)
  }
}

function skipBlocks(skip: Skip, widthless: boolean): Skip {
  return (input, depth) => {
    let read = 0
    for (let count = input.block(widthless, 0); count > 0; count = input.block(widthless, read)) {
      read += count
      for (let i = 0; i < count; i++) skip(input, depth)
    }
  }
}
