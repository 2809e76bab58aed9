/**
 * Brokers in the test's own process, built on the protocol package: enough of Kafka to produce, fetch and commit, truthful about
 * idempotence, and with hooks that make it fail in every way a network and a broker can.
 */
import net from 'node:net'
import {
  type ApiName,
  type Request,
  type ResponseInput,
  apiVersions,
  decodeRequest,
  decodeRequestHeader,
  encodeResponse,
} from '@sluice/kafka-protocol'
import { FakeFetchSessions } from './fake-fetch-sessions.ts'
import { FakeLog } from './fake-log.ts'
import { HANDLERS } from './fake-handlers.ts'
import { FakeTransactions } from './fake-transactions.ts'

/** How one request goes wrong. Answering with `errorCode` means refusing every partition in it, without acting. */
export type Fault =
  | { readonly do: 'drop' | 'truncate' | 'garbage' | 'mute' }
  /** What arrives on the connection within `ms` is acted upon as well. */
  | { readonly do: 'act-and-drop'; readonly ms?: number }
  | { readonly do: 'refuse'; readonly errorCode: number }
  | { readonly do: 'delay'; readonly ms: number }
  /** Answers with other bytes than it meant to: size, header and body. */
  | { readonly do: 'alter'; readonly to: (answer: Buffer) => Buffer }

/** Looks at every request before it is worked on; undefined lets it pass. */
export type FaultHook = (request: Request, broker: number) => Fault | undefined

export interface FakeTopic {
  readonly name: string
  readonly id: string
  readonly partitions: FakeLog[]
}

type Handler<N extends ApiName> = (
  body: Extract<Request, { api: N }>['body'],
  broker: FakeBroker,
  version: number,
) => Answer<N>
type Answer<N extends ApiName> = ResponseInput<N> | Promise<ResponseInput<N>>

export class FakeCluster {
  readonly brokers: FakeBroker[] = []
  readonly topics: Map<string, FakeTopic> = new Map()
  readonly committed: Map<string, { offset: number; metadata: string; leaderEpoch?: number }> = new Map()
  /** Every request, in the order of arrival. */
  readonly requests: {
    readonly api: ApiName
    readonly version: number
    readonly broker: number
    readonly body: unknown
  }[] = []
  /** Versions that the brokers claim to speak, where not those of the table. */
  readonly versions: Map<ApiName, { minVersion: number; maxVersion: number }> = new Map()
  readonly faults: FaultHook[] = []
  /** False: every fetch is a first one, as with brokers that are short of memory. */
  hasFetchSessions = true
  /** APIs that tests answer themselves; `refuse` is the error code to answer with. */
  readonly handlers: Map<ApiName, (body: never, broker: FakeBroker, version: number, refuse: number) => unknown> =
    new Map()
  readonly transactions: FakeTransactions = new FakeTransactions(this)
  nextProducerId = 1000
  #topicSerial = 0
  coordinator = 1

  static async start(brokerCount = 1): Promise<FakeCluster> {
    const cluster = new FakeCluster()
    for (let id = 1; id <= brokerCount; id++) cluster.brokers.push(await FakeBroker.listen(id, cluster))
    return cluster
  }

  get bootstrap(): string {
    return this.brokers.map(({ port }) => `127.0.0.1:${port}`).join(',')
  }

  /** Partitions of a topic by its name or its id. */
  logsOf(topic: string): readonly FakeLog[] | undefined {
    return (this.topics.get(topic) ?? [...this.topics.values()].find(({ id }) => id === topic))?.partitions
  }

  /** Leaders go round. */
  createTopic(name: string, partitionCount: number): FakeTopic {
    const leader = (partition: number): number => this.brokers[partition % this.brokers.length]!.id
    const partitions = Array.from({ length: partitionCount }, (_, partition) => new FakeLog(leader(partition)))
    // A topic that is created again is another one.
    const serial = String(this.#topicSerial++).padStart(6, '0')
    const id = Buffer.from(name.padEnd(10, '.').slice(-10) + serial).toString('base64url')
    const topic = { name, id, partitions }
    this.topics.set(name, topic)
    return topic
  }

  /** The next requests of this API go wrong, one each. */
  failNext(api: ApiName, ...faults: Fault[]): void {
    const left = [...faults]
    this.faults.push((request) => (request.api === api ? left.shift() : undefined))
  }

  count(api: ApiName): number {
    return this.requests.filter((request) => request.api === api).length
  }

  async stop(): Promise<void> {
    for (const broker of this.brokers) await broker.stop()
  }
}

export class FakeBroker {
  readonly id: number
  readonly port: number
  readonly cluster: FakeCluster
  readonly fetchSessions: FakeFetchSessions = new FakeFetchSessions()
  readonly #server: net.Server
  readonly #sockets = new Set<net.Socket>()

