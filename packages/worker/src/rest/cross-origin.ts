/** CORS as Jetty's CrossOriginFilter does it for Kafka Connect: pages of some origins may call this API. */
import type { IncomingMessage, ServerResponse } from 'node:http'

const DEFAULT_METHODS = ['GET', 'POST', 'HEAD']
const HEADERS = 'X-Requested-With,Content-Type,Accept,Origin'
const MAX_AGE_S = '1800'

export class CrossOrigin {
  readonly #isAllowed: (origin: string) => boolean
  readonly #isForAll: boolean
  readonly #methods: readonly string[]

  /** @param origins `access.control.allow.origin` @param methods `access.control.allow.methods` */
  constructor(origins: string, methods: string) {
    const patterns = splitList(origins)
    this.#isForAll = patterns.includes('*')
    const expressions = patterns.map((pattern) => new RegExp(`^${pattern.split('*').map(literal).join('.*')}$`))
    this.#isAllowed = (origin) => this.#isForAll || expressions.some((expression) => expression.test(origin))
    const given = splitList(methods)
    this.#methods = given.length === 0 ? DEFAULT_METHODS : given
  }

  /** Headers for a request with an Origin. A preflight is then answered as any other OPTIONS. */
  addHeaders(request: IncomingMessage, response: ServerResponse): void {
    const { origin } = request.headers
    if (!this.#isForAll) response.appendHeader('Vary', 'Origin')
    if (origin === undefined || !origin.split(' ').some(this.#isAllowed)) return
    const wanted = request.headers['access-control-request-method']
    if (request.method === 'OPTIONS' && wanted !== undefined) {
      if (!this.#methods.includes(wanted)) return
      response.setHeader('Access-Control-Max-Age', MAX_AGE_S)
      response.setHeader('Access-Control-Allow-Methods', this.#methods.join(','))
      response.setHeader('Access-Control-Allow-Headers', HEADERS)
    }
    response.setHeader('Access-Control-Allow-Origin', origin)
    response.setHeader('Access-Control-Allow-Credentials', 'true')
  }
}

function splitList(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
}

function literal(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
}
