/** What is to be said of an endpoint. The endpoints themselves are in endpoints.ts. */
import type { ShapeName } from './shapes.ts'

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

export interface QueryParameter {
  readonly type: 'boolean' | 'string'
  readonly isRepeated?: boolean
  readonly description: string
}

/** The shape of an answer's JSON; null: no body; 'text': plain text. */
export type AnswerShape = ShapeName | 'text' | null

export interface Endpoint {
  readonly operation: string
  readonly method: Method
  /** With parameters as OpenAPI has them: `/connectors/{connector}`. */
  readonly path: string
  readonly summary: string
  /** Where it is served: `admin` ones move to `admin.listeners` when there are some. */
  readonly listeners: 'main' | 'admin' | 'both'
  readonly query?: Readonly<Record<string, QueryParameter>>
  readonly body?: ShapeName
  /** By status. Errors that any request may get (404, 405, 406, 415, 500) are not repeated. */
  readonly answers: Readonly<Record<number, readonly [description: string, shape: AnswerShape]>>
  /** Whether a worker that cannot do it sends the request to the one that can. */
  readonly isForwarded?: boolean
  /** Between workers, signed (KIP-507). */
  readonly isInternal?: boolean
  /** Not of Kafka Connect. */
  readonly isOurs?: boolean
}

/** Java's order of a set of methods, in which Allow has them. */
const ALLOW_ORDER = ['HEAD', 'DELETE', 'POST', 'GET', 'OPTIONS', 'PUT', 'PATCH']

/** What `Allow` says of a path with these methods. */
export function allowed(methods: readonly Method[]): readonly string[] {
  const all = new Set<string>([...methods, 'OPTIONS', ...(methods.includes('GET') ? ['HEAD'] : [])])
  return ALLOW_ORDER.filter((method) => all.has(method))
}
