import type { Reply } from '../api/dispatcher.ts'
import type { BrokerSettings, Client } from '../broker.ts'
import type { LentMemory } from '../log/lent-memory.ts'
import type { Doorkeeper } from '../security/index.ts'
import type { ClientConnection } from './client-connection.ts'
import { FramePool } from './frame-pool.ts'
import { NodeListener, type ServerContext } from './listener.ts'
import { MemoryBudget } from './memory-budget.ts'
import type { VirtualNodes } from './nodes.ts'

/** Kafka's defaults are no bounds; on one machine there are some. */
const CONNECTIONS_MAX = 10_000
const HELD_BYTES_MAX = 256 << 20
const SWEEP_EVERY_MS_MAX = 5_000
const HALF_REQUEST_MS_MAX = 30_000

export interface KafkaServerOptions {
  readonly host: string
  /** Of the first node; 0 for free ports. */
  readonly port: number
  readonly advertisedHost: string
  /** Of the first node; null: the port it listens on. */
  readonly advertisedPort: number | null
  readonly settings: BrokerSettings
  readonly doorkeeper: Doorkeeper
  /** Where answers have their records from. */
  readonly lent: LentMemory
  serve(frame: Uint8Array, client: Client, node: number): Reply | Promise<Reply>
  log(level: 'info' | 'warn' | 'error', message: string): void
}

/** The sockets of all virtual nodes. */
export class KafkaServer {
  readonly #options: KafkaServerOptions
  readonly #nodes: VirtualNodes
  readonly #context: ServerContext
  readonly #listeners: NodeListener[] = []
  #sweeper: NodeJS.Timeout | undefined

  constructor(options: KafkaServerOptions, nodes: VirtualNodes) {
    const { settings } = options
    this.#options = options
    this.#nodes = nodes
    const idleMsMax = settings.number('connections.max.idle.ms')
    const heldBytesMax = settings.number('queued.max.request.bytes')
    this.#context = {
      limits: {
        frameBytesMax: settings.number('socket.request.max.bytes'),
        connectionsMax: Math.min(settings.number('max.connections'), CONNECTIONS_MAX),
        idleMsMax,
        halfRequestMsMax: Math.min(idleMsMax, HALF_REQUEST_MS_MAX),
      },
      budget: new MemoryBudget(heldBytesMax < 0 ? HELD_BYTES_MAX : heldBytesMax),
      pool: new FramePool(),
      lent: options.lent,
      connections: new Set<ClientConnection>(),
      doorkeeper: options.doorkeeper,
      serve: (frame, client, node) => options.serve(frame, client, node),
      log: (level, message) => options.log(level, message),
    }
  }

  get connectionCount(): number {
    return this.#context.connections.size
  }

  /** Bytes held for clients: requests that are not whole yet, answers that are not taken. */
  get heldBytes(): number {
    return this.#context.budget.total
  }

  /** Opens the ports of all nodes, or none of them. @throws BrokerStartError */
  async start(): Promise<void> {
    const { host, port, advertisedHost, advertisedPort } = this.#options
    try {
      for (const { id } of this.#nodes.all()) {
        const listener = new NodeListener(id, this.#context)
        this.#listeners.push(listener)
        const own = await listener.listen(host, port === 0 ? 0 : port + id - 1)
        this.#nodes.open(id, advertisedHost, advertisedPort === null ? own : advertisedPort + id - 1)
      }
    } catch (error) {
      await this.stop()
      throw error
    }
    const everyMs = Math.max(10, Math.min(SWEEP_EVERY_MS_MAX, this.#context.limits.idleMsMax / 4))
    this.#sweeper = setInterval(() => this.#sweep(), everyMs).unref()
  }

  /** Stops listening and disconnects everybody. */
  async stop(): Promise<void> {
    clearInterval(this.#sweeper)
    this.#context.budget.stop()
    await Promise.all(this.#listeners.map((listener) => listener.close()))
  }

  async killNode(id: number): Promise<void> {
    const listener = this.#listenerOf(id)
    this.#nodes.setUp(id, false)
    await listener.close()
  }

  async restartNode(id: number): Promise<void> {
    const listener = this.#listenerOf(id)
    if (this.#nodes.isAlive(id)) return
    await listener.listen(this.#options.host, this.#nodes.get(id)!.port)
    this.#nodes.setUp(id, true)
  }

  #listenerOf(id: number): NodeListener {
    const listener = this.#listeners[id - 1]
    if (listener === undefined) throw new RangeError(`There is no node ${id}; there are ${this.#listeners.length}`)
    return listener
  }

  #sweep(): void {
    const now = performance.now()
    for (const listener of this.#listeners) listener.sweep(now)
  }
}
