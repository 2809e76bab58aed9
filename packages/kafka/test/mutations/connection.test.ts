/** Mutated answers through a real connection: nothing crashes, nothing hangs, and what is read is records or an error. */
import net from 'node:net'
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import {
  type ApiName,
  API_VERSIONS,
  ProtocolError,
  type RequestInput,
  type ResponseBody,
  type ResponseInput,
  apiVersions,
  decodeRequestHeader,
  encodeRequestBody,
  encodeResponse,
} from '@sluice/kafka-protocol'
import { SluiceError, systemClock } from '@sluice/sdk'
import { ReadAhead } from '../../src/fetch/read-ahead.ts'
import { Connection } from '../../src/wire/connection.ts'
import { dialPlain } from '../../src/wire/dial.ts'
import { ANSWERS } from './answers.ts'
import { generator, mutate } from './mutate.ts'

jest.setTimeout(120_000)

const SEED = Number(process.env['SLUICE_FUZZ_SEED'] ?? 20_260)
const ANSWERS_COUNT = Number(process.env['SLUICE_FUZZ_COUNT'] ?? 20_000)
const AT_A_TIME = 32
const TIMEOUT_MS = 150
const MEMORY_BYTES_MAX = 400 * 1024 * 1024

const REQUESTS: { readonly [N in ApiName]?: RequestInput<N> } = {
  Metadata: { topics: [], allowAutoTopicCreation: false },
  Fetch: { maxWaitMs: 0, minBytes: 0, topics: [], forgottenTopicsData: [], rackId: '' },
  Produce: { acks: -1, timeoutMs: 1000, topicData: [] },
  ListOffsets: { isolationLevel: 0, topics: [] },
  OffsetForLeaderEpoch: { topics: [] },
  FindCoordinator: { keyType: 0, coordinatorKeys: ['g'] },
  OffsetFetch: { groups: [{ groupId: 'g', topics: null }], requireStable: true },
  OffsetCommit: { groupId: 'g', memberId: '', topics: [] },
  CreateTopics: { topics: [], timeoutMs: 1000 },
  InitProducerId: { transactionalId: null, transactionTimeoutMs: 1000, producerId: -1, producerEpoch: -1 },
  JoinGroup: { groupId: 'g', sessionTimeoutMs: 1, memberId: '', protocolType: 'consumer', protocols: [] },
  SyncGroup: { groupId: 'g', generationId: 1, memberId: '', assignments: [] },
  Heartbeat: { groupId: 'g', generationId: 1, memberId: '' },
  DescribeGroups: { groups: ['g'] },
  DescribeConfigs: { resources: [], includeSynonyms: false },
  EndTxn: { transactionalId: 't', producerId: 1, producerEpoch: 1, committed: true },
}
const APIS = Object.keys(REQUESTS) as ApiName[]
/** A version in which the request cannot be said is one that its sender does not speak, as `lowest` says everywhere in the port. */
const LOWEST = new Map(APIS.map((api) => [api, lowestOf(api)]))
const HIGHEST: Partial<Record<ApiName, number>> = { InitProducerId: 5 }

const random = generator(SEED)
let server: net.Server
let port = 0
const rejections: unknown[] = []
const onRejection = (reason: unknown): void => void rejections.push(reason)

