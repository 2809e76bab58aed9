/**
 * Plays a captured conversation with Kafka Connect's REST API again, in its order, and compares what is answered: status, the headers that
 * were captured (and that no others of them are there), and the body.
 */
import { readFileSync } from 'node:fs'
import http from 'node:http'
import path from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'

export interface RestCase {
  readonly id: string
  readonly method: string
  readonly path: string
  readonly note?: string
  readonly request_headers?: Readonly<Record<string, string>>
  readonly request_body?: string
  readonly status: number
  readonly response_headers: Readonly<Record<string, string>>
  readonly response_body?: unknown
  readonly response_text?: string
}

/** An answer that is another one on purpose. */
export interface Difference {
  readonly status: number
  /** How the message or body begins. */
  readonly begins: string
}

export interface TranscriptOptions {
  /** Stands for `<DIR>`. */
  readonly directory: string
  /** Stands for `<WORKER>` in statuses. */
  readonly workerId: string
  readonly differences: ReadonlyMap<string, Difference>
  /** Requests to make before the case of that id: what the captured file left out although later cases build on it. */
  readonly before?: (id: string) => readonly Omit<RestCase, 'status' | 'response_headers'>[]
  /**
   * How long a GET may take to answer as captured, and connectors may take to become quiet before something else is asked: much happens
   * behind an answer, and the capture waited for it. Default 0.
   */
  readonly patienceMs?: number
  /** Where a case is to be asked instead; null: it is left out. Default: all of the one URL. */
  readonly urlFor?: (restCase: RestCase) => string | null
}

export interface CaseReport {
  readonly id: string
  /** `shape`: what belongs to the JVM was compared in shape. `on purpose`: as the list of differences says. */
  readonly outcome: 'same' | 'shape' | 'on purpose' | 'left out' | 'wrong'
  /** Why in shape, or what is wrong. */
  readonly detail: string
}

/** Of the folder that `<DIR>` stood for: columns in messages count it. */
const CAPTURED_FOLDER_LENGTH = 22
const QUIET_MS = 300

interface Received {
  readonly status: number
  readonly headers: http.IncomingHttpHeaders
  readonly text: string
}

/** The cases of `connect/rest.json` in the folder of vectors. */
export function readRestCases(): readonly RestCase[] {
  const folder = process.env['VECTORS'] ?? path.join(import.meta.dirname, '../../../e2e/vectors')
  const file = JSON.parse(readFileSync(path.join(folder, 'connect/rest.json'), 'utf8')) as {
    readonly cases: RestCase[]
  }
  return file.cases
}

/** The rows `| rest-… | status | message | why |` of the compatibility page. */
export function readDifferences(): ReadonlyMap<string, Difference> {
  const page = path.join(import.meta.dirname, '../../../../docs/reference/connect-compatibility.md')
  const rows = readFileSync(page, 'utf8').matchAll(/^\| (rest-\d+) +\| (\d+) +\| (.*?) +\| .+\|$/gm)
  return new Map(
    [...rows].map(([, id = '', status, begins = '']) => [
      id,
      { status: Number(status), begins: begins === 'no body' ? '' : begins.replaceAll('`', '') },
    ]),
  )
}

export async function runRestTranscript(
  baseUrl: string,
  cases: readonly RestCase[],
  options: TranscriptOptions,
): Promise<readonly CaseReport[]> {
  const given = new Set(cases.map(({ id }) => id))
  const reports: CaseReport[] = []
  for (const [i, restCase] of cases.entries()) {
    for (const left of options.before?.(restCase.id) ?? []) if (!given.has(left.id)) await send(baseUrl, left, options)
    const url = options.urlFor === undefined ? baseUrl : options.urlFor(restCase)
    reports.push(
      url === null
        ? { id: restCase.id, outcome: 'left out', detail: '' }
        : await runCase(url, restCase, options, wasJustMade(cases, i)),
    )
  }
  return reports
}

