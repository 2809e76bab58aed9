/** The contract as a router: which endpoint a request is for, and what it is told when there is none. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Router } from 'express'
import type { Clock, Logger } from '@sluice/sdk'
import { describeError } from '@sluice/sdk'
import { NotAssigned, NotLeader, type Herder } from '../herder/herder.ts'
import { withinTime } from '../operations/health.ts'
import { answerTo, plain, refusal, send, unroutable, type Answer } from './answers.ts'
import { allowed, type Endpoint } from './contract.ts'
import { ENDPOINTS } from './endpoints.ts'
import { forward } from './forwarding.ts'
import type { Call, Handler } from './handlers.ts'
import type { RestFigures } from './rest-figures.ts'
import { acceptsJson, BodyRefused, isJsonOrNothing, readBody, type BodyLimits } from './request-reading.ts'
import { ALGORITHM_HEADER, SIGNATURE_HEADER } from './signatures.ts'
import type { WorkerClient } from './worker-client.ts'

export interface RouteParts {
  readonly herder: Herder
  readonly handlers: Readonly<Record<string, Handler>>
  readonly client: WorkerClient
  readonly limits: BodyLimits
  readonly requestTimeoutMs: number
  readonly figures: RestFigures
  readonly clock: Clock
  readonly logger: Logger
}

/** Never throws, and always answers. */
export type Routes = (request: IncomingMessage, response: ServerResponse) => void

type RoutedRequest = IncomingMessage & { readonly params: Readonly<Record<string, string>> }
type Next = (error?: unknown) => void

const NO_BODY = new Uint8Array(0)
const NO_QUERY = new URLSearchParams()

/** @param served `listeners` of the endpoints that are served here */
export function routesOf(parts: RouteParts, served: readonly Endpoint['listeners'][]): Routes {
  const router = Router({ caseSensitive: true })
  const endpoints = ENDPOINTS.filter((endpoint) => served.includes(endpoint.listeners))
  for (const path of new Set(endpoints.map((endpoint) => endpoint.path))) {
    const here = endpoints.filter((endpoint) => endpoint.path === path)
    const byMethod = new Map(here.map((endpoint) => [endpoint.method as string, endpoint]))
    const allow = allowed(here.map((endpoint) => endpoint.method))
    router.all(path.replaceAll(/\{(\w+)\}/g, ':$1'), (routed, response) => {
      const request = routed as RoutedRequest
      parts.figures.routed(request, path)
      const method = request.method ?? ''
      const endpoint = byMethod.get(method === 'HEAD' ? 'GET' : method)
      if (endpoint !== undefined) void serve(parts, endpoint, request, response)
      else send(response, method === 'OPTIONS' ? optionsAnswer(allow) : unroutable(405, 'Method Not Allowed'))
    })
  }
  // The router asks for no more of a request than Node's has, and without an application it is not made into Express' own.
  const route = router as unknown as (request: IncomingMessage, response: ServerResponse, next: Next) => void
  return (request, response) => {
    route(request, response, (error) => {
      if (error === undefined || error === null) send(response, unroutable(404, 'Not Found'))
      else fail(parts, request, response, error)
    })
  }
}

async function serve(
  parts: RouteParts,
  endpoint: Endpoint,
  request: RoutedRequest,
  response: ServerResponse,
): Promise<void> {
  try {
    const refused = refusalOf(endpoint, request)
    if (refused !== null) return send(response, refused)
    const handler = parts.handlers[endpoint.operation] as Handler
    const body = endpoint.body === undefined ? NO_BODY : await readBody(request, parts.limits, parts.clock)
    const call = callOf(request, body)
    send(response, await answerOf(parts, endpoint, request, call, handler))
  } catch (error) {
    fail(parts, request, response, error)
  }
}

function refusalOf(endpoint: Endpoint, request: IncomingMessage): Answer | null {
  if (endpoint.isOurs !== true && !acceptsJson(request.headers.accept)) return unroutable(406, 'Not Acceptable')
  return endpoint.method === 'GET' || isJsonOrNothing(request, endpoint.body !== undefined)
    ? null
    : unroutable(415, 'Unsupported Media Type')
}

async function answerOf(
  { herder, client, clock, requestTimeoutMs }: RouteParts,
  endpoint: Endpoint,
  request: IncomingMessage,
  call: Call,
  handler: Handler,
): Promise<Answer> {
  try {
    const answer = handler(call)
    // `/health` has a limit of its own, which says more.
    return answer instanceof Promise && endpoint.operation !== 'health'
      ? await withinTime(answer, requestTimeoutMs, clock)
      : await answer
  } catch (error) {
    if (endpoint.isForwarded !== true || !(error instanceof NotLeader || error instanceof NotAssigned)) {
      const late = answerTo(error, herder.stage())
      if (late === null) throw error
      return late
    }
    const { authorization } = request.headers
    return forward({ method: endpoint.method, path: pathOf(request), call, authorization }, error, client)
  }
}

function callOf(request: RoutedRequest, body: Uint8Array): Call {
  const url = request.url ?? ''
  const mark = url.indexOf('?')
  return {
    params: request.params,
    query: mark === -1 ? NO_QUERY : new URLSearchParams(url.slice(mark + 1)),
    body,
    signature: headerOf(request, SIGNATURE_HEADER),
    algorithm: headerOf(request, ALGORITHM_HEADER),
    authorization: request.headers.authorization ?? null,
    location: (name, collection = 'connectors') => {
      const scheme = 'encrypted' in request.socket ? 'https' : 'http'
      return `${scheme}://${request.headers.host ?? 'localhost'}/${collection}/${pathSegment(name)}`
    },
  }
}

function fail(
  { herder, logger }: RouteParts,
  request: IncomingMessage,
  response: ServerResponse,
  error: unknown,
): void {
  const foreseen = answerTo(error, herder.stage())
  if (error instanceof BodyRefused) {
    // Nobody reads the rest of it.
    response.setHeader('Connection', 'close')
  }
  if (foreseen !== null) return send(response, foreseen)
  const message = error instanceof Error ? error.message : String(error)
  logger.error('A REST request failed', { method: request.method, path: pathOf(request), error: describeError(error) })
  send(response, refusal(500, message))
}

function optionsAnswer(allow: readonly string[]): Answer {
  return plain(200, allow.join(', '), 'text/plain', { Allow: allow.join(',') })
}

export function pathOf({ url = '' }: IncomingMessage): string {
  const mark = url.indexOf('?')
  return mark === -1 ? url : url.slice(0, mark)
}

function headerOf({ headers }: IncomingMessage, name: string): string | null {
  const value = headers[name.toLowerCase()]
  return typeof value === 'string' ? value : null
}

/** What Java's UriBuilder leaves as it is in a path stays so; but a slash is no part of a name there. */
function pathSegment(name: string): string {
  return encodeURIComponent(name.toWellFormed()).replaceAll(/%(?:24|26|2B|2C|3A|3B|3D|40)/g, decodeURIComponent)
}