beforeAll(async () => {
  process.on('unhandledRejection', onRejection)
  server = net.createServer((socket) => {
    let pending = Buffer.alloc(0)
    let isFirst = true
    socket.on('error', () => undefined)
    socket.on('data', (chunk: Buffer) => {
      pending = Buffer.concat([pending, chunk])
      while (pending.length >= 4 && pending.length >= 4 + pending.readInt32BE(0)) {
        const frame = pending.subarray(4, 4 + pending.readInt32BE(0))
        pending = pending.subarray(4 + frame.length)
        const answer = answerTo(frame)
        // Without versions there is no connection: those are mutated now and then only.
        socket.write(isFirst && random() < 0.9 ? answer : mutate(answer, random))
        isFirst = false
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  port = (server.address() as net.AddressInfo).port
})

afterAll(() => {
  process.off('unhandledRejection', onRejection)
  server.close()
})

test(`${ANSWERS_COUNT} mutated answers: each is read or refused by its deadline (SLUICE_FUZZ_SEED=${SEED})`, async () => {
  const before = process.memoryUsage().rss
  const outcomes = { answered: 0, refused: 0, records: 0 }
  const faults: unknown[] = []
  let left = ANSWERS_COUNT
  let memoryMax = 0
  const worker = async (): Promise<void> => {
    let connection: Connection | undefined
    while (left-- > 0) {
      const api = APIS[Math.floor(random() * APIS.length)]!
      try {
        if (connection?.isOpen !== true) connection = await opened()
        const started = performance.now()
        const body = await ask(connection, api)
        outcomes.answered++
        if (performance.now() - started > 50 * TIMEOUT_MS) faults.push(`${api} took too long`)
        if (api === 'Fetch') outcomes.records += read(body as ResponseBody<'Fetch'>)
      } catch (error) {
        outcomes.refused++
        if (!(error instanceof SluiceError)) faults.push(error)
      }
      if (left % 500 === 0) memoryMax = Math.max(memoryMax, process.memoryUsage().rss - before)
    }
    connection?.close()
  }
  await Promise.all(Array.from({ length: AT_A_TIME }, worker))
  expect(faults).toEqual([])
  expect(rejections).toEqual([])
  // A test in which nothing gets through, or everything does, would prove nothing.
  expect(outcomes.answered).toBeGreaterThan(ANSWERS_COUNT / 20)
  expect(outcomes.refused).toBeGreaterThan(ANSWERS_COUNT / 20)
  expect(outcomes.records).toBeGreaterThan(0)
  expect(memoryMax).toBeLessThan(MEMORY_BYTES_MAX)
})

function opened(): Promise<Connection> {
  const options = { clientId: 'fuzz', connectTimeoutMs: TIMEOUT_MS, requestTimeoutMs: TIMEOUT_MS }
  return Connection.open('broker 1', { host: '127.0.0.1', port }, { ...options, dial: dialPlain, clock: systemClock })
}

function lowestOf(api: ApiName): number {
  for (let version = apiVersions(api).minVersion; ; version++) {
    try {
      encodeRequestBody(api, version, REQUESTS[api] as RequestInput<typeof api>)
      return version
    } catch (error) {
      if (!(error instanceof ProtocolError) || version >= apiVersions(api).stableVersion) throw error
    }
  }
}

function ask<N extends ApiName>(connection: Connection, api: N): Promise<ResponseBody<N>> {
  const version = connection.version(api, { lowest: LOWEST.get(api)!, highest: HIGHEST[api] ?? 32767 })
  return connection.send(api, version, REQUESTS[api] as RequestInput<N>)
}

/** Everything in a fetched answer, as a consumer would look at it. Damaged bytes are a ProtocolError, never anything else. */
function read({ responses }: ResponseBody<'Fetch'>): number {
  let count = 0
  for (const { partitions } of responses) {
    for (const { records, abortedTransactions } of partitions) {
      if (records === null) continue
      const raw = {
        records,
        aborted: abortedTransactions ?? [],
        highWatermark: 0,
        lastStableOffset: 0,
        logStartOffset: 0,
      }
      try {
        for (const batch of new ReadAhead(raw, 'read_committed').take(0, Infinity).batches) {
          for (let i = 0; i < batch.count; i++) {
            count += 1 + 0 * (batch.key(i)?.length ?? 0) + 0 * (batch.value(i)?.length ?? 0)
            batch.headers(i)
          }
        }
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error
      }
    }
  }
  return count
}

function answerTo(frame: Buffer): Buffer {
  const { apiKey, apiVersion, correlationId } = decodeRequestHeader(frame)
  if (apiKey === apiVersions('ApiVersions').key) {
    const apiKeys = API_VERSIONS.map(({ key, minVersion, stableVersion: maxVersion }) => {
      return { apiKey: key, minVersion, maxVersion }
    })
    return Buffer.concat(encodeResponse('ApiVersions', apiVersion, correlationId, { errorCode: 0, apiKeys }))
  }
  const api = apiVersions(apiKey)!.name
  const body = ANSWERS[api] as ResponseInput<typeof api>
  return Buffer.concat(encodeResponse(api, apiVersion, correlationId, body))
}
