/** Requests as the contract allows them, and as it does not: drawn from the table of endpoints and its shapes, then some are spoilt. */
import type { SeededRandom } from '@sluice/sdk/testing'
import { allowed, type Endpoint } from '../rest/contract.ts'
import { ENDPOINTS } from '../rest/endpoints.ts'
import { SHAPES, type JsonSchema, type ShapeName } from '../rest/shapes.ts'

export interface FuzzRequest {
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

type Working = Readonly<Record<string, string>>

/** Settings that a worker with the file connectors takes. */
const CONNECTOR: Working = { 'connector.class': 'FileStreamSource', file: '/nowhere', topic: 'fuzz', 'tasks.max': '1' }

/** … and one with the processor for CSV files. */
const PROCESSOR: Working = {
  'processor.class': 'csv-rows',
  'input.topic': 'fuzz',
  'output.topic': 'fuzz.rows',
  'quarantine.topic': 'fuzz.quarantine',
  headings: '["a"]',
}

/** Drawn more often, so that there is something to ask for. */
const CREATES = ENDPOINTS.filter(({ operation }) => operation === 'createConnector' || operation === 'createProcessor')

/** One request, right or spoilt. */
export function drawRequest(draw: SeededRandom): FuzzRequest {
  const endpoint = draw.pick(draw.chance(0.15) ? CREATES : ENDPOINTS)
  const isOther = draw.chance(0.08)
  const method = isOther
    ? draw.pick(['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE', 'PROPFIND'])
    : endpoint.method
  const isAsItShould = allowed([endpoint.method]).includes(method) && method === endpoint.method
  const { path, isSpoilt } = drawPath(draw, endpoint)
  const working = endpoint.path.startsWith('/v1/processors') ? PROCESSOR : CONNECTOR
  const wanted = endpoint.body === undefined ? undefined : drawBody(draw, SHAPES[endpoint.body], working)
  const spoilt = draw.chance(0.35) ? spoil(draw, wanted) : null
  const body = spoilt ?? (wanted === undefined ? null : Buffer.from(JSON.stringify(wanted)))
  const type = draw.chance(0.9)
    ? 'application/json'
    : draw.pick(['text/plain', '', 'application/json; charset=utf-8', 'APPLICATION/JSON', ';;'])
  const accept = draw.chance(0.95)
    ? '*/*'
    : draw.pick(['text/html', 'application/json', 'application/*;q=0.1', '', 'x', 'application/json;q=0'])
  return {
    endpoint,
    method,
    path: path + drawQuery(draw, endpoint),
    headers: {
      accept,
      ...(body !== null && type !== '' && { 'content-type': type }),
      ...(endpoint.isInternal === true &&
        draw.chance(0.7) && {
          'x-connect-authorization': draw.pick(['AAAA', '', '!!', 'x'.repeat(99)]),
          'x-connect-request-signature-algorithm': draw.pick(['HmacSHA256', 'HmacMD5', '__proto__']),
        }),
    },
    body,
    isBodySpoilt: spoilt !== null,
    isPathSpoilt: isSpoilt || !isAsItShould,
  }
}

function drawPath(draw: SeededRandom, endpoint: Endpoint): { readonly path: string; readonly isSpoilt: boolean } {
  let isSpoilt = false
  const path = endpoint.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    if (name === 'task') return draw.pick(['0', '1', '7', '-1', '+2', 'abc', '99999999999', '1.5', '%30'])
    const value = draw.chance(0.5) ? draw.pick(['a', 'b', 'c', 'root', 'FileStreamSource']) : draw.pick(NASTY_NAMES)
    isSpoilt ||= value === ''
    if (!draw.chance(0.03)) return encodeURIComponent(value)
    isSpoilt = true
    return draw.pick(['%zz', '%E0%A4', '%', 'a%', '//', '?', '%C3%28'])
  })
  return draw.chance(0.05)
    ? { path: `${path}${draw.pick(['/', '//', '/x', '%20'])}`, isSpoilt: true }
    : { path, isSpoilt }
}

