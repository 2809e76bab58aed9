import net from 'node:net'
import { once } from 'node:events'
import {
  type ApiName,
  type RequestInput,
  type ResponseBody,
  apiVersions,
  decodeResponse,
  encodeRequest,
} from '@sluice/kafka-protocol'

interface Waiting {
  readonly api: ApiName
  readonly version: number
  resolve(body: unknown): void
  reject(error: Error): void
}

/** A client that says exactly what it is told to, in any order and version, good or bad; answers are matched in order. */
export class RawClient {
  readonly socket: net.Socket
  /** Resolves when the connection is gone. */
  readonly closed: Promise<void>
  readonly #waiting: Waiting[] = []
  /** What is not a whole answer yet; put together when it is, because answers may be large. */
  #chunks: Buffer[] = []
  #bytes = 0
  #correlationId = 0

  static async open(port: number, host = '127.0.0.1'): Promise<RawClient> {
    const socket = net.connect({ port, host, noDelay: true })
    const client = new RawClient(socket)
    await once(socket, 'connect')
    return client
  }

  private constructor(socket: net.Socket) {
    this.socket = socket
    this.closed = new Promise((resolve) => {
      socket.on('close', () => {
        for (const waiting of this.#waiting.splice(0)) waiting.reject(new Error(`closed before ${waiting.api}`))
        resolve()
      })
    })
    socket.on('error', () => {})
    socket.on('data', (bytes: Buffer) => this.#take(bytes))
  }

  /** Sends a request; `clientId` is `raw` unless given. */
  send<N extends ApiName>(
    api: N,
    body: RequestInput<N>,
    version: number = apiVersions(api).stableVersion,
    clientId: string | null = 'raw',
  ): Promise<ResponseBody<N>> {
    const frame = encodeRequest(api, version, { correlationId: this.#correlationId++, clientId }, body)
    return new Promise((resolve, reject) => {
      this.#waiting.push({ api, version, resolve, reject })
      this.socket.cork()
      for (const chunk of frame) this.socket.write(chunk)
      this.socket.uncork()
    })
  }

  /** Sends bytes as they are. */
  write(bytes: Uint8Array): void {
    this.socket.write(bytes)
  }

  close(): void {
    this.socket.destroy()
  }

  #take(bytes: Buffer): void {
    this.#chunks.push(bytes)
    this.#bytes += bytes.length
    while (this.#bytes >= 4 && this.#bytes >= 4 + this.#announced()) {
      const received = Buffer.concat(this.#chunks)
      const frame = received.subarray(4, 4 + received.readInt32BE())
      const rest = received.subarray(4 + frame.length)
      this.#chunks = rest.length === 0 ? [] : [rest]
      this.#bytes = rest.length
      const waiting = this.#waiting.shift()
      if (waiting === undefined) continue
      try {
        waiting.resolve(decodeResponse(waiting.api, waiting.version, frame).body)
      } catch (error) {
        waiting.reject(error as Error)
      }
    }
  }

  /** Bytes of the answer that has begun. */
  #announced(): number {
    if (this.#chunks[0]!.length < 4) this.#chunks = [Buffer.concat(this.#chunks)]
    return this.#chunks[0]!.readInt32BE()
  }
}
