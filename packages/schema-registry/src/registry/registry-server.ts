import type http from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Kafka } from '@sluice/kafka'
import { SluiceError, silentLogger } from '@sluice/sdk'
import { CONTENT_TYPE, type RestAnswer, type RestRequest } from '../rest.ts'
import { RegistryRefusal, refusals } from './refusal.ts'
import { Registry } from './registry.ts'
import { answer } from './router.ts'
import { type TopicLogOptions, topicLog } from './topic-log.ts'

export interface RegistryServerOptions extends TopicLogOptions {
  readonly kafka: Kafka
  /** Default 127.0.0.1. It asks nobody who they are: do not let it be reached from elsewhere. */
  readonly host?: string
  /** Default 8081. 0: any free port. */
  readonly port?: number
}

/** More is no schema. */
const BODY_BYTES_MAX = 16_000_000
const METHODS: readonly string[] = ['GET', 'POST', 'PUT', 'DELETE']
/** Proxies forget connections that rest for a minute; a server that closes first makes their requests fail. */
const KEEP_ALIVE_MS = 65_000
const REQUEST_TIMEOUT_MS = 30_000

/** A schema registry that speaks Confluent's REST API and keeps everything in a compacted topic. */
export class RegistryServer {
  readonly #registry: Registry
  readonly #server: http.Server

  /**
   * Resolves when all that is in the topic has been read and requests are answered.
   * @throws SluiceError REGISTRY_UNREACHABLE when the port is taken; KAFKA_… when the topic cannot be read
   */
  static async start(options: RegistryServerOptions): Promise<RegistryServer> {
    const { kafka, host = '127.0.0.1', port = 8081, logger = silentLogger } = options
    const registry = await Registry.open(topicLog(kafka, options), ({ key }) =>
      logger.warn('A record of a kind that is not known here is left aside', { keytype: key.keytype }),
    )
    const server = process
      .getBuiltinModule('node:http')
      .createServer((request, response) => void respond(registry, request, response))
    server.keepAliveTimeout = KEEP_ALIVE_MS
    server.requestTimeout = REQUEST_TIMEOUT_MS
    try {
      await listening(server, host, port)
    } catch (error) {
      await registry.close()
      throw error
    }
    return new RegistryServer(registry, server)
  }

  private constructor(registry: Registry, server: http.Server) {
    this.#registry = registry
    this.#server = server
  }

  /** Where it is, as in `http://127.0.0.1:8081`. */
  get url(): string {
    const { address, port, family } = this.#server.address() as AddressInfo
    return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`
  }

  /** Answers what it was asked, then ends. The connection to Kafka stays with whoever opened it. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    this.#server.closeIdleConnections()
    await this.#registry.close()
    this.#server.closeAllConnections()
    await closed
  }
}

function listening(server: http.Server, host: string, port: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', (cause) =>
    reject(
      new SluiceError('REGISTRY_UNREACHABLE', `The schema registry cannot listen at ${host}:${port}`, {
        cause,
        remedy: 'Give another port, or end what listens there.',
      }),
    ),
  )
  server.listen(port, host, () => resolve())
  return promise
}

async function respond(
  registry: Registry,
  request: http.IncomingMessage,
  response: http.ServerResponse,
): Promise<void> {
  const { status, body } = await answered(registry, request)
  if (response.destroyed) return
  const bytes = Buffer.from(JSON.stringify(body) ?? '')
  response.writeHead(status, { 'content-type': CONTENT_TYPE, 'content-length': bytes.length })
  response.end(bytes)
}

async function answered(registry: Registry, request: http.IncomingMessage): Promise<RestAnswer> {
  try {
    const { method = '', url = '/' } = request
    if (!METHODS.includes(method)) throw refusals.noSuchMethod()
    const text = await bodyOf(request)
    const body = text === '' ? {} : { body: jsonOf(text) }
    return await answer(registry, { method: method as RestRequest['method'], path: url, ...body })
  } catch (error) {
    const refusal = error instanceof RegistryRefusal ? error : refusals.unreadableBody('The request cannot be read')
    return { status: refusal.status, body: { error_code: refusal.errorCode, message: refusal.message } }
  }
}

async function bodyOf(request: http.IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > BODY_BYTES_MAX) throw refusals.tooLarge(BODY_BYTES_MAX)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new RegistryRefusal(400, 'The body is no JSON')
  }
}
