import { once } from 'node:events'
import net from 'node:net'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { silentLogger, systemClock } from '@sluice/sdk'
import { BrokerLinks } from '../../src/wire/broker-links.ts'
import { type BrokerAddress, type Dial, dialPlain } from '../../src/wire/dial.ts'
import { FakeCluster } from '../fake/fake-cluster.ts'

let cluster: FakeCluster
let links: BrokerLinks
let addresses: Map<number, BrokerAddress>
let dials: number[]

const dial: Dial = (...args) => {
  dials.push(performance.now())
  return dialPlain(...args)
}

beforeEach(async () => {
  cluster = await FakeCluster.start(2)
  addresses = new Map(cluster.brokers.map(({ id, port }) => [id, { host: '127.0.0.1', port }]))
  dials = []
  const random = { next: () => 0.5 }
  const options = {
    clientId: 'test',
    connectTimeoutMs: 30_000,
    requestTimeoutMs: 30_000,
    dial,
    clock: systemClock,
    random,
  }
  links = new BrokerLinks({ addressOf: (id) => addresses.get(id) }, options, silentLogger)
})
afterEach(async () => {
  links.close()
  await cluster.stop()
})

test('everybody who asks at once shares one connection', async () => {
  const [a, b] = await Promise.all([links.to(1), links.to(1)])
  expect(a).toBe(b)
  expect(await links.to(1)).toBe(a)
  expect(links.openTo(1)).toBe(a)
  expect(links.openTo(2)).toBeUndefined()
  expect(dials).toHaveLength(1)
})

test('a connection that died is dialled again', async () => {
  const first = await links.to(1)
  await first.send('Metadata', 12, { topics: [], allowAutoTopicCreation: false })
  first.close()
  const second = await links.to(1)
  expect(second).not.toBe(first)
  expect(second.isOpen).toBe(true)
})

test('a broker that was upgraded in between is asked again what it speaks', async () => {
  cluster.versions.set('Fetch', { minVersion: 4, maxVersion: 12 })
  const before = await links.to(1)
  expect(before.version('Fetch')).toBe(12)
  cluster.versions.set('Fetch', { minVersion: 4, maxVersion: 15 })
  before.close()
  expect((await links.to(1)).version('Fetch')).toBe(15)
})

test('a broker that cannot be reached is dialled with growing pauses', async () => {
  await cluster.stop()
  for (let i = 0; i < 4; i++) await expect(links.to(1)).rejects.toMatchObject({ code: 'KAFKA_UNREACHABLE' })
  const pauses = dials.slice(1).map((at, i) => at - dials[i]!)
  expect(pauses[0]!).toBeGreaterThan(40)
  expect(pauses[1]!).toBeGreaterThan(90)
  expect(pauses[2]!).toBeGreaterThan(190)
})

test('a broker that moved is dialled at its new address', async () => {
  const first = await links.to(1)
  addresses.set(1, addresses.get(2)!)
  const second = await links.to(1)
  expect(first.isOpen).toBe(false)
  expect(second.name).toContain(String(cluster.brokers[1]!.port))
})

test('closing ends a connection that is only being opened', async () => {
  const silent = net.createServer()
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  const accepted = once(silent, 'connection')
  const opening = links.at('silent', { host: '127.0.0.1', port: (silent.address() as net.AddressInfo).port })
  const [socket] = (await accepted) as [net.Socket]
  const hungUp = once(socket.resume(), 'close')
  links.close()
  await expect(opening).rejects.toMatchObject({ code: 'INTERRUPTED' })
  await hungUp
  silent.close()
})

test('an unknown broker is retriable: metadata may know it soon', async () => {
  await expect(links.to(9)).rejects.toMatchObject({ code: 'KAFKA_UNREACHABLE', retriable: true })
})

test('after closing nothing is dialled', async () => {
  const open = await links.to(1)
  links.close()
  expect(open.isOpen).toBe(false)
  await expect(links.to(1)).rejects.toMatchObject({ code: 'INTERRUPTED' })
  expect(dials).toHaveLength(1)
})
