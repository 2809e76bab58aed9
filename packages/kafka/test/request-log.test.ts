import { afterEach, expect, test } from '@jest/globals'
import { connect } from '../src/cluster.ts'
import type { Kafka } from '../src/port.ts'
import { RequestLog } from '../src/request-log.ts'
import { FakeCluster } from './fake/fake-cluster.ts'

const note = (log: RequestLog, id: number): number => log.sent(1000 + id, 'me', 'broker 1 at b:1', 'Fetch', 12, id, 50)

test('the last requests are kept in order, each with what became of it', () => {
  const log = new RequestLog(3)
  const tickets = [0, 1, 2, 3].map((id) => note(log, id))
  log.ended(tickets[3]!, 5, 70, 'answered')
  log.ended(tickets[1]!, 9, 0, 'KAFKA_TIMEOUT')
  const facts = log.read().map(({ correlationId, latencyMs, responseBytes, outcome }) => ({
    correlationId,
    latencyMs,
    responseBytes,
    outcome,
  }))
  expect(facts).toEqual([
    { correlationId: 1, latencyMs: 9, responseBytes: 0, outcome: 'KAFKA_TIMEOUT' },
    { correlationId: 2, latencyMs: NaN, responseBytes: 0, outcome: 'waiting' },
    { correlationId: 3, latencyMs: 5, responseBytes: 70, outcome: 'answered' },
  ])
})

test('an answer whose request was written over changes nothing', () => {
  const log = new RequestLog(1)
  const old = note(log, 0)
  note(log, 1)
  log.ended(old, 5, 70, 'answered')
  expect(log.read()).toMatchObject([{ correlationId: 1, outcome: 'waiting' }])
})

test('a log of no length keeps nothing', () => {
  const log = new RequestLog(0)
  log.ended(note(log, 0), 1, 1, 'answered')
  expect(log.read()).toEqual([])
})

let kafka: Kafka | undefined
let cluster: FakeCluster | undefined
afterEach(async () => {
  await kafka?.close()
  await cluster?.stop()
})

test('a cluster remembers its requests, also those that went wrong, and never what was in them', async () => {
  cluster = await FakeCluster.start()
  kafka = await connect({ bootstrapServers: cluster.bootstrap, requestTimeoutMs: 300, requestLogSize: 5 })
  cluster.failNext('Metadata', { do: 'drop' })
  await kafka.admin.describeTopics(['some-secret-topic']).catch(() => undefined)
  const log = kafka.requestLog()
  expect(log.length).toBe(5)
  expect(log).toContainEqual(
    expect.objectContaining({ api: 'Metadata', outcome: 'KAFKA_UNREACHABLE', clientId: 'sluice', responseBytes: 0 }),
  )
  expect(JSON.stringify(log)).not.toContain('some-secret-topic')
})
