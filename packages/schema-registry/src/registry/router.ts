import { SluiceError, describeError } from '@sluice/sdk'
import type { RestAnswer, RestRequest } from '../rest.ts'
import { RegistryRefusal, refusals } from './refusal.ts'
import type { Registry } from './registry.ts'
import { AskedFor } from './requests.ts'
import { type Handler, ROUTES } from './routes.ts'
import { DEFAULT_CONTEXT } from './subjects.ts'

interface Route {
  readonly method: string
  readonly segments: readonly string[]
  readonly handler: Handler
}

const routes: readonly Route[] = Object.entries(ROUTES).map(([name, handler]) => {
  const [method = '', path = ''] = name.split(' ')
  return { method, segments: segmentsOf(path), handler }
})

/** Answers one request. Never rejects: what goes wrong is an answer, too. */
export async function answer(registry: Registry, { method, path, body }: RestRequest): Promise<RestAnswer> {
  try {
    const url = new URL(path, 'http://registry')
    const { context, segments } = withoutContext(segmentsOf(url.pathname).map(decoded))
    const { handler, names } = routeFor(method, segments)
    return { status: 200, body: await handler(registry, new AskedFor(names, url.searchParams, body, context)) }
  } catch (error) {
    const refusal = error instanceof RegistryRefusal ? error : unexpected(error)
    return { status: refusal.status, body: { error_code: refusal.errorCode, message: refusal.message } }
  }
}

function unexpected(error: unknown): RegistryRefusal {
  return error instanceof SluiceError
    ? refusals.storeFailed(describeError(error))
    : new RegistryRefusal(500, `Internal Server Error: ${describeError(error)}`)
}

function routeFor(
  method: string,
  segments: readonly string[],
): { handler: Handler; names: Readonly<Record<string, string>> } {
  const fitting = routes.filter((route) => fits(route.segments, segments))
  const found = fitting.find((route) => route.method === method)
  if (found === undefined) throw fitting.length > 0 ? refusals.noSuchMethod() : refusals.noSuchPath()
  const names = found.segments.flatMap((segment, i) =>
    segment.startsWith('{') ? [[segment.slice(1, -1), segments[i]!] as const] : [],
  )
  return { handler: found.handler, names: Object.fromEntries(names) }
}

function fits(pattern: readonly string[], segments: readonly string[]): boolean {
  return (
    pattern.length === segments.length &&
    pattern.every((segment, i) => segment.startsWith('{') || segment === segments[i])
  )
}

/** `/contexts/.lab/subjects` is `/subjects` within the context `.lab`. */
function withoutContext(segments: readonly string[]): { context: string; segments: readonly string[] } {
  const [first, context = '', ...rest] = segments
  if (first !== 'contexts' || rest.length === 0) return { context: DEFAULT_CONTEXT, segments }
  return { context: context.replaceAll(':', ''), segments: rest }
}

function segmentsOf(path: string): readonly string[] {
  return path.split('/').filter((segment) => segment !== '')
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    throw refusals.noSuchPath()
  }
}
