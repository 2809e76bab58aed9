/**
 * Sends a worker what a contract allows and what it does not: requests are drawn from the table of endpoints and its shapes, then some are
 * spoilt. Every answer must be one that the contract has, in its shape.
 */
import http from 'node:http'
import { allowed, type AnswerShape, type Endpoint } from '../../src/rest/contract.ts'
import { ENDPOINTS } from '../../src/rest/endpoints.ts'
import { SHAPES, type JsonSchema, type ShapeName } from '../../src/rest/shapes.ts'

export interface FuzzOptions {
  readonly requests: number
  readonly seed: number
  /** How many are under way at a time. Default 8. */
  readonly width?: number
  /** An answer that takes longer is none. Default 20,000. */
  readonly timeoutMs?: number
}

export interface FuzzReport {
  readonly requests: number
  /** How many answers had each status. */
  readonly statuses: ReadonlyMap<number, number>
  /** 5xx that Connect does not give, answers outside of the contract, hangs and broken connections: with the request. */
  readonly problems: readonly string[]
}

interface FuzzRequest {
  readonly endpoint: Endpoint
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer | null
  /** Whether a body that cannot be read is to be expected, which Connect answers with 500. */
  readonly isBodySpoilt: boolean
  readonly isPathSpoilt: boolean
}

/** Names that have broken something somewhere. */
export const NASTY_NAMES: readonly string[] = [
  'a',
  'b',
  'sl/ash',
  'back\\slash',
  'sp ace',
  ' around ',
  '"quo"ted"',
  "it's",
  '`tick`',
  '__proto__',
  'constructor',
  'toString',
  'ünï',
  '日本',
  '😀',
  '\u202e',
  '%',
  '%2F',
  '%00',
  '..',
  '.',
  '-',
  'a?b',
  'a#b',
  'a;b',
  'a&b=c',
  '+',
  '*',
  '{x}',
  '<b>',
  '\u0000',
  'a\nb',
  '\t',
  '',
  ' ',
  '0',
  '-1',
  'null',
  'true',
  'x'.repeat(3_000),
  '${env:HOME}',
  'status',
  'tasks',
]

/** Settings that a worker with the file connectors takes. */
const WORKING = { 'connector.class': 'FileStreamSource', file: '/nowhere', topic: 'fuzz', 'tasks.max': '1' }

/** The words that a body which cannot be read is refused with. */
const UNREADABLE =
  /^(Unexpected|Unrecognized|Cannot (deserialize|construct)|Invalid|Illegal|Document nesting|Number value)/
/** How JavaScript tells of a mistake in the program. */
const OWN_FAULT = /^Cannot (read|set|convert)|is not (a function|iterable|defined)|undefined/
/** What any request may be told, besides what the contract says of its endpoint. */
const ALWAYS = new Set([400, 404, 405, 406, 415])

export async function fuzzRest(
  url: string,
  { requests, seed, width = 8, timeoutMs = 20_000 }: FuzzOptions,
): Promise<FuzzReport> {
  const draw = new Draw(seed)
  const agent = new http.Agent({ keepAlive: true, maxSockets: width })
  const statuses = new Map<number, number>()
  const problems: string[] = []
  let left = requests
  const one = async (): Promise<void> => {
    while (left-- > 0) {
      const request = drawRequest(draw)
      const shown = `${request.method} ${request.path.slice(0, 200)} ${JSON.stringify(request.headers)} ${request.body?.toString('utf8', 0, 300) ?? ''}`
      try {
        const { status, text } = await send(url, request, agent, timeoutMs)
        statuses.set(status, (statuses.get(status) ?? 0) + 1)
        const problem = problemOf(request, status, text)
        if (problem !== '') problems.push(`${problem}: ${shown} → ${status} ${text.slice(0, 300)}`)
      } catch (error) {
        problems.push(`no answer (${String(error)}): ${shown}`)
      }
    }
  }
  await Promise.all(Array.from({ length: width }, one))
  agent.destroy()
  return { requests, statuses, problems }
}

