import {
  type ApiName,
  type RequestInput,
  type ResponseBody,
  decodeResponse,
  encodeRequest,
} from '@sluice/kafka-protocol'
import { once } from 'node:events'
import net from 'node:net'

const NO_ID = 'AAAAAAAAAAAAAAAAAAAAAA'
const ASK_EVERY_MS = 20

/** A client that behaves: one request at a time, and it measures how long each takes. */
export class HealthyClient {
  slowestMs = 0
  readonly #socket: net.Socket
  #received: Buffer = Buffer.alloc(0)
  #answer: ((frame: Buffer) => void) | undefined
  #lost: ((error: Error) => void) | undefined
  #turn: Promise<unknown> = Promise.resolve()
  #correlationId = 0

  static async open(port: number): Promise<HealthyClient> {
    const socket = net.connect({ port, host: '127.0.0.1', noDelay: true })
    await once(socket, 'connect')
    return new HealthyClient(socket)
  }

  private constructor(socket: net.Socket) {
    this.#socket = socket
    socket.on('error', () => {})
    socket.on('close', () => this.#lost?.(new Error('the connection of the healthy client was closed')))
    socket.on('data', (bytes: Buffer) => {
      this.#received = Buffer.concat([this.#received, bytes])
      if (this.#received.length < 4 || this.#received.length < 4 + this.#received.readInt32BE()) return
      const end = 4 + this.#received.readInt32BE()
      const frame = this.#received.subarray(4, end)
      this.#received = this.#received.subarray(end)
      this.#answer?.(frame)
    })
  }

  async offered(): Promise<ResponseBody<'ApiVersions'>['apiKeys']> {
    return (await this.#send('ApiVersions', 3, { clientSoftwareName: 'fuzz', clientSoftwareVersion: '1' })).apiKeys
  }

  async createTopic(name: string): Promise<{ name: string; id: string }> {
    const body = { topics: [{ topicId: NO_ID, name }], allowAutoTopicCreation: true }
    const { topics } = await this.#send('Metadata', 12, body)
    return { name, id: topics[0]!.topicId }
  }

  /** What requests happen to create is not growth that counts: it is deleted. */
  async deleteTopicsBut(kept: readonly string[]): Promise<void> {
    const { topics } = await this.#send('Metadata', 12, { topics: null })
    const others = topics.filter(({ name, isInternal }) => !isInternal && !kept.includes(name!))
    if (others.length === 0) return
    const body = { topics: others.map(({ name }) => ({ topicId: NO_ID, name })), timeoutMs: 1000 }
    await this.#send('DeleteTopics', 6, body)
  }

  async keepAsking(isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      const from = performance.now()
      await this.#send('FindCoordinator', 3, { key: 'healthy', keyType: 0 })
      this.slowestMs = Math.max(this.slowestMs, performance.now() - from)
      await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS))
    }
  }

  close(): void {
    this.#socket.destroy()
  }

  #send<N extends ApiName>(api: N, version: number, body: RequestInput<N>): Promise<ResponseBody<N>> {
    const sent = this.#turn.then(async () => {
      const header = { correlationId: this.#correlationId++, clientId: 'healthy' }
      for (const chunk of encodeRequest(api, version, header, body)) this.#socket.write(chunk)
      const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
      this.#answer = resolve
      this.#lost = reject
      return decodeResponse(api, version, await promise).body
    })
    this.#turn = sent.catch(() => {})
    return sent
  }
}
