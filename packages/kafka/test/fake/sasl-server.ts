/** A listener in the test's own process that speaks just enough to authenticate, as truthfully or falsely as the test says. */
import net from 'node:net'
import tls from 'node:tls'
import {
  type ScramCredential,
  type ScramMechanism,
  apiVersions,
  authMessage,
  decodeRequest,
  encodeResponse,
  isClientProof,
  parseClientFinal,
  parseClientFirst,
  serverFinal,
  serverFirst,
  serverSignature,
} from '@sluice/kafka-protocol'

/** Bytes, a refusal, or what no broker should do. */
export type SaslAnswer = string | { readonly error: string } | { readonly do: 'hang' | 'drop' | 'garbage' }

/** One conversation: answers what the client sends, message by message. */
export type Conversation = (bytes: Buffer) => SaslAnswer

export interface SaslServerOptions {
  readonly mechanisms?: readonly string[]
  /** Begun anew by each handshake. */
  readonly converse?: () => Conversation
  readonly lifetimeMs?: () => number
  /** `throttleTimeMs` of the next answer to Metadata. */
  readonly throttleMs?: () => number
  /** How long Metadata takes. */
  readonly workMs?: number
  readonly tls?: tls.TlsOptions
}

const SPOKEN = ['ApiVersions', 'SaslHandshake', 'SaslAuthenticate', 'Metadata'] as const
const UNSUPPORTED_SASL_MECHANISM = 33
const SASL_AUTHENTICATION_FAILED = 58

export class SaslServer {
  /** Every request, in the order of arrival: the api, a `:`, and the number of the connection. */
  readonly requests: string[] = []
  /** The names in the certificates that clients have shown. */
  readonly subjects: string[] = []
  readonly #options: SaslServerOptions
  readonly #server: net.Server
  readonly #sockets = new Set<net.Socket>()
  #connections = 0

  static async listen(options: SaslServerOptions): Promise<SaslServer> {
    const server = new SaslServer(options)
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve))
    return server
  }

  private constructor(options: SaslServerOptions) {
    this.#options = options
    const serve = (socket: net.Socket): void => this.#serve(socket)
    this.#server = options.tls === undefined ? net.createServer(serve) : tls.createServer(options.tls, serve)
    // Sockets that never get as far as TLS have to go as well.
    this.#server.on('connection', (socket) => this.#sockets.add(socket))
  }

  get port(): number {
    return (this.#server.address() as net.AddressInfo).port
  }

  count(api: string): number {
    return this.requests.filter((request) => request.startsWith(`${api}:`)).length
  }

  stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    return new Promise((resolve) => this.#server.close(() => resolve()))
  }

  #serve(socket: net.Socket): void {
    const connection = ++this.#connections
    let pending = Buffer.alloc(0)
    let line = Promise.resolve()
    let conversation: Conversation | undefined
    if (socket instanceof tls.TLSSocket) this.subjects.push(String(socket.getPeerCertificate().subject?.CN))
    this.#sockets.add(socket)
    socket.on('error', () => undefined)
    const handle = async (frame: Buffer): Promise<void> => {
      const request = decodeRequest(frame)
      this.requests.push(`${request.api}:${connection}`)
      if (request.api === 'SaslHandshake') conversation = this.#options.converse?.()
      const chunks = await this.#answer(request, conversation)
      if (chunks === 'drop') socket.destroy()
      else if (chunks !== 'hang') for (const one of chunks) socket.write(one)
    }
    socket.on('data', (chunk: Buffer) => {
      pending = Buffer.concat([pending, chunk])
      while (pending.length >= 4 && pending.length >= 4 + pending.readInt32BE(0)) {
        const frame = Buffer.from(pending.subarray(4, 4 + pending.readInt32BE(0)))
        pending = pending.subarray(4 + frame.length)
        line = line.then(() => handle(frame))
      }
    })
  }

  async #answer(
    request: ReturnType<typeof decodeRequest>,
    conversation: Conversation | undefined,
  ): Promise<Uint8Array[] | 'drop' | 'hang'> {
    const { mechanisms = ['PLAIN'], lifetimeMs = () => 0, throttleMs = () => 0, workMs = 0 } = this.#options
    const { version, correlationId } = request
    if (request.api === 'ApiVersions') {
      const apiKeys = SPOKEN.map((name) => {
        const { key, minVersion, stableVersion } = apiVersions(name)
        return { apiKey: key, minVersion, maxVersion: stableVersion }
      })
      return encodeResponse('ApiVersions', version, correlationId, { errorCode: 0, apiKeys })
    }
    if (request.api === 'SaslHandshake') {
      const errorCode = mechanisms.includes(request.body.mechanism) ? 0 : UNSUPPORTED_SASL_MECHANISM
      return encodeResponse('SaslHandshake', version, correlationId, { errorCode, mechanisms: [...mechanisms] })
    }
    if (request.api === 'SaslAuthenticate') {
      const answer = conversation?.(Buffer.from(request.body.authBytes)) ?? ''
      const isRefusal = typeof answer !== 'string'
      if (isRefusal && 'do' in answer) {
        return answer.do === 'garbage' ? [Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')] : answer.do
      }
      return encodeResponse('SaslAuthenticate', version, correlationId, {
        errorCode: isRefusal ? SASL_AUTHENTICATION_FAILED : 0,
        errorMessage: isRefusal ? answer.error : null,
        authBytes: Buffer.from(isRefusal ? '' : answer),
        sessionLifetimeMs: lifetimeMs(),
      })
    }
    await new Promise((resolve) => setTimeout(resolve, workMs))
    return encodeResponse('Metadata', version, correlationId, {
      throttleTimeMs: throttleMs(),
      brokers: [],
      clusterId: 'sasl',
      controllerId: 1,
      topics: [],
    })
  }
}

/** PLAIN as a broker does it. */
export function plainServer(user: string, password: string): () => Conversation {
  return () => (bytes) =>
    bytes.toString() === `\0${user}\0${password}`
      ? ''
      : { error: 'Authentication failed: Invalid username or password' }
}

/** What a false server changes about its part. */
export interface ScramLie {
  readonly nonce?: (truth: string) => string
  readonly iterations?: number
  readonly first?: (truth: string) => SaslAnswer
  readonly final?: (truth: string) => SaslAnswer
}

/** SCRAM as a broker does it, but for the lie. */
export function scramServer(
  mechanism: ScramMechanism,
  credential: ScramCredential,
  lie: ScramLie = {},
): () => Conversation {
  return () => {
    let bare = ''
    let nonce = ''
    let first = ''
    return (bytes) => {
      if (first === '') {
        const parsed = parseClientFirst(bytes.toString())
        bare = parsed.bare
        nonce = lie.nonce?.(`${parsed.nonce}server`) ?? `${parsed.nonce}server`
        first = serverFirst({ ...credential, nonce, iterations: lie.iterations ?? credential.iterations })
        return lie.first?.(first) ?? first
      }
      const final = parseClientFinal(bytes.toString())
      const signed = authMessage(bare, first, final.withoutProof)
      if (final.nonce !== nonce || !isClientProof(mechanism, credential, signed, final.proof)) {
        return { error: 'Authentication failed during authentication due to invalid credentials' }
      }
      const truth = serverFinal({ signature: serverSignature(mechanism, credential.serverKey, signed) })
      return lie.final?.(truth) ?? truth
    }
  }
}
