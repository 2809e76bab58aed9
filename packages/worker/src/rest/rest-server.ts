/** The REST server of a worker: listeners, who may ask, and the routes behind them. */
import type http from 'node:http'
import type https from 'node:https'
import type { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import { describeError, SluiceError, type Clock, type Logger, type RawSettings } from '@sluice/sdk'
import type { Herder } from '../herder/herder.ts'
import type { Measures } from '../operations/measures.ts'
import type { Processors } from '../processors/processors.ts'
import { json, plain, refusal, send } from './answers.ts'
import { BasicAuth, credentialsFile } from './basic-auth.ts'
import { CrossOrigin } from './cross-origin.ts'
import { handlersOf } from './handlers.ts'
import { advertisedUrl, parseListener, workerIdOf, type Listener } from './listeners.ts'
import { openApiDocument } from './openapi.ts'
import { addHeaders, parseHeaderRules, type HeaderRule } from './response-headers.ts'
import { RestFigures } from './rest-figures.ts'
import { isBasicAuth, restSettings, type RestSettings } from './rest-settings.ts'
import { pathOf, routesOf, type Routes } from './routes.ts'
import { sslSettingsOf, TlsFiles } from './tls-files.ts'
import { WorkerClient } from './worker-client.ts'

export interface RestServerParts {
  /** The worker's settings, as in its properties file. */
  readonly settings: RawSettings
  readonly logger: Logger
  readonly clock: Clock
  /** What `GET /` answers: `4.3.1+sluice.0.2.0`, and the commit it was made from. */
  readonly version: string
  readonly commit: string
  /** The text of `/metrics`. */
  metrics(): string | Promise<string>
  /** KAFKA_OPTS, which may name a JAAS file. */
  readonly kafkaOpts?: string | undefined
}

const KEEP_ALIVE_MS = 30_000
const HEADERS_MS = 30_000
const TLS_LOOK_MS = 5_000
/** How long requests may take to end once the server stops. */
const STOP_MS = 5_000

type Door = 'main' | 'admin'

interface Bound {
  readonly server: http.Server
  readonly listener: Listener
  readonly door: Door
  /** Null: plain HTTP. */
  readonly tls: { readonly files: TlsFiles; stamp: string } | null
}

/**
 * `listen` binds, so that this worker's URL is known to whoever makes the herder; `serve` answers from it. Until then every request is
 * told that the worker is starting.
 */
export class RestServer {
  readonly #parts: RestServerParts
  readonly #settings: RestSettings
  readonly #rules: readonly HeaderRule[]
  readonly #crossOrigin: CrossOrigin | null
  readonly #auth: BasicAuth | null
  readonly #figures: RestFigures
  readonly #stopped = new AbortController()
  #bound: readonly Bound[] = []
  #routes: Readonly<Record<Door, Routes>> | null = null

  /** @throws SluiceError SETTINGS_INVALID */
  constructor(parts: RestServerParts) {
    this.#parts = parts
    this.#settings = restSettings.parse(parts.settings)
    this.#figures = new RestFigures(parts.clock)
    this.#rules = parseHeaderRules(this.#settings['response.http.headers.config'])
    const origins = this.#settings['access.control.allow.origin'].trim()
    this.#crossOrigin = origins === '' ? null : new CrossOrigin(origins, this.#settings['access.control.allow.methods'])
    this.#auth = this.#settings['rest.extension.classes'].some(isBasicAuth)
      ? new BasicAuth(credentialsFile(this.#settings['rest.basic.auth.credentials.file'], parts.kafkaOpts))
      : null
  }

  /** Binds all listeners or none. @throws SluiceError SETTINGS_INVALID */
  async listen(): Promise<void> {
    const main = this.#settings.listeners.map((url) => this.#make(parseListener(url), 'main'))
    const admin = (this.#settings['admin.listeners'] ?? []).map((url) => this.#make(parseListener(url), 'admin'))
    const bound: Bound[] = []
    try {
      for (const one of [...main, ...admin]) bound.push(await bind(one))
    } catch (error) {
      for (const { server } of bound) server.close()
      throw error
    }
    this.#bound = bound
    if (bound.some(({ tls }) => tls !== null)) void this.#watchCertificates()
  }

  /** The listeners as they are bound, with the ports that were free. */
  urls(door: Door = 'main'): readonly string[] {
    return this.#bound
      .filter((one) => one.door === door)
      .map(({ listener: { scheme, host, port } }) => {
        const shown = host === '' ? '127.0.0.1' : host
        return `${scheme}://${shown.includes(':') ? `[${shown}]` : shown}:${port}`
      })
  }

  /** How other workers reach this one; ends with a slash. */
  get advertisedUrl(): string {
    return advertisedUrl(
      this.#settings,
      this.#bound.filter((one) => one.door === 'main').map((one) => one.listener),
    )
  }

  /** `host:port`, as statuses name this worker. */
  get workerId(): string {
    return workerIdOf(this.advertisedUrl)
  }

  /** For requests to other workers. */
  client(): WorkerClient {
    const files = new TlsFiles(sslSettingsOf(this.#parts.settings, 'listeners.https.'))
    return new WorkerClient(() => files.clientOptions(), this.#settings['rest.request.timeout.ms'])
  }

  measures(): Measures {
    return this.#figures.measures()
  }

  /** From now on requests are answered from this herder, and from these processors, if the worker has any. */
  serve(herder: Herder, processors: Pick<Processors, 'service' | 'complaint'> | null = null): void {
    const { clock, logger, version, commit } = this.#parts
    const document = openApiDocument(version)
    const handlers = handlersOf({
      herder,
      processors,
      clock,
      version,
      commit,
      healthTimeoutMs: this.#settings['rest.health.timeout.ms'],
      metrics: () => this.#parts.metrics(),
      openApi: () => document,
    })
    const parts = {
      herder,
      handlers,
      client: this.client(),
      clock,
      logger,
      requestTimeoutMs: this.#settings['rest.request.timeout.ms'],
      figures: this.#figures,
      limits: {
        bytesMax: this.#settings['rest.body.bytes.max'],
        timeoutMs: this.#settings['rest.body.timeout.ms'],
      },
    }
    const isAdminHere = this.#settings['admin.listeners'] === null
    this.#routes = {
      main: routesOf(parts, isAdminHere ? ['main', 'both', 'admin'] : ['main', 'both']),
      admin: routesOf(parts, ['admin', 'both']),
    }
  }

  /** Looks at once whether certificates have changed; otherwise that is done every few seconds. */
  reloadCertificates(): void {
    for (const { server, tls } of this.#bound) {
      if (tls === null) continue
      try {
        const stamp = tls.files.stamp()
        if (stamp === tls.stamp) continue
        ;(server as https.Server).setSecureContext(tls.files.serverOptions())
        tls.stamp = stamp
        this.#parts.logger.info('The certificates of REST have changed and are used from now on')
      } catch (error) {
        // Key and certificate may be two files of which only one is new yet: what was stays in force.
        this.#parts.logger.warn('The certificates of REST have changed but cannot be used', {
          error: describeError(error),
        })
      }
    }
  }

  /** Answers what is under way, up to a few seconds. Idempotent. */
  async stop(): Promise<void> {
    this.#stopped.abort()
    const closing = Promise.all(this.#bound.map(closed))
    const over = new AbortController()
    await Promise.race([closing, this.#parts.clock.sleep(STOP_MS, over.signal)])
    over.abort()
    for (const { server } of this.#bound) server.closeAllConnections()
    await closing
  }

  #make(listener: Listener, door: Door): Bound {
    const options: http.ServerOptions = {
      keepAliveTimeout: KEEP_ALIVE_MS,
      headersTimeout: HEADERS_MS,
      requestTimeout: HEADERS_MS + this.#settings['rest.body.timeout.ms'],
      connectionsCheckingInterval: 2_000,
    }
    const answer = (request: http.IncomingMessage, response: http.ServerResponse): void => {
      this.#answer(request, response, door)
    }
    if (listener.scheme === 'http')
      return {
        server: guarded(process.getBuiltinModule('node:http').createServer(options, answer)),
        listener,
        door,
        tls: null,
      }
    const prefix = door === 'main' ? 'listeners.https.' : 'admin.listeners.https.'
    const ssl = sslSettingsOf(this.#parts.settings, prefix)
    const files = new TlsFiles(ssl)
    const server = process.getBuiltinModule('node:https').createServer({ ...options, ...files.serverOptions() }, answer)
    if (ssl['ssl.client.auth'] === 'requested') server.on('secureConnection', refuseUntrusted)
    return { server: guarded(server), listener, door, tls: { files, stamp: files.stamp() } }
  }

  #answer(request: http.IncomingMessage, response: http.ServerResponse, door: Door): void {
    this.#figures.begun(request, response)
    if (this.#stopped.signal.aborted) response.setHeader('Connection', 'close')
    if (this.#rules.length > 0) addHeaders(response, this.#rules, this.#parts.clock.now())
    this.#crossOrigin?.addHeaders(request, response)
    const { method = '', url = '' } = request
    if (url === '*') return send(response, { status: 404, body: null, contentType: null })
    if (this.#auth?.isAllowed(method, pathOf(request), request.headers.authorization) === false) {
      const challenge = { 'WWW-Authenticate': 'Basic realm="Kafka Connect"' }
      return send(response, plain(401, 'User cannot access the resource.', 'text/plain', challenge))
    }
    if (this.#routes !== null) return this.#routes[door](request, response)
    send(
      response,
      pathOf(request) === '/health/live' ? json(200, { status: 'live' }) : refusal(503, 'Worker is still starting up.'),
    )
  }

  async #watchCertificates(): Promise<void> {
    const { signal } = this.#stopped
    while (!signal.aborted) {
      await this.#parts.clock.sleep(TLS_LOOK_MS, signal)
      if (!signal.aborted) this.reloadCertificates()
    }
  }
}

function closed({ server }: Bound): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeIdleConnections()
  })
}

async function bind(one: Bound): Promise<Bound> {
  const { server, listener } = one
  await new Promise<void>((resolve, reject) => {
    const refuse = (cause: Error): void => {
      reject(
        new SluiceError(
          'SETTINGS_INVALID',
          `REST cannot listen to ${listener.scheme}://${listener.host}:${listener.port}`,
          {
            cause,
            remedy: 'Free that port or name another one in listeners or admin.listeners.',
          },
        ),
      )
    }
    server.once('error', refuse)
    server.listen({ port: listener.port, ...(listener.host !== '' && { host: listener.host }) }, () => {
      server.off('error', refuse)
      resolve()
    })
  })
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : listener.port
  return { ...one, listener: { ...listener, port } }
}

/** What is no HTTP is told so, where Node would only hang up. */
function guarded<S extends http.Server>(server: S): S {
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    if (!socket.writable || error.code === 'ECONNRESET') return socket.destroy()
    const [status, reason] =
      error.code === 'HPE_HEADER_OVERFLOW'
        ? [431, 'Request Header Fields Too Large']
        : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
          ? [408, 'Request Timeout']
          : [400, 'Bad Request']
    const body = JSON.stringify({ error_code: status, message: `HTTP ${status} ${reason}` })
    const head = `HTTP/1.1 ${status} ${reason}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n`
    return socket.end(head + body)
  })
  return server
}

/** `ssl.client.auth=requested`: a certificate may be missing, but not be anybody's. */
function refuseUntrusted(socket: TLSSocket): void {
  if (!socket.authorized && Object.keys(socket.getPeerCertificate()).length > 0) socket.destroy()
}
