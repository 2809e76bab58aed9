/** Whether an answer is one that the contract has, in its shape. */
import type { AnswerShape } from '../rest/contract.ts'
import { SHAPES, type JsonSchema, type ShapeName } from '../rest/shapes.ts'
import type { FuzzRequest } from './fuzz-request.ts'

/** The words that a body which cannot be read is refused with. */
const UNREADABLE =
  /^(Unexpected|Unrecognized|Cannot (deserialize|construct)|Invalid|Illegal|Document nesting|Number value)/
/** Anything but how JavaScript tells of a mistake in the program. */
const NO_OWN_FAULT = /^(?!Cannot (read|set|convert)|.*(is not (a function|iterable|defined)|undefined))/s
const LATE = /^Request timed out/
/** What any request may be told, besides what the contract says of its endpoint. */
const ALWAYS = new Set([400, 404, 405, 406, 415])

/** What is wrong with the answer; empty: nothing. */
export function problemOf(request: FuzzRequest, status: number, text: string): string {
  const { endpoint, method } = request
  if (method === 'OPTIONS') return status === 200 || status === 404 || status === 400 ? '' : 'not an answer to OPTIONS'
  if (method === 'HEAD') return status < 500 && text === '' ? '' : 'not an answer to HEAD'
  let body: unknown
  try {
    body = text === '' ? undefined : JSON.parse(text)
  } catch {
    const mayBeText = endpoint.answers[status]?.[1] === 'text' || endpoint.operation === 'processorTopology'
    return mayBeText ? '' : 'no JSON'
  }
  if (status >= 400) {
    const { error_code, message } = (body ?? {}) as { readonly error_code?: unknown; readonly message?: unknown }
    const isProbe = (endpoint.isOurs === true && !endpoint.path.startsWith('/v1/')) || endpoint.operation === 'health'
    if (!isProbe && (error_code !== status || typeof message !== 'string')) return 'not an error as Connect has it'
    // With a spoilt path it may be another endpoint that has no use for the body.
    const mayBeUnreadable = request.isBodySpoilt || request.isPathSpoilt
    // A connector may refuse offsets, which Connect answers so; the contract says where. Ours are only late.
    const mayBe500 = endpoint.path.startsWith('/v1/') ? LATE : NO_OWN_FAULT
    const isRefusal = endpoint.answers[500]?.[1] === 'Error' && mayBe500.test(String(message))
    if (status === 500 && isRefusal) return ''
    // What Connect does not have need not be as it is there.
    const isConnects = endpoint.isOurs !== true || request.isPathSpoilt
    if (status === 500)
      return isConnects && mayBeUnreadable && UNREADABLE.test(String(message)) ? '' : 'a 5xx that Connect does not give'
    return ALWAYS.has(status) || endpoint.answers[status] !== undefined ? '' : 'a status that the contract has not'
  }
  const answer = method === endpoint.method ? endpoint.answers[status] : undefined
  // A name without its own place, as in `/connectors//status`, may be another endpoint's.
  if (answer === undefined) return request.isPathSpoilt ? '' : 'a status that the contract has not'
  const shape: AnswerShape = answer[1]
  if (shape === null || shape === 'text') return shape === null && text !== '' ? 'a body that the contract has not' : ''
  if (endpoint.operation === 'listConnectors')
    return conforms(SHAPES.ConnectorNames, body) || conforms(SHAPES.ExpandedConnectors, body) ? '' : 'another shape'
  return request.isPathSpoilt || conforms(SHAPES[shape], body) ? '' : `not of the shape ${shape}`
}

/** Whether a value is what a schema says, as far as our schemas go. */
export function conforms(schema: JsonSchema, value: unknown): boolean {
  if (schema.$ref !== undefined) return conforms(SHAPES[schema.$ref.split('/').at(-1) as ShapeName], value)
  if (schema.oneOf !== undefined) return schema.oneOf.some((one) => conforms(one, value))
  if (schema.enum !== undefined) return schema.enum.includes(value as string)
  const types = typeof schema.type === 'string' ? [schema.type] : (schema.type ?? [])
  if (types.length > 0 && !types.includes(typeOf(value)) && !(types.includes('number') && typeof value === 'number'))
    return false
  if (Array.isArray(value)) return value.every((item) => schema.items === undefined || conforms(schema.items, item))
  if (typeof value !== 'object' || value === null) return true
  const properties = schema.properties ?? {}
  if ((schema.required ?? []).some((name) => !Object.hasOwn(value, name))) return false
  return Object.entries(value).every(([name, member]) => {
    const own = Object.hasOwn(properties, name) ? properties[name] : undefined
    if (own !== undefined) return conforms(own, member)
    const { additionalProperties: others = true } = schema
    return typeof others === 'boolean' ? others : conforms(others, member)
  })
}

function typeOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  return Number.isInteger(value) ? 'integer' : typeof value
}
