import http from 'node:http'
import https from 'node:https'
import type { AddressInfo } from 'node:net'

export interface Heard {
  readonly method: string
  readonly path: string
  readonly headers: http.IncomingHttpHeaders
  readonly body: string
}

/** What a server answers: a status and a body (JSON unless it is text), nothing at all, or the end of the connection. */
export type Say =
  { readonly status: number; readonly body?: unknown; readonly headers?: http.OutgoingHttpHeaders } | 'mute' | 'hang up'

/** A server that says what it is told to. */
export class ScriptedServer {
  readonly heard: Heard[] = []
  /** Answers a request. */
  say: (heard: Heard) => Say = () => ({ status: 200, body: {} })
  readonly #server: http.Server | https.Server

  static async start(tls?: https.ServerOptions): Promise<ScriptedServer> {
    const server = new ScriptedServer(tls)
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve))
    return server
  }

  private constructor(tls: https.ServerOptions | undefined) {
    const listener: http.RequestListener = (request, response) => void this.#answer(request, response)
    this.#server = tls === undefined ? http.createServer(listener) : https.createServer(tls, listener)
  }

  get url(): string {
    const { port } = this.#server.address() as AddressInfo
    return `${this.#server instanceof https.Server ? 'https' : 'http'}://127.0.0.1:${port}`
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async #answer(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
    const { method = '', url = '', headers } = request
    const heard = { method, path: url, headers, body: Buffer.concat(chunks).toString() }
    this.heard.push(heard)
    const said = this.say(heard)
    if (said === 'mute') return
    if (said === 'hang up') {
      request.socket.destroy()
      return
    }
    const { status, body = '', headers: more = {} } = said
    response.writeHead(status, more)
    response.end(typeof body === 'string' ? body : JSON.stringify(body))
  }
}
