import net from 'node:net'
import type { Reply } from '../api/dispatcher.ts'
import type { Client } from '../broker.ts'
import type { Doorkeeper } from '../security/index.ts'
import { BrokerStartError } from '../start-error.ts'
import { ClientConnection, type ConnectionHost } from './client-connection.ts'
import type { LentMemory } from '../log/lent-memory.ts'
import type { FramePool } from './frame-pool.ts'
import type { MemoryBudget } from './memory-budget.ts'

export interface ListenerLimits {
  readonly frameBytesMax: number
  /** Connections of all nodes together. */
  readonly connectionsMax: number
  /** A client that says nothing, or does not take its answer, for so long is disconnected. */
  readonly idleMsMax: number
  /** Half a request may stand still for so long. */
  readonly halfRequestMsMax: number
}

/** What the listeners of all nodes share. */
export interface ServerContext {
  readonly limits: ListenerLimits
  readonly budget: MemoryBudget
  readonly pool: FramePool
  readonly lent: LentMemory
  readonly connections: Set<ClientConnection>
  readonly doorkeeper: Doorkeeper
  serve(frame: Uint8Array, client: Client, node: number): Reply | Promise<Reply>
  log(level: 'info' | 'warn' | 'error', message: string): void
}

let nextClientId = 1

/** The port of one virtual node, and who is connected to it. */
export class NodeListener {
  readonly #node: number
  readonly #context: ServerContext
  readonly #connections = new Set<ClientConnection>()
  /** Connected, and not done with the handshake of TLS: by where they are from. */
  readonly #greeting = new Map<string, net.Socket>()
  #server: net.Server | undefined

  constructor(node: number, context: ServerContext) {
    this.#node = node
    this.#context = context
  }

  /** Listens; resolves to the port. @throws BrokerStartError when host or port are not to be had */
  listen(host: string, port: number): Promise<number> {
    const server = this.#createServer()
    return new Promise((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) => reject(cannotListen(host, port, error)))
      server.listen({ host, port, exclusive: true, backlog: 511 }, () => {
        server.removeAllListeners('error')
        server.on('error', (error) => this.#context.log('error', `Node ${this.#node} cannot accept: ${error.message}`))
        this.#server = server
        resolve((server.address() as net.AddressInfo).port)
      })
    })
  }

  /** Stops listening and disconnects everybody. */
  async close(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    const stopped = new Promise<void>((resolve) => {
      if (server === undefined) resolve()
      else server.close(() => resolve())
    })
    for (const connection of this.#connections) connection.end(null)
    for (const socket of this.#greeting.values()) socket.destroy()
    await stopped
  }

  #createServer(): net.Server {
    const { tls: terms } = this.#context.doorkeeper
    if (terms === null) return net.createServer({ noDelay: true }, (socket) => this.#accept(socket))
    const server = process.getBuiltinModule('node:tls').createServer({ ...terms, noDelay: true }, (socket) => {
      this.#greeting.delete(originOf(socket))
      this.#accept(socket)
    })
    server.on('connection', (socket: net.Socket) => {
      if (!this.#isRoomFor(socket)) return
      const origin = originOf(socket)
      this.#greeting.set(origin, socket)
      socket.once('close', () => this.#greeting.delete(origin))
    })
    server.on('tlsClientError', (error, socket) => {
      this.#context.log('warn', `TLS with ${socket.remoteAddress ?? 'a client'} failed: ${error.message.trim()}`)
    })
    return server
  }

  /** Disconnects who has been still for too long; called from time to time. */
  sweep(now: number): void {
    const { idleMsMax, halfRequestMsMax } = this.#context.limits
    for (const connection of this.#connections) {
      const stillMs = now - connection.lastActive
      if (connection.isMidFrame && stillMs > halfRequestMsMax) connection.end('it sent half a request, then nothing')
      else if (connection.isIdle && stillMs > idleMsMax) connection.end(`nothing moved for ${Math.round(stillMs)} ms`)
    }
  }

  #accept(socket: net.Socket): void {
    const { connections, limits, budget, pool, lent, doorkeeper } = this.#context
    const log: ServerContext['log'] = (level, message) => this.#context.log(level, message)
    if (!this.#isRoomFor(socket)) return
    const admission = doorkeeper.admit(socket)
    if (typeof admission === 'string') {
      log('warn', `A connection from ${socket.remoteAddress} was refused: ${admission}`)
      socket.destroy()
      return
    }
    const host: ConnectionHost = {
      budget,
      pool,
      lent,
      frameBytesMax: limits.frameBytesMax,
      admission,
      serve: (frame, client) => this.#context.serve(frame, client, this.#node),
      closed: (gone) => {
        this.#connections.delete(gone)
        connections.delete(gone)
      },
      log,
    }
    const connection = new ClientConnection(nextClientId++, socket, host)
    this.#connections.add(connection)
    connections.add(connection)
  }

  /** Refuses a socket when as many are connected as may be. */
  #isRoomFor(socket: net.Socket): boolean {
    const { connections, limits } = this.#context
    if (connections.size + this.#greeting.size < limits.connectionsMax) return true
    const open = `${connections.size} are open (max.connections)`
    this.#context.log('warn', `A connection from ${socket.remoteAddress} was refused: ${open}`)
    socket.destroy()
    return false
  }
}

function originOf({ remoteAddress, remotePort }: net.Socket): string {
  return `${remoteAddress} ${remotePort}`
}

function cannotListen(host: string, port: number, cause: NodeJS.ErrnoException): BrokerStartError {
  const [sentence, remedy] = explain(cause.code, `${host}:${port}`, host)
  return new BrokerStartError(sentence, remedy, cause)
}

function explain(code: string | undefined, where: string, host: string): [sentence: string, remedy: string] {
  switch (code ?? '') {
    case 'EADDRINUSE':
      return [
        `The embedded broker cannot listen on ${where}: the port is in use.`,
        'Stop what listens there, or choose another port (0 finds a free one).',
      ]
    case 'EACCES':
      return [
        `The embedded broker may not listen on ${where}: the port is reserved.`,
        'Choose a port above 1023, or 0 for a free one.',
      ]
    case 'ENOTFOUND':
    case 'EADDRNOTAVAIL':
    case 'EAI_AGAIN':
      return [
        `The embedded broker cannot listen on ${where}: ${host} is no address of this machine.`,
        'Use 127.0.0.1, or an address that the machine has.',
      ]
    default:
      return [
        `The embedded broker cannot listen on ${where} (${code ?? 'unknown error'}).`,
        'Choose another host or port.',
      ]
  }
}