function problemOf(request: FuzzRequest, status: number, text: string): string {
  const { endpoint, method } = request
  if (method === 'OPTIONS') return status === 200 || status === 404 || status === 400 ? '' : 'not an answer to OPTIONS'
  if (method === 'HEAD') return status < 500 && text === '' ? '' : 'not an answer to HEAD'
  let body: unknown
  try {
    body = text === '' ? undefined : JSON.parse(text)
  } catch {
    return endpoint.answers[status]?.[1] === 'text' ? '' : 'no JSON'
  }
  if (status >= 400) {
    const { error_code, message } = (body ?? {}) as { readonly error_code?: unknown; readonly message?: unknown }
    const isProbe = endpoint.isOurs === true || endpoint.operation === 'health'
    if (!isProbe && (error_code !== status || typeof message !== 'string')) return 'not an error as Connect has it'
    // With a spoilt path it may be another endpoint that has no use for the body.
    const mayBeUnreadable = request.isBodySpoilt || request.isPathSpoilt
    // A connector may refuse offsets, which Connect answers so; the contract says where.
    const isRefusal = endpoint.answers[500]?.[1] === 'Error' && !OWN_FAULT.test(String(message))
    if (status === 500 && isRefusal) return ''
    if (status === 500)
      return mayBeUnreadable && UNREADABLE.test(String(message)) ? '' : 'a 5xx that Connect does not give'
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

/** Drawn more often, so that there is something to ask for. */
const CREATES = ENDPOINTS.filter(({ operation }) => operation === 'createConnector')

function drawRequest(draw: Draw): FuzzRequest {
  const endpoint = draw.of(draw.chance(0.15) ? CREATES : ENDPOINTS)
  const isOther = draw.chance(0.08)
  const method = isOther
    ? draw.of(['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE', 'PROPFIND'])
    : endpoint.method
  const isAsItShould = allowed([endpoint.method]).includes(method) && method === endpoint.method
  const { path, isSpoilt } = drawPath(draw, endpoint)
  const wanted = endpoint.body === undefined ? undefined : drawBody(draw, SHAPES[endpoint.body])
  const spoilt = draw.chance(0.35) ? spoil(draw, wanted) : null
  const body = spoilt ?? (wanted === undefined ? null : Buffer.from(JSON.stringify(wanted)))
  const type = draw.chance(0.9)
    ? 'application/json'
    : draw.of(['text/plain', '', 'application/json; charset=utf-8', 'APPLICATION/JSON', ';;'])
  const accept = draw.chance(0.95)
    ? '*/*'
    : draw.of(['text/html', 'application/json', 'application/*;q=0.1', '', 'x', 'application/json;q=0'])
  return {
    endpoint,
    method,
    path: path + drawQuery(draw, endpoint),
    headers: {
      accept,
      ...(body !== null && type !== '' && { 'content-type': type }),
      ...(endpoint.isInternal === true &&
        draw.chance(0.7) && {
          'x-connect-authorization': draw.of(['AAAA', '', '!!', 'x'.repeat(99)]),
          'x-connect-request-signature-algorithm': draw.of(['HmacSHA256', 'HmacMD5', '__proto__']),
        }),
    },
    body,
    isBodySpoilt: spoilt !== null,
    isPathSpoilt: isSpoilt || !isAsItShould,
  }
}

function drawPath(draw: Draw, endpoint: Endpoint): { readonly path: string; readonly isSpoilt: boolean } {
  let isSpoilt = false
  const path = endpoint.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    if (name === 'task') return draw.of(['0', '1', '7', '-1', '+2', 'abc', '99999999999', '1.5', '%30'])
    const value = draw.chance(0.5) ? draw.of(['a', 'b', 'c', 'root', 'FileStreamSource']) : draw.of(NASTY_NAMES)
    isSpoilt ||= value === ''
    if (!draw.chance(0.03)) return encodeURIComponent(value)
    isSpoilt = true
    return draw.of(['%zz', '%E0%A4', '%', 'a%', '//', '?', '%C3%28'])
  })
  return draw.chance(0.05)
    ? { path: `${path}${draw.of(['/', '//', '/x', '%20'])}`, isSpoilt: true }
    : { path, isSpoilt }
}

function drawQuery(draw: Draw, endpoint: Endpoint): string {
  const parameters = Object.entries(endpoint.query ?? {}).flatMap(([name, { type }]) =>
    draw.chance(0.5)
      ? [
          `${name}=${encodeURIComponent(type === 'boolean' ? draw.of(['true', 'false', '', 'x', 'TRUE']) : draw.of(['status', 'info', 'cluster', 'worker', '[1.0,)', ...NASTY_NAMES]))}`,
        ]
      : [],
  )
  if (draw.chance(0.05)) parameters.push(draw.of(['&&&', '%zz=%', 'expand', '=x', 'a=b=c']))
  return parameters.length === 0 ? '' : `?${parameters.join('&')}`
}