/** What such a connector has used by now is a matter of milliseconds. */
function wasJustMade(cases: readonly RestCase[], i: number): boolean {
  const [, name] = /^\/connectors\/([^/]+)\/topics$/.exec(cases[i]!.path) ?? []
  const made = `{"name": "${name}"`
  return cases.slice(Math.max(0, i - 3), i).some((one) => one.method === 'POST' && one.request_body?.startsWith(made))
}

async function runCase(
  url: string,
  restCase: RestCase,
  options: TranscriptOptions,
  isOfTheMoment: boolean,
): Promise<CaseReport> {
  const until = Date.now() + (options.patienceMs ?? 0)
  if (restCase.method !== 'GET') await untilQuiet(url, until, options)
  for (;;) {
    const report = judge(restCase, await send(url, restCase, options), options, url, isOfTheMoment)
    if (report.outcome !== 'wrong' || restCase.method !== 'GET' || Date.now() >= until) return report
    await wait(50)
  }
}

/** What was asked for before may not have begun yet: quiet is what stays so. */
async function untilQuiet(url: string, until: number, options: TranscriptOptions): Promise<void> {
  for (let quietSince = Date.now(); Date.now() < until && Date.now() - quietSince < QUIET_MS; await wait(50))
    if (!(await isQuiet(url, options))) quietSince = Date.now()
}

/** Whether each connector is where it is to be, with all of its tasks. */
async function isQuiet(url: string, options: TranscriptOptions): Promise<boolean> {
  const { text } = await send(url, { method: 'GET', path: '/connectors?expand=status&expand=info' }, options)
  const all = JSON.parse(text) as Readonly<Record<string, KnownConnector>>
  return Object.values(all).every(({ status, info }) => {
    if (status === undefined) return false
    const states = [status.connector, ...status.tasks].map(({ state }) => state)
    const isMoving = states.some((state) => state === 'UNASSIGNED' || state === 'RESTARTING')
    // A connector that was made paused has no tasks yet; one that failed makes none.
    return (
      !isMoving &&
      (status.connector.state !== 'RUNNING' || (info?.tasks.length === status.tasks.length && info.tasks.length > 0))
    )
  })
}

interface KnownConnector {
  readonly status?: {
    readonly connector: { readonly state: string }
    readonly tasks: readonly { readonly state: string }[]
  }
  readonly info?: { readonly tasks: readonly unknown[] }
}

function judge(
  restCase: RestCase,
  received: Received,
  options: TranscriptOptions,
  url: string,
  isOfTheMoment: boolean,
): CaseReport {
  const { id } = restCase
  const difference = options.differences.get(id) ?? familyOf(restCase)
  if (difference !== undefined) {
    const isAsListed = received.status === difference.status && bodyText(received.text).startsWith(difference.begins)
    return isAsListed
      ? { id, outcome: 'on purpose', detail: '' }
      : wrong(id, `not as the list says: ${received.status} ${received.text}`)
  }
  const inShape = isOfTheMoment ? 'topics of a connector that has just been made' : shapeReason(restCase)
  const problem =
    (received.status === restCase.status
      ? ''
      : `status ${received.status}, not ${restCase.status}: ${received.text.slice(0, 300)}`) ||
    headerProblem(restCase, received, options, url) ||
    bodyProblem(restCase, received, options, url, inShape !== '')
  if (problem !== '') return wrong(id, problem)
  return inShape === '' ? { id, outcome: 'same', detail: '' } : { id, outcome: 'shape', detail: inShape }
}

/** Failures inside of Connect that are bad requests to us, whichever case shows them; the compatibility page tells of them. */
function familyOf({ status, response_body }: RestCase): Difference | undefined {
  const { message = '' } = (response_body ?? {}) as { readonly message?: string }
  if (status !== 500) return undefined
  if (message.startsWith('Cannot invoke "')) return { status: 400, begins: 'The request says nothing: ' }
  const [, inside] =
    /^org\.apache\.kafka\.connect\.runtime\.rest\.errors\.BadRequestException: (.*)$/s.exec(message) ?? []
  return inside === undefined ? undefined : { status: 400, begins: inside }
}

