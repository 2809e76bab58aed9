/**
 * Stands between clients and one broker that advertises the proxy's address, and interferes with answers: the broker has acted, and
 * the client does not learn of it, or learns of it late. Requests pass untouched, unless a test rewrites them.
 */
import net from 'node:net'
import { apiVersions, type ApiName } from '@sluice/kafka-protocol'

export type AnswerFault =
  /** The answer is lost with its connection. */
  | { readonly kind: 'drop' }
  /** The answer, and all behind it on that connection, come so much later. */
  | { readonly kind: 'delay'; readonly ms: number }
  /** Neither the answer nor anything behind it ever comes, and the connection stays. */
  | { readonly kind: 'hang' }

interface Planned {
  readonly apiKey: number
  readonly fault: AnswerFault
}

/** Gives a request frame (without its size) back as it shall reach the broker. */
export type Rewrite = (apiKey: number, frame: Buffer) => Buffer

const SIZE_BYTES = 4

export class FaultProxy {
  readonly port: number
  /** How often each fault has struck, by `kind api`. */
  readonly struck: Map<string, number> = new Map()
  rewrite: Rewrite | null = null
  readonly #server: net.Server
  readonly #upstream: { readonly host: string; readonly port: number }
  readonly #sockets = new Set<net.Socket>()
  #planned: Planned[] = []

  private constructor(server: net.Server, port: number, upstream: { host: string; port: number }) {
    this.#server = server
    this.#upstream = upstream
    this.port = port
    server.on('connection', (client) => this.#join(client))
  }

  /** Listens on 127.0.0.1; the broker need not be up yet. */
  static async start(port: number, upstream: { host: string; port: number }): Promise<FaultProxy> {
    const server = net.createServer({ noDelay: true })
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, '127.0.0.1', resolve)
    })
    return new FaultProxy(server, (server.address() as net.AddressInfo).port, upstream)
  }

  /** The next answer to this API meets the fault. Several plans for one API strike one after the other. */
  plan(api: ApiName, fault: AnswerFault): void {
    this.#planned.push({ apiKey: apiVersions(api).key, fault })
  }

  /** Plans that have not struck yet. */
  get pending(): number {
    return this.#planned.length
  }

  forgetPlans(): void {
    this.#planned = []
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }

  #join(client: net.Socket): void {
    const broker = net.connect({ ...this.#upstream, noDelay: true })
    const expected: { apiKey: number; correlationId: number }[] = []
    const both = [client, broker]
    const end = (): void => {
      for (const socket of both) {
        socket.destroy()
        this.#sockets.delete(socket)
      }
    }
    for (const socket of both) {
      this.#sockets.add(socket)
      socket.on('error', end)
      socket.on('close', end)
    }
    const requests = new Frames((frame) => {
      const apiKey = frame.readInt16BE(0)
      const sent = this.rewrite === null ? frame : this.rewrite(apiKey, frame)
      expected.push({ apiKey, correlationId: frame.readInt32BE(4) })
      pass(sent, broker, client)
    })
    let held: Promise<void> | null = null
    let isMute = false
    const answers = new Frames((frame) => {
      const correlationId = frame.readInt32BE(0)
      const at = expected.findIndex((request) => request.correlationId === correlationId)
      const [request] = at === -1 ? [] : expected.splice(at, 1)
      const fault = request === undefined ? null : this.#take(request.apiKey)
      if (isMute) return
      if (fault?.kind === 'drop') return end()
      if (fault?.kind === 'hang') return void (isMute = true)
      if (fault?.kind === 'delay') {
        const before = held ?? Promise.resolve()
        held = before.then(() => new Promise((resolve) => setTimeout(resolve, fault.ms)))
      }
      if (held === null) return pass(frame, client, broker)
      held = held.then(() => pass(frame, client, broker))
    })
    client.on('data', (bytes: Buffer) => requests.push(bytes))
    broker.on('data', (bytes: Buffer) => answers.push(bytes))
  }

  #take(apiKey: number): AnswerFault | null {
    const at = this.#planned.findIndex((planned) => planned.apiKey === apiKey)
    if (at === -1) return null
    const [{ fault }] = this.#planned.splice(at, 1) as [Planned]
    const key = `${fault.kind} ${apiVersions(apiKey)?.name ?? apiKey}`
    this.struck.set(key, (this.struck.get(key) ?? 0) + 1)
    return fault
  }
}

/** Writes a frame with its size; where the receiver is slow, the sender is not read on. */
function pass(frame: Buffer, to: net.Socket, from: net.Socket): void {
  if (to.destroyed) return
  const size = Buffer.allocUnsafe(SIZE_BYTES)
  size.writeInt32BE(frame.length)
  to.cork()
  to.write(size)
  const isDrained = to.write(frame)
  to.uncork()
  if (isDrained || from.isPaused()) return
  from.pause()
  to.once('drain', () => from.resume())
}

/** Cuts a stream into frames, sizes left out. */
class Frames {
  readonly #onFrame: (frame: Buffer) => void
  #chunks: Buffer[] = []
  #length = 0

  constructor(onFrame: (frame: Buffer) => void) {
    this.#onFrame = onFrame
  }

  push(bytes: Buffer): void {
    this.#chunks.push(bytes)
    this.#length += bytes.length
    if (this.#length < this.#needed()) return
    let all = this.#chunks.length === 1 ? bytes : Buffer.concat(this.#chunks)
    while (all.length >= SIZE_BYTES && all.length >= SIZE_BYTES + all.readInt32BE(0)) {
      const end = SIZE_BYTES + all.readInt32BE(0)
      this.#onFrame(all.subarray(SIZE_BYTES, end))
      all = all.subarray(end)
    }
    this.#chunks = all.length === 0 ? [] : [all]
    this.#length = all.length
  }

  #needed(): number {
    const first = this.#chunks[0]!
    return first.length < SIZE_BYTES ? SIZE_BYTES : SIZE_BYTES + first.readInt32BE(0)
  }
}
