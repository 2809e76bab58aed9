import { afterEach, expect, test } from '@jest/globals'
import { type Clock, silentLogger, systemClock } from '@sluice/sdk'
import { MetricsRegistry } from '../../src/metrics.ts'
import { resolveSecurity } from '../../src/security/security.ts'
import { Connection } from '../../src/wire/connection.ts'
import { WireMetrics } from '../../src/wire/wire-metrics.ts'
import { type Conversation, SaslServer, type SaslServerOptions, plainServer } from '../fake/sasl-server.ts'

const METADATA = { topics: [], allowAutoTopicCreation: false }
const HOUR_MS = 3_600_000

let server: SaslServer
let connection: Connection
const time = { aheadMs: 0, isShort: false }
const clock: Clock = {
  ...systemClock,
  monotonic: () => systemClock.monotonic() + time.aheadMs,
  sleep: (ms, signal) => systemClock.sleep(time.isShort ? 20 : ms, signal),
}
const registry = new MetricsRegistry(clock)
let serial = 0
let values: () => Readonly<Record<string, number>>

async function open(options: SaslServerOptions): Promise<void> {
  server = await SaslServer.listen(options)
  const sasl = { mechanism: 'PLAIN', username: 'alice', password: 'secret' } as const
  const id = `test-${serial++}`
  values = () => registry.group('consumer-metrics', { 'client-id': id }).read().values
  connection = await Connection.open(
    'broker 1',
    { host: '127.0.0.1', port: server.port },
    {
      ...resolveSecurity({ sasl }, silentLogger),
      clientId: id,
      connectTimeoutMs: 30_000,
      requestTimeoutMs: 30_000,
      clock,
      metrics: new WireMetrics(registry, 'consumer', id),
    },
  )
}
const ask = (): Promise<unknown> => connection.send('Metadata', 12, METADATA, 10 * HOUR_MS)

afterEach(async () => {
  time.isShort = false
  connection.close()
  await server.stop()
})

test('before 85 % of the session nothing happens, after 95 % the next request comes after a new authentication', async () => {
  await open({ converse: plainServer('alice', 'secret'), lifetimeMs: () => HOUR_MS })
  time.aheadMs += HOUR_MS * 0.84
  await ask()
  expect(server.count('SaslAuthenticate')).toBe(1)
  time.aheadMs += HOUR_MS * 0.11
  await ask()
  expect(server.requests.slice(-4)).toEqual(['Metadata:1', 'SaslHandshake:1', 'SaslAuthenticate:1', 'Metadata:1'])
  expect(values()).toMatchObject({ 'successful-authentication-total': 1, 'successful-reauthentication-total': 1 })
})

test('a session without an end is never renewed', async () => {
  await open({ converse: plainServer('alice', 'secret') })
  time.aheadMs += 1000 * HOUR_MS
  await ask()
  expect(server.count('SaslAuthenticate')).toBe(1)
})

test('requests that come meanwhile wait and keep their order; those under way are answered before', async () => {
  await open({ converse: plainServer('alice', 'secret'), lifetimeMs: () => HOUR_MS, workMs: 5 })
  const before = [ask(), ask()]
  time.aheadMs += HOUR_MS
  const order: number[] = []
  const after = [0, 1, 2, 3].map(async (i) => {
    await ask()
    order.push(i)
  })
  await Promise.all([...before, ...after])
  expect(order).toEqual([0, 1, 2, 3])
  const apis = server.requests.slice(3).map((request) => request.split(':')[0])
  const again = ['SaslHandshake', 'SaslAuthenticate']
  expect(apis).toEqual([...Array<string>(2).fill('Metadata'), ...again, ...Array<string>(4).fill('Metadata')])
})

test('each renewal counts from the last one', async () => {
  await open({ converse: plainServer('alice', 'secret'), lifetimeMs: () => HOUR_MS })
  for (let i = 0; i < 3; i++) {
    time.aheadMs += HOUR_MS
    await ask()
    await ask()
  }
  expect(server.count('SaslAuthenticate')).toBe(4)
})

test('a broker that refuses the second time ends the connection retriably: a new one will say for good', async () => {
  let isWelcome = true
  const converse = (): Conversation => () => (isWelcome ? '' : { error: 'user was removed' })
  await open({ converse, lifetimeMs: () => HOUR_MS })
  isWelcome = false
  time.aheadMs += HOUR_MS
  const outcomes = await Promise.allSettled([ask(), ask()])
  for (const outcome of outcomes) {
    expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'KAFKA_UNREACHABLE', retriable: true } })
  }
  expect(connection.isOpen).toBe(false)
  expect(server.count('Metadata')).toBe(0)
  expect(values()).toMatchObject({ 'failed-reauthentication-total': 1, 'failed-authentication-total': 0 })
})

test('a broker that falls silent the second time does not hang anybody', async () => {
  let isSilent = false
  await open({ converse: () => () => (isSilent ? { do: 'hang' } : ''), lifetimeMs: () => HOUR_MS })
  isSilent = true
  time.isShort = true
  time.aheadMs += HOUR_MS
  await expect(ask()).rejects.toMatchObject({ code: 'KAFKA_UNREACHABLE', retriable: true })
})