/** '' for cases that are compared in full. */
export function shapeReason({ method, path: at, status, response_body }: RestCase): string {
  if (status >= 300) return ''
  if (/^\/(\?|$)/.test(at) && method === 'GET') return 'versions'
  if (/^\/admin\/loggers\/?(\?|$)/.test(at) && method === 'GET') return 'names of Java loggers'
  if (at.startsWith('/admin/loggers/') && Array.isArray(response_body)) return 'names of Java loggers'
  if (/^\/connector-plugins\/?(\?|$)/.test(at) && method === 'GET') return 'plugins on the class path of that JVM'
  // Ours has a group of its own; entry by entry they are compared in validation.vectors.test.ts.
  if (at.endsWith('/config/validate')) return 'settings of connectors'
  if (/^\/connector-plugins\/[^/]+\/config\/?(\?|$)/.test(at) && method === 'GET')
    return 'settings of plugins of that JVM'
  return ''
}

function wrong(id: string, detail: string): CaseReport {
  return { id, outcome: 'wrong', detail }
}

function headerProblem(restCase: RestCase, { headers }: Received, options: TranscriptOptions, url: string): string {
  const captured = [
    'content-type',
    'location',
    'allow',
    ...Object.keys(headers).filter((name) => name.startsWith('access-control-')),
  ]
  for (const name of captured) {
    const expected = restCase.response_headers[name]
    const actual = headers[name]
    if (
      expected === undefined
        ? actual !== undefined
        : typeof actual !== 'string' || !pattern(expected, options, url, false).test(actual)
    )
      return `header ${name}: ${String(actual)}, not ${String(expected)}`
  }
  return headers.date === undefined ? 'no Date' : ''
}

function bodyProblem(
  restCase: RestCase,
  { text }: Received,
  options: TranscriptOptions,
  url: string,
  isShapeEnough: boolean,
): string {
  if (!('response_body' in restCase)) {
    const expected = restCase.response_text ?? ''
    return pattern(expected, options, url, false).test(text) ? '' : `body ${text}, not ${expected}`
  }
  let actual: unknown
  try {
    actual = JSON.parse(text)
  } catch {
    return `no JSON: ${text}`
  }
  if (isShapeEnough) return isOfShape(restCase.response_body, actual) ? '' : `another shape: ${text.slice(0, 300)}`
  const isMoved =
    restCase.request_body?.includes('<DIR>') === true && options.directory.length !== CAPTURED_FOLDER_LENGTH
  return difference(restCase.response_body, actual, '', (expected) => pattern(expected, options, url, isMoved))
}

/** Where two JSON values differ; '' if they do not. Members have no order, nor have the tasks of a plan. */
function difference(expected: unknown, actual: unknown, at: string, patternOf: (text: string) => RegExp): string {
  if (expected === '<MS>') return typeof actual === 'number' ? '' : `${at}: no number`
  // Of a plugin: ours is another one, or the same in another version.
  if (at.endsWith('.version')) return actual === null || typeof actual === 'string' ? '' : `${at}: no version`
  // A trace is Java's own words.
  if (at.endsWith('.trace')) return typeof actual === 'string' && actual !== '' ? '' : `${at}: no trace`
  if (typeof expected === 'string')
    return typeof actual === 'string' && patternOf(expected).test(actual)
      ? ''
      : `${at}: ${JSON.stringify(actual)}, not ${JSON.stringify(expected)}`
  if (Array.isArray(expected)) {
    if (!Array.isArray(actual) || actual.length !== expected.length)
      return `${at}: ${JSON.stringify(actual)}, not ${JSON.stringify(expected)}`
    const [left, right] = at.endsWith('.tasks') ? [byText(expected), byText(actual)] : [expected, actual as unknown[]]
    return first(left.map((item, index) => difference(item, right[index], `${at}[${index}]`, patternOf)))
  }
  if (typeof expected !== 'object' || expected === null || typeof actual !== 'object' || actual === null)
    return expected === actual ? '' : `${at}: ${JSON.stringify(actual)}, not ${JSON.stringify(expected)}`
  const [left, right] = [expected as Record<string, unknown>, actual as Record<string, unknown>]
  const names = new Set([...Object.keys(left), ...Object.keys(right)])
  return first(
    [...names].map((name) => {
      if (!Object.hasOwn(right, name)) return `${at}.${name}: missing`
      return Object.hasOwn(left, name)
        ? difference(left[name], right[name], `${at}.${name}`, patternOf)
        : `${at}.${name}: too much`
    }),
  )
}