function drawBody(draw: Draw, schema: JsonSchema): unknown {
  if (schema.$ref !== undefined) return drawBody(draw, SHAPES[schema.$ref.split('/').at(-1) as ShapeName])
  if (schema.enum !== undefined) return draw.of(schema.enum)
  const type = typeof schema.type === 'string' ? schema.type : draw.of(schema.type ?? ['string'])
  if (type === 'null') return null
  if (type === 'boolean') return draw.chance(0.5)
  if (type === 'number') return draw.of([0, -1, 1.5, 1e300, 2 ** 53, 12])
  if (type === 'integer') return draw.of([0, 1, -1, 2 ** 40])
  if (type === 'string') return draw.of([...NASTY_NAMES, 'DEBUG'])
  if (type === 'array') return Array.from({ length: draw.of([0, 1, 2, 5]) }, () => drawBody(draw, schema.items ?? {}))
  const own = Object.entries(schema.properties ?? {}).filter(
    ([name]) => schema.required?.includes(name) === true || draw.chance(0.5),
  )
  const others = schema.additionalProperties
  const more =
    typeof others === 'object' || (others !== false && schema.properties === undefined) ? draw.of([0, 1, 3]) : 0
  const extra = Array.from(
    { length: more },
    () =>
      [
        draw.of(['connector.class', 'tasks.max', 'name', 'topic', ...NASTY_NAMES]),
        drawBody(draw, typeof others === 'object' ? others : { type: 'string' }),
      ] as const,
  )
  const plugin = more > 0 && draw.chance(0.8) ? Object.entries(WORKING) : []
  return Object.fromEntries([
    ...own.map(([name, member]) => [name, drawBody(draw, member)] as const),
    ...extra,
    ...plugin,
  ])
}

/** A body that is not what is asked for, or no JSON at all. */
function spoil(draw: Draw, wanted: unknown): Buffer {
  const text = JSON.stringify(wanted ?? { x: 1 })
  return draw.of<() => Buffer>([
    () => Buffer.from(text.slice(0, Math.floor(draw.next() * text.length))),
    () => Buffer.from(`${text.slice(0, 3)}${draw.of(['}', ']', ',', ':', '"', '\\', 'x', '\u0001'])}${text.slice(3)}`),
    () =>
      Buffer.from(
        draw.of([
          '',
          'null',
          '[]',
          '{}',
          '5',
          '-',
          '"x"',
          'true',
          '[[[[',
          '{"a":',
          '{"a":1,}',
          '01',
          '1e',
          '"\\u12"',
          '{"name":{}}',
          '[null]',
          '{"offsets":[null]}',
          '{"offsets":{}}',
          '{"config":null,"name":[]}',
        ]),
      ),
    () => Buffer.from('['.repeat(draw.of([10, 999, 1_001, 20_000]))),
    () => Buffer.from(`{"x":${'{"x":'.repeat(1_500)}`),
    () => Buffer.from(`{"n": ${'9'.repeat(draw.of([20, 400, 1_001]))}}`),
    () => Buffer.from(Array.from({ length: 40 }, () => Math.floor(draw.next() * 256))),
    () => Buffer.from(JSON.stringify({ ...(typeof wanted === 'object' ? wanted : {}), surplus: [1, { a: null }] })),
    () => Buffer.from(JSON.stringify([wanted])),
    () => Buffer.from(JSON.stringify({ name: 'big', config: { x: 'y'.repeat(200_000) } })),
  ])()
}

async function send(
  base: string,
  request: FuzzRequest,
  agent: http.Agent,
  timeoutMs: number,
): Promise<{ readonly status: number; readonly text: string }> {
  const { hostname, port } = new URL(base)
  const { method, path, body } = request
  const headers = { ...request.headers, ...(body !== null && { 'content-length': body.length }) }
  return new Promise((resolve, reject) => {
    const sent = http.request({ hostname, port, method, path, headers, agent, timeout: timeoutMs }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() }))
      response.on('error', reject)
    })
    sent.on('timeout', () => sent.destroy(new Error('a hang')))
    sent.on('error', reject).end(body ?? undefined)
  })
}

/** Mulberry32: the same seed draws the same requests. */
class Draw {
  #state: number

  constructor(seed: number) {
    this.#state = seed
  }

  next(): number {
    this.#state = (this.#state + 0x6d_2b_79_f5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }

  chance(probability: number): boolean {
    return this.next() < probability
  }

  of<T>(items: readonly T[]): T {
    return items[Math.floor(this.next() * items.length)] as T
  }
}