function drawQuery(draw: SeededRandom, endpoint: Endpoint): string {
  const parameters = Object.entries(endpoint.query ?? {}).flatMap(([name, { type }]) =>
    draw.chance(0.5)
      ? [
          `${name}=${encodeURIComponent(type === 'boolean' ? draw.pick(['true', 'false', '', 'x', 'TRUE']) : draw.pick(['status', 'info', 'cluster', 'worker', '[1.0,)', 'text', 'mermaid', '7', ...NASTY_NAMES]))}`,
        ]
      : [],
  )
  if (draw.chance(0.05)) parameters.push(draw.pick(['&&&', '%zz=%', 'expand', '=x', 'a=b=c']))
  return parameters.length === 0 ? '' : `?${parameters.join('&')}`
}

function drawBody(draw: SeededRandom, schema: JsonSchema, working: Working): unknown {
  if (schema.$ref !== undefined) return drawBody(draw, SHAPES[schema.$ref.split('/').at(-1) as ShapeName], working)
  if (schema.enum !== undefined) return draw.pick(schema.enum)
  const type = typeof schema.type === 'string' ? schema.type : draw.pick(schema.type ?? ['string'])
  if (type === 'null') return null
  if (type === 'boolean') return draw.chance(0.5)
  if (type === 'number') return draw.pick([0, -1, 1.5, 1e300, 2 ** 53, 12])
  if (type === 'integer') return draw.pick([0, 1, -1, 2 ** 40])
  if (type === 'string') return draw.pick([...NASTY_NAMES, 'DEBUG'])
  if (type === 'array')
    return Array.from({ length: draw.pick([0, 1, 2, 5]) }, () => drawBody(draw, schema.items ?? {}, working))
  const own = Object.entries(schema.properties ?? {}).filter(
    ([name]) => schema.required?.includes(name) === true || draw.chance(0.5),
  )
  const others = schema.additionalProperties
  const more =
    typeof others === 'object' || (others !== false && schema.properties === undefined) ? draw.pick([0, 1, 3]) : 0
  const extra = Array.from(
    { length: more },
    () =>
      [
        draw.pick(['connector.class', 'tasks.max', 'name', 'topic', ...NASTY_NAMES]),
        drawBody(draw, typeof others === 'object' ? others : { type: 'string' }, working),
      ] as const,
  )
  const plugin = more > 0 && draw.chance(0.8) ? Object.entries(working) : []
  // Names that nobody knows are refused of a processor: some have none.
  const isPlain = plugin.length > 0 && working === PROCESSOR && draw.chance(0.6)
  return Object.fromEntries([
    ...own.map(([name, member]) => [name, drawBody(draw, member, working)] as const),
    ...(isPlain ? [] : extra),
    ...plugin,
  ])
}

/** A body that is not what is asked for, or no JSON at all. */
function spoil(draw: SeededRandom, wanted: unknown): Buffer {
  const text = JSON.stringify(wanted ?? { x: 1 })
  return draw.pick<() => Buffer>([
    () => Buffer.from(text.slice(0, Math.floor(draw.next() * text.length))),
    () =>
      Buffer.from(`${text.slice(0, 3)}${draw.pick(['}', ']', ',', ':', '"', '\\', 'x', '\u0001'])}${text.slice(3)}`),
    () =>
      Buffer.from(
        draw.pick([
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
    () => Buffer.from('['.repeat(draw.pick([10, 999, 1_001, 20_000]))),
    () => Buffer.from(`{"x":${'{"x":'.repeat(1_500)}`),
    () => Buffer.from(`{"n": ${'9'.repeat(draw.pick([20, 400, 1_001]))}}`),
    () => Buffer.from(Array.from({ length: 40 }, () => Math.floor(draw.next() * 256))),
    () => Buffer.from(JSON.stringify({ ...(typeof wanted === 'object' ? wanted : {}), surplus: [1, { a: null }] })),
    () => Buffer.from(JSON.stringify([wanted])),
    () => Buffer.from(JSON.stringify({ name: 'big', config: { x: 'y'.repeat(200_000) } })),
  ])()
}