  static listen(id: number, cluster: FakeCluster, port = 0): Promise<FakeBroker> {
    return new Promise((resolve, reject) => {
      const server = net.createServer()
      server.once('error', reject)
      server.listen(port, '127.0.0.1', () => resolve(new FakeBroker(id, cluster, server)))
    })
  }

  private constructor(id: number, cluster: FakeCluster, server: net.Server) {
    this.id = id
    this.cluster = cluster
    this.#server = server
    this.port = (server.address() as net.AddressInfo).port
    server.on('connection', (socket) => this.#serve(socket))
  }

  get connections(): number {
    return this.#sockets.size
  }

  /** Ends every connection; new ones are accepted. */
  dropConnections(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  stop(): Promise<void> {
    this.dropConnections()
    return new Promise((resolve) => {
      this.#server.close(() => resolve())
    })
  }

  #serve(socket: net.Socket): void {
    this.#sockets.add(socket)
    let pending = Buffer.alloc(0)
    let line = Promise.resolve()
    socket.on('error', () => undefined)
    socket.on('close', () => this.#sockets.delete(socket))
    socket.on('data', (chunk: Buffer) => {
      pending = Buffer.concat([pending, chunk])
      while (pending.length >= 4 && pending.length >= 4 + pending.readInt32BE(0)) {
        const frame = Buffer.from(pending.subarray(4, 4 + pending.readInt32BE(0)))
        pending = pending.subarray(4 + frame.length)
        // One request per connection at a time, as brokers do.
        line = line.then(() => this.#handle(frame, socket))
      }
    })
  }

  async #handle(frame: Buffer, socket: net.Socket): Promise<void> {
    const { correlationId, apiKey, apiVersion } = decodeRequestHeader(frame)
    const claimed = this.cluster.versions.get('ApiVersions')
    if (apiKey === 18 && claimed !== undefined && apiVersion > claimed.maxVersion) {
      write(
        socket,
        encodeResponse('ApiVersions', 0, correlationId, { errorCode: 35, apiKeys: [{ apiKey: 18, ...claimed }] }),
      )
      return
    }
    const request = decodeRequest(frame)
    const { api, version } = request
    this.cluster.requests.push({ api, version, broker: this.id, body: request.body })
    let fault: Fault | undefined
    for (const hook of this.cluster.faults) fault ??= hook(request, this.id)
    if (fault?.do === 'drop') return void socket.destroy()
    if (fault?.do === 'mute') return new Promise(() => undefined)
    if (fault?.do === 'garbage') return write(socket, [Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')])
    if (fault?.do === 'delay') await new Promise((resolve) => setTimeout(resolve, fault.ms))
    const refuse = fault?.do === 'refuse' ? fault.errorCode : 0
    const body = await answer(request, this, refuse)
    if (fault?.do === 'act-and-drop') {
      if (fault.ms !== undefined) await new Promise((resolve) => setTimeout(resolve, fault.ms))
      return void socket.destroy()
    }
    const response = Buffer.concat(encodeResponse(api, version, correlationId, body as ResponseInput<typeof api>))
    if (fault?.do === 'alter') return write(socket, [fault.to(response)])
    if (fault?.do !== 'truncate') return write(socket, [response])
    write(socket, [response.subarray(0, Math.ceil(response.length / 2))])
    socket.end()
  }
}

function write(socket: net.Socket, chunks: readonly Uint8Array[]): void {
  if (!socket.destroyed) for (const chunk of chunks) socket.write(chunk)
}

function answer(request: Request, broker: FakeBroker, refuse: number): Promise<unknown> {
  const handler = (broker.cluster.handlers.get(request.api) ?? HANDLERS[request.api]) as
    ((body: unknown, broker: FakeBroker, version: number, refuse: number) => unknown) | undefined
  if (handler === undefined) throw new Error(`the fake broker does not know ${request.api}`)
  return Promise.resolve(handler(request.body, broker, request.version, refuse))
}

export type Handlers = {
  readonly [N in ApiName]?: (
    body: Extract<Request, { api: N }>['body'],
    broker: FakeBroker,
    version: number,
    refuse: number,
  ) => ReturnType<Handler<N>>
}

/** What a version range of the table is, for tests that narrow it. */
export function fullRange(api: ApiName): { minVersion: number; maxVersion: number } {
  const { minVersion, stableVersion } = apiVersions(api)
  return { minVersion, maxVersion: stableVersion }
}
