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
  #received: Buffer = Buffer.alloc(0)
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
    this.#received = this.#received.length === 0 ? bytes : Buffer.concat([this.#received, bytes])
    while (this.#received.length >= 4 && this.#received.length >= 4 + this.#received.readInt32BE()) {
      const frame = this.#received.subarray(4, 4 + this.#received.readInt32BE())
      this.#received = this.#received.subarray(4 + frame.length)
      const waiting = this.#waiting.shift()
      if (waiting === undefined) continue
      try {
        waiting.resolve(decodeResponse(waiting.api, waiting.version, frame).body)
      } catch (error) {
        waiting.reject(error as Error)
      }
    }
  }
}
