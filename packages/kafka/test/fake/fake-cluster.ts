/**
 * Brokers in the test's own process, built on the protocol package: enough of Kafka to produce, fetch and commit, truthful about
 * idempotence, and with hooks that make it fail in every way a network and a broker can.
 */
import net from 'node:net'
import {
  type ApiName,
  API_VERSIONS,
  type Request,
  type RequestBody,
  type ResponseInput,
  apiVersions,
  decodeRequest,
  decodeRequestHeader,
  encodeResponse,
} from '@sluice/kafka-protocol'
import { FakeFetchSessions } from './fake-fetch-sessions.ts'
import { FakeLog } from './fake-log.ts'
import { FakeTransactions, batchOf } from './fake-transactions.ts'

/** How one request goes wrong. Answering with `errorCode` means refusing every partition in it, without acting. */
export type Fault =
  | { readonly do: 'drop' | 'truncate' | 'garbage' | 'mute' }
  /** What arrives on the connection within `ms` is acted upon as well. */
  | { readonly do: 'act-and-drop'; readonly ms?: number }
  | { readonly do: 'refuse'; readonly errorCode: number }
  | { readonly do: 'delay'; readonly ms: number }

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
    const id = Buffer.from(`topic-${name}`.padEnd(16, '.').slice(-16)).toString('base64url')
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

const UNKNOWN_TOPIC_OR_PARTITION = 3
const NOT_LEADER_OR_FOLLOWER = 6
const NOT_COORDINATOR = 16
const TOPIC_ALREADY_EXISTS = 36
const FENCED_LEADER_EPOCH = 74
const UNKNOWN_LEADER_EPOCH = 75
const UNKNOWN_TOPIC_ID = 100

type Handlers = {
  readonly [N in ApiName]?: (
    body: Extract<Request, { api: N }>['body'],
    broker: FakeBroker,
    version: number,
    refuse: number,
  ) => ReturnType<Handler<N>>
}