/** Objects with the same members, or with members alike where the names are data; lists of things alike. */
function isOfShape(expected: unknown, actual: unknown): boolean {
  if (Array.isArray(expected)) {
    const [sample] = expected as unknown[]
    return (
      Array.isArray(actual) && (sample === undefined || (actual as unknown[]).every((item) => isOfShape(sample, item)))
    )
  }
  if (typeof expected !== 'object' || expected === null)
    return actual === null || expected === null || typeof actual === typeof expected
  if (typeof actual !== 'object' || actual === null || Array.isArray(actual)) return false
  const [left, right] = [Object.values(expected), Object.values(actual)]
  const isByName = Object.keys(expected).every((name) => name in actual)
  const names = Object.keys(expected)
  if (isByName)
    return names.every((name) =>
      isOfShape((expected as Record<string, unknown>)[name], (actual as Record<string, unknown>)[name]),
    )
  return right.every((value) => isOfShape(left[0], value))
}

function first(problems: readonly string[]): string {
  return problems.find((problem) => problem !== '') ?? ''
}

function byText(items: readonly unknown[]): unknown[] {
  return items.toSorted((a, b) => (JSON.stringify(a, sorted) < JSON.stringify(b, sorted) ? -1 : 1))
}

function sorted(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

/** @param isMoved columns count a folder whose name was longer or shorter */
function pattern(expected: string, { directory, workerId }: TranscriptOptions, url: string, isMoved: boolean): RegExp {
  const stands: Readonly<Record<string, string>> = {
    '<WORKER>': `(?:${literal(new URL(url).host)}|${literal(workerId)})`,
    '<DIR>': literal(directory),
    '<CLUSTER_ID>': '.+',
    '<MS>': String.raw`\d+`,
    '<INSTANT>': String.raw`\d{4}-\d\d-\d\dT[\d:.]+Z`,
    '<TRACE>': '.*',
    '<DATE>': '.+',
  }
  const parts = expected.split(/(<(?:WORKER|DIR|CLUSTER_ID|MS|INSTANT|TRACE|DATE)>)/)
  const source = parts.map((part) => stands[part] ?? literal(part)).join('')
  return new RegExp(`^${isMoved ? source.replaceAll(/column: \d+/g, String.raw`column: \d+`) : source}$`, 's')
}

function literal(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
}

function bodyText(text: string): string {
  try {
    const { message } = JSON.parse(text) as { readonly message?: unknown }
    return typeof message === 'string' ? message : text
  } catch {
    return text
  }
}

async function send(
  base: string,
  {
    method,
    path: at,
    request_headers = {},
    request_body,
  }: Pick<RestCase, 'method' | 'path' | 'request_headers' | 'request_body'>,
  { directory }: TranscriptOptions,
): Promise<Received> {
  const body = request_body?.replaceAll('<DIR>', directory)
  const { hostname, port } = new URL(base)
  return new Promise((resolve, reject) => {
    const headers = { ...request_headers, ...(body !== undefined && { 'Content-Length': Buffer.byteLength(body) }) }
    const request = http.request(
      { hostname, port, method, path: at, headers, agent: false, timeout: 100_000 },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            text: Buffer.concat(chunks).toString(),
          }),
        )
      },
    )
    request.on('timeout', () => request.destroy(new Error(`${method} ${at} was not answered`)))
    request.on('error', reject).end(body)
  })
}
