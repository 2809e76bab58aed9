import type { Socket } from 'node:net'
import type { Reply } from '../api/dispatcher.ts'
import type { Client } from '../broker.ts'
import type { Admission, Login } from '../security/index.ts'
import { FrameCutter, FrameError } from './frame-cutter.ts'
import type { FramePool } from './frame-pool.ts'
import type { LentMemory } from '../log/lent-memory.ts'
import type { MemoryBudget, MemoryHolder } from './memory-budget.ts'

const PRODUCE_KEY = 0
/** How long a last answer may take to leave. */
const FAREWELL_MS_MAX = 1000

/** What a connection needs of the server. */
export interface ConnectionHost {
  readonly budget: MemoryBudget
  readonly pool: FramePool
  /** Of the records in answers. */
  readonly lent: LentMemory
  /** The longest request, in bytes. */
  readonly frameBytesMax: number
  /** Who the client is. */
  readonly admission: Admission
  serve(frame: Uint8Array, client: Client): Reply | Promise<Reply>
  /** Called once, when the connection is gone. */
  closed(connection: ClientConnection): void
  log(level: 'info' | 'warn' | 'error', message: string): void
}

/**
 * One client. As in Kafka, one request at a time: the next is looked at when the answer before has left for the client, which gives
 * the order of answers, and bounds what a client can have in progress to one request and one answer, however many it sends and
 * however little it reads.
 */
export class ClientConnection implements Client, MemoryHolder {
  readonly id: number
  readonly host: string
  readonly login: Login | null
  readonly software = { name: '', version: '' }
  /** When bytes last came or left. */
  lastActive = performance.now()
  readonly #principal: string
  readonly #socket: Socket
  readonly #server: ConnectionHost
  readonly #cutter: FrameCutter
  readonly #gone = new AbortController()
  /** A request is in progress, the answer before it has not left, or the client is to be quiet. */
  #isBusy = false
  #isEnded = false

  constructor(id: number, socket: Socket, server: ConnectionHost) {
    this.id = id
    this.host = socket.remoteAddress ?? ''
    this.login = server.admission.login
    this.#principal = server.admission.principal
    this.#socket = socket
    this.#server = server
    this.#cutter = new FrameCutter(server.frameBytesMax, server.pool)
    socket.on('data', (bytes: Buffer) => this.#received(bytes))
    socket.on('error', () => {})
    socket.on('end', () => this.end(null))
    socket.on('close', () => this.end(null))
  }

  get principal(): string {
    return this.login === null ? this.#principal : this.login.principal
  }

  get closed(): AbortSignal {
    return this.#gone.signal
  }

  /** Whether nothing is owed to the client: it is its turn. */
  get isIdle(): boolean {
    return !this.#isBusy || this.#socket.writableNeedDrain
  }

  get isMidFrame(): boolean {
    return this.#cutter.isMidFrame
  }

  evict(reason: string): void {
    this.end(reason)
  }

  /** Closes the connection; `reason` goes to the log. What waits on the client's behalf ends. */
  end(reason: string | null): void {
    if (this.#isEnded) return
    this.#isEnded = true
    if (reason !== null) this.#server.log('warn', `The connection from ${this.host} was closed: ${reason}`)
    this.#server.budget.hold(this, 0)
    this.#socket.destroy()
    this.#gone.abort()
    this.#server.closed(this)
  }

  #received(bytes: Buffer): void {
    if (this.#isEnded) return
    this.lastActive = performance.now()
    this.#cutter.push(bytes)
    if (this.#isBusy) this.#socket.pause()
    else this.#advance()
  }

  /** Serves what is there, request by request, until one has to be waited for. */
  #advance(): void {
    try {
      while (!this.#isBusy && !this.#isEnded) {
        if (this.login !== null) this.#boundFrames(this.login)
        const frame = this.#cutter.next()
        if (frame === undefined) return this.#readOn()
        const reply = this.#server.serve(frame, this)
        if (reply instanceof Promise) {
          this.#isBusy = true
          reply.then((late) => this.#answeredLate(frame, late)).catch((error) => this.#broken(error))
        } else this.#answer(frame, reply)
      }
    } catch (error) {
      this.#broken(error)
    }
  }

  #boundFrames({ requestBytesMax = this.#server.frameBytesMax, expectsToken }: Login): void {
    this.#cutter.bound(Math.min(requestBytesMax, this.#server.frameBytesMax), !expectsToken)
  }

  #readOn(): void {
    const { budget } = this.#server
    budget.hold(this, this.#cutter.heldBytes + this.#socket.writableLength)
    if (!budget.hasRoomFor(this)) {
      this.#socket.pause()
      budget.whenRoom(() => this.#socket.resume())
    } else if (this.#socket.isPaused()) this.#socket.resume()
  }

  #answeredLate(request: Buffer, reply: Reply): void {
    this.#isBusy = false
    if (this.#isEnded) return
    this.#answer(request, reply)
    this.#advance()
  }

  #answer(request: Buffer, { frame, closes, quietMs, isKept = false }: Reply): void {
    // Nothing keeps a view of what was produced.
    if (request.length > 1 && request.readInt16BE() === PRODUCE_KEY) this.#server.pool.give(request)
    if (frame !== null) this.#write(frame, isKept)
    if (closes !== null) return frame === null ? this.end(closes) : this.#endAfterwards(closes)
    if (quietMs > 0) {
      this.#isBusy = true
      setTimeout(() => this.#goOn(), quietMs).unref()
    } else if (this.#socket.writableNeedDrain) {
      this.#isBusy = true
      this.#server.budget.hold(this, this.#cutter.heldBytes + this.#socket.writableLength)
      this.#socket.once('drain', () => this.#goOn())
    }
  }

  /** Closes the connection once the client has its answer, or does not take it. */
  #endAfterwards(reason: string): void {
    this.#isBusy = true
    const end = (): void => this.end(reason)
    this.#socket.end(end)
    setTimeout(end, FAREWELL_MS_MAX).unref()
  }

  #goOn(): void {
    if (this.#isEnded) return
    this.#isBusy = false
    this.lastActive = performance.now()
    this.#server.budget.hold(this, this.#cutter.heldBytes + this.#socket.writableLength)
    this.#advance()
  }

  #write(frame: readonly Uint8Array[], isKept: boolean): void {
    this.lastActive = performance.now()
    const last = frame.length - 1
    if (last === 0) {
      this.#socket.write(frame[0]!)
      return
    }
    this.#socket.cork()
    for (let i = 0; i < last; i++) this.#socket.write(frame[i]!)
    this.#socket.write(frame[last]!, (error) => {
      if (error || isKept) return
      for (const chunk of frame) this.#server.lent.giveBack(chunk)
    })
    this.#socket.uncork()
  }

  #broken(error: unknown): void {
    if (error instanceof FrameError) return this.end(error.message)
    this.#server.log(
      'error',
      `A request from ${this.host} broke: ${error instanceof Error ? error.stack : String(error)}`,
    )
    this.end('the broker failed to serve it')
  }
}