const HANDLERS: Handlers = {
  ApiVersions: (_, { cluster }, __, errorCode) => ({
    errorCode,
    apiKeys: API_VERSIONS.filter(({ name }) => name in HANDLERS || cluster.handlers.has(name)).map(
      ({ name, key, minVersion, stableVersion }) => ({
        apiKey: key,
        ...(cluster.versions.get(name) ?? { minVersion, maxVersion: stableVersion }),
      }),
    ),
    finalizedFeaturesEpoch: 1,
    finalizedFeatures: [
      { name: 'transaction.version', minVersionLevel: 0, maxVersionLevel: cluster.transactions.version },
    ],
  }),

  Metadata: ({ topics }, { cluster }, _, refuse) => ({
    brokers: cluster.brokers.map(({ id, port }) => ({ nodeId: id, host: '127.0.0.1', port, rack: null })),
    clusterId: 'fake',
    controllerId: cluster.brokers[0]!.id,
    topics: (topics ?? [...cluster.topics.values()]).map(({ name: asked, ...by }) => {
      const topicId = 'topicId' in by ? by.topicId : ''
      const topic =
        asked === null ? [...cluster.topics.values()].find(({ id }) => id === topicId) : cluster.topics.get(asked)
      if (topic === undefined || refuse !== 0) {
        const missing = asked === null ? UNKNOWN_TOPIC_ID : UNKNOWN_TOPIC_OR_PARTITION
        return { errorCode: refuse || missing, name: asked, topicId, partitions: [] }
      }
      const { name } = topic
      const partitions = topic.partitions.map(({ leader, leaderEpoch }, partitionIndex) => ({
        errorCode: leader === -1 ? 5 : 0,
        partitionIndex,
        leaderId: leader,
        leaderEpoch,
        replicaNodes: [],
        isrNodes: [],
      }))
      return { errorCode: 0, name, topicId: topic.id, partitions }
    }),
  }),

  InitProducerId: ({ transactionalId, producerId, producerEpoch }, { cluster, id }, _, refuse) => {
    const errorCode = refuse || (transactionalId === null || cluster.coordinator === id ? 0 : NOT_COORDINATOR)
    if (errorCode !== 0) return { errorCode, producerId: -1, producerEpoch: -1 }
    if (transactionalId === null) return { errorCode, producerId: cluster.nextProducerId++, producerEpoch: 0 }
    return cluster.transactions.init(transactionalId, { producerId: Number(producerId), producerEpoch })
  },

  AddPartitionsToTxn: (body, { cluster, id }, _, refuse) => {
    const numbers = { producerId: Number(body.v3AndBelowProducerId), producerEpoch: body.v3AndBelowProducerEpoch }
    const logs = body.v3AndBelowTopics.flatMap(({ name, partitions }) =>
      partitions.map((partition) => cluster.topics.get(name)!.partitions[partition]!),
    )
    const errorCode =
      refuse ||
      (cluster.coordinator === id
        ? cluster.transactions.add(body.v3AndBelowTransactionalId, numbers, logs)
        : NOT_COORDINATOR)
    return {
      resultsByTopicV3AndBelow: body.v3AndBelowTopics.map(({ name, partitions }) => ({
        name,
        resultsByPartition: partitions.map((partitionIndex) => ({ partitionIndex, partitionErrorCode: errorCode })),
      })),
    }
  },

  AddOffsetsToTxn: ({ transactionalId, producerId, producerEpoch }, { cluster, id }, _, refuse) => {
    const numbers = { producerId: Number(producerId), producerEpoch }
    if (refuse !== 0 || cluster.coordinator !== id) return { errorCode: refuse || NOT_COORDINATOR }
    return { errorCode: cluster.transactions.add(transactionalId, numbers, []) }
  },

  TxnOffsetCommit: ({ transactionalId, groupId, producerId, producerEpoch, topics }, { cluster, id }, _, refuse) => {
    const offsets = new Map(
      topics.flatMap(({ name, partitions }) =>
        partitions.map(({ partitionIndex, committedOffset, committedMetadata }) => [
          `${groupId} ${name} ${partitionIndex}`,
          { offset: Number(committedOffset), metadata: committedMetadata ?? '' },
        ]),
      ),
    )
    const numbers = { producerId: Number(producerId), producerEpoch }
    const errorCode =
      refuse ||
      (cluster.coordinator === id ? cluster.transactions.offsets(transactionalId, numbers, offsets) : NOT_COORDINATOR)
    return {
      topics: topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode })),
      })),
    }
  },

  EndTxn: ({ transactionalId, producerId, producerEpoch, committed }, { cluster, id }, version, refuse) => {
    if (refuse !== 0 || cluster.coordinator !== id) return { errorCode: refuse || NOT_COORDINATOR, producerEpoch: -1 }
    const numbers = { producerId: Number(producerId), producerEpoch }
    return cluster.transactions.end(transactionalId, numbers, committed, version)
  },

  Produce: ({ topicData, transactionalId }, { cluster, id }, version, refuse) => ({
    responses: topicData.map(({ name, topicId, partitionData }) => {
      const topic =
        version > 12 ? [...cluster.topics.values()].find((one) => one.id === topicId) : cluster.topics.get(name)
      const missing = version > 12 ? UNKNOWN_TOPIC_ID : UNKNOWN_TOPIC_OR_PARTITION
      return {
        name,
        topicId,
        partitionResponses: partitionData.map(({ index, records }) => {
          const log = topic?.partitions[index]
          const batch = batchOf(records!)
          const barred =
            batch.isTransactional && log !== undefined
              ? cluster.transactions.admit(transactionalId, batch, log, version)
              : 0
          const appended =
            refuse !== 0
              ? { errorCode: refuse, baseOffset: -1 }
              : log === undefined
                ? { errorCode: missing, baseOffset: -1 }
                : log.leader !== id
                  ? { errorCode: NOT_LEADER_OR_FOLLOWER, baseOffset: -1 }
                  : barred !== 0
                    ? { errorCode: barred, baseOffset: -1 }
                    : log.append(records!)
          return { index, recordErrors: [], ...appended }
        }),
      }
    }),
  }),

  Fetch: async (body, { cluster, id, fetchSessions }, version, refuse) => {
    const { maxWaitMs, maxBytes } = body
    const until = performance.now() + maxWaitMs
    const stateless = { errorCode: 0, sessionId: 0, isIncremental: false, topics: body.topics }
    const entered = cluster.hasFetchSessions ? fetchSessions.enter(body) : stateless
    const { errorCode, sessionId, isIncremental, topics } = entered
    if (errorCode !== 0) return { errorCode, sessionId, responses: [] }
    for (;;) {
      let left = maxBytes
      let isReady = refuse !== 0
      const answers = topics.map(({ topic, topicId, partitions }) => {
        const log = cluster.logsOf(version > 12 ? topicId : topic)
        const missing = version > 12 ? UNKNOWN_TOPIC_ID : UNKNOWN_TOPIC_OR_PARTITION
        const found = partitions.map((asked) => {
          const answer = fetchFrom(log?.[asked.partition], asked, id, Math.min(left, asked.partitionMaxBytes))
          const given = refuse !== 0 ? refuse : (answer?.errorCode ?? missing)
          left = Math.max(0, left - (answer?.records.length ?? 0))
          isReady ||= given !== 0 || (answer?.records.length ?? 0) > 0 || (answer?.preferredReadReplica ?? -1) >= 0
          return { highWatermark: -1, ...answer, partitionIndex: asked.partition, errorCode: given }
        })
        return { topic, topicId, partitions: isIncremental ? found.filter(isWorthSaying) : found }
      })
      const responses = answers.filter(({ partitions }) => partitions.length > 0)
      if (isReady || performance.now() >= until) return { sessionId, responses }
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
  },

  OffsetForLeaderEpoch: ({ topics }, { cluster, id }, _, refuse) => ({
    topics: topics.map(({ topic, partitions }) => ({
      topic,
      partitions: partitions.map(({ partition, leaderEpoch }) => {
        const log = cluster.topics.get(topic)?.partitions[partition]
        if (log === undefined || refuse !== 0) return { partition, errorCode: refuse || UNKNOWN_TOPIC_OR_PARTITION }
        if (log.leader !== id) return { partition, errorCode: NOT_LEADER_OR_FOLLOWER }
        const endOffset = log.endOfEpoch(leaderEpoch)
        return { partition, errorCode: 0, leaderEpoch: endOffset < 0 ? -1 : leaderEpoch, endOffset }
      }),
    })),
  }),

  ListOffsets: ({ topics }, { cluster, id }, _, refuse) => ({
    topics: topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex, timestamp }) => {
        const log = cluster.topics.get(name)?.partitions[partitionIndex]
        if (log === undefined || refuse !== 0)
          return { partitionIndex, errorCode: refuse || UNKNOWN_TOPIC_OR_PARTITION }
        if (log.leader !== id) return { partitionIndex, errorCode: NOT_LEADER_OR_FOLLOWER }
        return { partitionIndex, errorCode: 0, offset: log.offsetAt(Number(timestamp)), timestamp: -1 }
      }),
    })),
  }),

  FindCoordinator: ({ coordinatorKeys }, { cluster }, _, errorCode) => {
    const broker = cluster.brokers.find(({ id }) => id === cluster.coordinator)
    const at = { nodeId: cluster.coordinator, host: '127.0.0.1', port: broker?.port ?? 1 }
    return { coordinators: coordinatorKeys.map((key) => ({ key, ...at, errorCode })) }
  },

  OffsetCommit: ({ groupId, topics }, { cluster, id }, _, refuse) => ({
    topics: topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex, committedOffset, committedLeaderEpoch, committedMetadata }) => {
        const errorCode = refuse || (cluster.coordinator === id ? 0 : NOT_COORDINATOR)
        const epoch = committedLeaderEpoch < 0 ? {} : { leaderEpoch: committedLeaderEpoch }
        const entry = { offset: Number(committedOffset), metadata: committedMetadata ?? '', ...epoch }
        if (errorCode === 0) cluster.committed.set(`${groupId} ${name} ${partitionIndex}`, entry)
        return { partitionIndex, errorCode }
      }),
    })),
  }),

  OffsetFetch: ({ groups }, { cluster, id }, _, refuse) => ({
    groups: groups.map(({ groupId, topics }) => ({
      groupId,
      errorCode: refuse || (cluster.coordinator === id ? 0 : NOT_COORDINATOR),
      topics: (topics ?? []).map(({ name, partitionIndexes }) => ({
        name,
        partitions: partitionIndexes.map((partitionIndex) => {
          const found = cluster.committed.get(`${groupId} ${name} ${partitionIndex}`)
          const committedLeaderEpoch = found?.leaderEpoch ?? -1
          const committedOffset = found?.offset ?? -1
          return {
            partitionIndex,
            committedOffset,
            committedLeaderEpoch,
            metadata: found?.metadata ?? '',
            errorCode: 0,
          }
        }),
      })),
    })),
  }),

  CreateTopics: ({ topics }, { cluster }, _, refuse) => ({
    topics: topics.map(({ name, numPartitions }) => {
      if (refuse !== 0) return { name, errorCode: refuse }
      if (cluster.topics.has(name)) return { name, errorCode: TOPIC_ALREADY_EXISTS }
      cluster.createTopic(name, Math.max(1, numPartitions))
      return { name, errorCode: 0 }
    }),
  }),

  DeleteTopics: ({ topics }, { cluster }, _, refuse) => ({
    responses: topics.map(({ name, topicId }) => {
      const errorCode = refuse || (cluster.topics.delete(name!) ? 0 : UNKNOWN_TOPIC_OR_PARTITION)
      return { name, topicId, errorCode }
    }),
  }),
}

