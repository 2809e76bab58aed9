/** What Confluent's REST API answers, checked before anybody relies on it. */
import { COMPATIBILITY_LEVELS } from '../compatibility.ts'
import type { CompatibilityLevel, SchemaReference, SchemaText, SchemaType } from '../registry-port.ts'
import { malformed } from './registry-errors.ts'

/** A schema as it is answered. */
export interface SchemaAnswer {
  readonly id: number
  readonly type: SchemaType
  readonly text: string
  readonly references: readonly SchemaReference[]
}

type Json = Readonly<Record<string, unknown>>

/** What a schema is sent as. Avro is not named: the oldest registries know nothing else. */
export function schemaBody({ type, text, references = [] }: SchemaText): object {
  return {
    schema: text,
    ...(type === 'AVRO' ? {} : { schemaType: type }),
    ...(references.length === 0 ? {} : { references }),
  }
}

/** @throws SluiceError REGISTRY_REFUSED, as all of these */
export function schemaIn(answer: unknown, what: string): Omit<SchemaAnswer, 'id'> {
  const { schemaType = 'AVRO', schema, references } = objectIn(answer, what)
  if (typeof schema !== 'string' || (schemaType !== 'AVRO' && schemaType !== 'JSON' && schemaType !== 'PROTOBUF'))
    throw malformed(what)
  return { type: schemaType, text: schema, references: referencesIn(references ?? [], what) }
}

export function versionIn(answer: unknown, what: string): SchemaAnswer & { subject: string; version: number } {
  const id = numberIn(answer, 'id', what)
  const version = numberIn(answer, 'version', what)
  return { ...schemaIn(answer, what), id, version, subject: textIn(answer, 'subject', what) }
}

export function numberIn(answer: unknown, key: string, what: string): number {
  const value = objectIn(answer, what)[key]
  if (typeof value === 'number' && Number.isInteger(value)) return value
  throw malformed(what)
}

export function textIn(answer: unknown, key: string, what: string): string {
  const value = objectIn(answer, what)[key]
  if (typeof value === 'string') return value
  throw malformed(what)
}

export function textsIn(answer: unknown, what: string): readonly string[] {
  if (Array.isArray(answer) && answer.every((item): item is string => typeof item === 'string')) return answer
  throw malformed(what)
}

export function numbersIn(answer: unknown, what: string): readonly number[] {
  if (Array.isArray(answer) && answer.every((item): item is number => typeof item === 'number')) return answer
  throw malformed(what)
}

export function levelIn(answer: unknown, what: string): CompatibilityLevel {
  const level = COMPATIBILITY_LEVELS.find((known) => known === textIn(answer, 'compatibilityLevel', what))
  if (level === undefined) throw malformed(what)
  return level
}

function referencesIn(answer: unknown, what: string): readonly SchemaReference[] {
  if (!Array.isArray(answer)) throw malformed(what)
  return answer.map((item: unknown) => ({
    name: textIn(item, 'name', what),
    subject: textIn(item, 'subject', what),
    version: numberIn(item, 'version', what),
  }))
}

function objectIn(answer: unknown, what: string): Json {
  if (typeof answer === 'object' && answer !== null && !Array.isArray(answer)) return answer as Json
  throw malformed(what)
}
