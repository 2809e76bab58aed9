import { afterEach, describe, expect, test } from '@jest/globals'
import { silentLogger, systemClock, systemRandom } from '@sluice/sdk'
import { MetricsRegistry } from '../../src/metrics.ts'
import { BrokerLinks } from '../../src/wire/broker-links.ts'
import { Connection, type ConnectionOptions } from '../../src/wire/connection.ts'
import { dialPlain } from '../../src/wire/dial.ts'
import { RequestGate } from '../../src/wire/request-gate.ts'
import { WireMetrics } from '../../src/wire/wire-metrics.ts'
import { SaslServer, type SaslServerOptions } from '../fake/sasl-server.ts'

const METADATA = { topics: [], allowAutoTopicCreation: false }
const registry = new MetricsRegistry(systemClock)
const OPTIONS: ConnectionOptions = {
  clientId: 'test',
  connectTimeoutMs: 30_000,
  requestTimeoutMs: 30_000,
  dial: dialPlain,
  clock: systemClock,
  metrics: new WireMetrics(registry, 'admin-client', 'test'),
}

let server: SaslServer
let connection: Connection | undefined
async function open(of: SaslServerOptions, options: Partial<ConnectionOptions> = {}): Promise<Connection> {
  server = await SaslServer.listen(of)
  const address = { host: '127.0.0.1', port: server.port }
  connection = await Connection.open('broker 1', address, { ...OPTIONS, ...options })
  return connection
}
afterEach(async () => {
  connection?.close()
  await server?.stop()
})

describe('the gate', () => {
  test('lets requests out in order once the broker may be asked again', async () => {
    const written: number[] = []
    const gate = new RequestGate<number>(systemClock, {
      write: (request) => written.push(request),
      authenticate: () => Promise.resolve(),
    })
    gate.pass(0)
    gate.mute(30)
    for (const request of [1, 2, 3]) gate.pass(request)
    expect(written).toEqual([0])
    expect(gate.isHolding).toBe(true)
    await systemClock.sleep(60)
    expect(written).toEqual([0, 1, 2, 3])
  })

  test('lets nothing overtake what it holds, at the very end of an authentication either', async () => {
    const written: number[] = []
    const gate: RequestGate<number> = new RequestGate<number>(systemClock, {
      write: (request) => written.push(request),
      authenticate: async () => {
        gate.authenticated(0, systemRandom)
        gate.pass(2)
      },
    })
    gate.authenticated(1, systemRandom)
    await systemClock.sleep(10)
    gate.pass(1)
    await systemClock.sleep(10)
    expect(written).toEqual([1, 2])
  })

  test('closed, it gives back what it holds and lets nothing out', async () => {
    const written: number[] = []
    const gate = new RequestGate<number>(systemClock, {
      write: (request) => written.push(request),
      authenticate: () => Promise.resolve(),
    })
    gate.authenticated(0, systemRandom)
    gate.mute(10)
    gate.pass(1)
    expect(gate.close()).toEqual([1])
    await systemClock.sleep(30)
    expect(written).toEqual([])
  })
})

describe('a broker that asks this client to wait (KIP-219)', () => {
  test('gets no request for as long as it asked', async () => {
    const waits = [80, 0]
    const found = await open({ throttleMs: () => waits.shift() ?? 0 })
    await found.send('Metadata', 12, METADATA)
    const askedAt = performance.now()
    const next = found.send('Metadata', 12, METADATA)
    await systemClock.sleep(40)
    expect(server.count('Metadata')).toBe(1)
    await next
    expect(performance.now() - askedAt).toBeGreaterThan(60)
  })

  test('the wait does not count against the deadline of a request', async () => {
    const waits = [150, 0]
    const found = await open({ throttleMs: () => waits.shift() ?? 0 })
    await found.send('Metadata', 12, METADATA)
    expect((await found.send('Metadata', 12, METADATA, 100)).clusterId).toBe('sasl')
  })

  test('waits for no longer than a request may take', async () => {
    const waits = [3_600_000, 0]
    const found = await open({ throttleMs: () => waits.shift() ?? 0 }, { requestTimeoutMs: 50 })
    await found.send('Metadata', 12, METADATA)
    expect((await found.send('Metadata', 12, METADATA)).clusterId).toBe('sasl')
  })

  test('what waits fails when the connection ends', async () => {
    const waits = [500, 0]
    const found = await open({ throttleMs: () => waits.shift() ?? 0 })
    await found.send('Metadata', 12, METADATA)
    const held = found.send('Metadata', 12, METADATA)
    await server.stop()
    await expect(held).rejects.toMatchObject({ code: 'KAFKA_UNREACHABLE', retriable: true })
  })
})

describe('a connection that nobody uses', () => {
  test('is closed after a while, and opened again at the next use without a pause', async () => {
    server = await SaslServer.listen({})
    const directory = { addressOf: () => ({ host: '127.0.0.1', port: server.port }) }
    const links = new BrokerLinks(directory, { ...OPTIONS, idleMaxMs: 30, reconnectBackoffMs: 10_000 }, silentLogger)
    const first = await links.to(1)
    await first.send('Metadata', 12, METADATA)
    await systemClock.sleep(100)
    expect(first.isOpen).toBe(false)
    expect(links.openTo(1)).toBeUndefined()
    const second = await links.to(1)
    expect(second.isOpen).toBe(true)
    links.close()
  })

  test('stays while an answer is awaited', async () => {
    const found = await open({ workMs: 120 }, { idleMaxMs: 30 })
    expect((await found.send('Metadata', 12, METADATA)).clusterId).toBe('sasl')
  })

  test('stays for ever if told so', async () => {
    const found = await open({}, { idleMaxMs: -1 })
    await systemClock.sleep(50)
    expect(found.isOpen).toBe(true)
  })
})

test('what connections did is counted per client and per node', async () => {
  const metrics = new WireMetrics(registry, 'producer', 'counted')
  server = await SaslServer.listen({ throttleMs: () => 0 })
  const directory = { addressOf: () => ({ host: '127.0.0.1', port: server.port }) }
  const links = new BrokerLinks(
    directory,
    { ...OPTIONS, clientId: 'counted', metrics },
    silentLogger,
    registry.opened('counted'),
  )
  await (await links.to(7)).send('Metadata', 12, METADATA)
  const groups = registry.read().filter(({ tags }) => tags['client-id'] === 'counted')
  expect(groups.map(({ group, tags }) => [group, tags['node-id']])).toEqual([
    ['producer-metrics', undefined],
    ['producer-node-metrics', 'node-7'],
  ])
  expect(groups[0]!.values).toMatchObject({
    'connection-count': 1,
    'connection-creation-total': 1,
    'request-total': 2,
    'response-total': 2,
  })
  expect(groups[1]!.values).toMatchObject({ 'request-total': 2, 'response-total': 2 })
  expect(groups[1]!.values['outgoing-byte-total']).toBeGreaterThan(40)
  expect(groups[1]!.values['request-latency-max']).toBeGreaterThan(0)
  links.close()
  expect(registry.read().some(({ tags }) => tags['client-id'] === 'counted')).toBe(false)
})