/** What a version range of the table is, for tests that narrow it. */
export function fullRange(api: ApiName): { minVersion: number; maxVersion: number } {
  const { minVersion, stableVersion } = apiVersions(api)
  return { minVersion, maxVersion: stableVersion }
}

type FetchAsked = RequestBody<'Fetch'>['topics'][number]['partitions'][number]

/** What broker `id` says of a partition; undefined when there is none. */
function fetchFrom(log: FakeLog | undefined, asked: FetchAsked, id: number, bytesMax: number) {
  if (log === undefined) return undefined
  const isLeader = log.leader === id
  const isRedirected = isLeader && log.readReplica >= 0
  const errorCode = fetchError(log, asked, isLeader || log.readReplica === id)
  return {
    errorCode,
    highWatermark: log.end,
    abortedTransactions: log.aborted,
    preferredReadReplica: errorCode === 0 && isRedirected ? log.readReplica : -1,
    records: errorCode === 0 && !isRedirected ? log.read(Number(asked.fetchOffset), bytesMax) : new Uint8Array(0),
  }
}

function fetchError(log: FakeLog, { currentLeaderEpoch, fetchOffset }: FetchAsked, isServed: boolean): number {
  if (!isServed) return NOT_LEADER_OR_FOLLOWER
  if (currentLeaderEpoch >= 0 && currentLeaderEpoch < log.leaderEpoch) return FENCED_LEADER_EPOCH
  if (currentLeaderEpoch > log.leaderEpoch) return UNKNOWN_LEADER_EPOCH
  return log.rangeError(Number(fetchOffset))
}

function isWorthSaying({ errorCode, records }: { readonly errorCode: number; readonly records?: Uint8Array }): boolean {
  return errorCode !== 0 || (records?.length ?? 0) > 0
}
