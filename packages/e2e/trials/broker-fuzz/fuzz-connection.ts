import net from 'node:net'

export type Outcome = 'answered' | 'closed' | 'waiting'

/** One connection that sends whatever it is given and tells what came of it; it opens itself anew when the broker closed it. */
export class FuzzConnection {
  readonly #port: number
  #socket: net.Socket | undefined
  #settle: ((outcome: Outcome) => void) | undefined
  #wanted = -1
  #received = 0
  #head: number[] = []

  constructor(port: number) {
    this.#port = port
  }

  /** Resolves when one whole answer came, or the connection was closed, or neither happened within `patienceMs`. */
  async send(frame: Buffer, patienceMs: number): Promise<Outcome> {
    const socket = (this.#socket ??= await this.#open())
    if (socket === undefined) return 'closed'
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#end('waiting'), patienceMs)
      this.#settle = (outcome) => {
        clearTimeout(timer)
        this.#settle = undefined
        resolve(outcome)
      }
      socket.write(frame)
    })
  }

  /** Gives the connection up: what it waits for is no longer wanted. */
  reset(): void {
    this.#socket?.destroy()
    this.#socket = undefined
    this.#wanted = -1
    this.#received = 0
    this.#head = []
  }

  #open(): Promise<net.Socket | undefined> {
    return new Promise((resolve) => {
      const socket = net.connect({ port: this.#port, host: '127.0.0.1', noDelay: true })
      socket.on('connect', () => resolve(socket))
      socket.on('data', (bytes: Buffer) => this.#take(bytes))
      socket.on('error', () => {})
      socket.on('close', () => {
        resolve(undefined)
        if (this.#socket === socket || this.#socket === undefined) {
          this.reset()
          this.#end('closed')
        }
      })
    })
  }

  #take(bytes: Buffer): void {
    for (let at = 0; at < bytes.length;) {
      if (this.#wanted === -1) {
        this.#head.push(bytes[at++]!)
        if (this.#head.length === 4) {
          this.#wanted = Buffer.from(this.#head).readInt32BE()
          this.#head = []
          this.#received = 0
        }
        continue
      }
      const part = Math.min(this.#wanted - this.#received, bytes.length - at)
      this.#received += part
      at += part
      if (this.#received === this.#wanted) {
        this.#wanted = -1
        this.#end('answered')
      }
    }
  }

  #end(outcome: Outcome): void {
    this.#settle?.(outcome)
  }
}
