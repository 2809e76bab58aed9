import net from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { connect, dialPlain } from '../src/index.ts'
import { FakeCluster } from './fake/fake-cluster.ts'

let cluster: FakeCluster
beforeEach(async () => {
  cluster = await FakeCluster.start(2)
})
afterEach(() => cluster.stop())

describe('bootstrap servers', () => {
  test('may be text or a list, with dead ones among them', async () => {
    const port = cluster.brokers[0]!.port
    for (const bootstrapServers of [
      `127.0.0.1:1, 127.0.0.1:${port}`,
      ['127.0.0.1:1', `PLAINTEXT://127.0.0.1:${port}`],
    ]) {
      const kafka = await connect({ bootstrapServers })
      expect(await kafka.admin.describeCluster()).toEqual({ clusterId: 'fake', brokers: 2 })
      await kafka.close()
    }
  })

  for (const bad of ['', ' , ', 'host:port', 'host:0', 'host:70000', 'a b:c:1']) {
    test(`'${bad}' is refused before anything is dialled`, async () => {
      await expect(connect({ bootstrapServers: bad })).rejects.toMatchObject({ code: 'SETTINGS_INVALID' })
    })
  }

  test('IPv6 addresses stand in brackets', async () => {
    const dialled: string[] = []
    const kafka = await connect({
      bootstrapServers: '[::1]:9999',
      dial: (address, ...rest) => {
        dialled.push(`${address.host} ${address.port}`)
        return dialPlain({ host: '127.0.0.1', port: cluster.brokers[0]!.port }, ...rest)
      },
    })
    expect(dialled[0]).toBe('::1 9999')
    await kafka.close()
  })
})

test('no broker in time: KAFKA_UNREACHABLE, with the addresses that were tried', async () => {
  await cluster.stop()
  const error = connect({ bootstrapServers: cluster.bootstrap, requestTimeoutMs: 300 })
  await expect(error).rejects.toMatchObject({ code: 'KAFKA_UNREACHABLE', retriable: true })
  await expect(error).rejects.toThrow(String(cluster.brokers[0]!.port))
})

test('no broker in time, although connecting may take longer', async () => {
  const dial = (): Promise<never> => new Promise(() => undefined)
  const error = connect({ bootstrapServers: 'a:1, b:1', requestTimeoutMs: 100, connectTimeoutMs: 20_000, dial })
  await expect(error).rejects.toMatchObject({ code: 'KAFKA_UNREACHABLE', retriable: true })
})

test('times that are none are refused, all at once', async () => {
  const error = connect({ bootstrapServers: 'a:1', requestTimeoutMs: 0, connectTimeoutMs: 2 ** 31 })
  await expect(error).rejects.toMatchObject({
    code: 'SETTINGS_INVALID',
    message: expect.stringMatching(/requestTimeoutMs is 0.*connectTimeoutMs is 2147483648/),
  })
})

test('a port that does not speak Kafka is said to be just that, at once', async () => {
  const server = net.createServer((socket) => {
    socket.on('error', () => undefined)
    socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as net.AddressInfo
  const started = performance.now()
  await expect(connect({ bootstrapServers: `127.0.0.1:${port}` })).rejects.toMatchObject({
    code: 'KAFKA_PROTOCOL',
    remedy: expect.stringContaining('Kafka listener'),
  })
  expect(performance.now() - started).toBeLessThan(2000)
  server.close()
})

test('closing ends every connection and stops what is under way', async () => {
  const kafka = await connect({ bootstrapServers: cluster.bootstrap, requestTimeoutMs: 60_000 })
  const waiting = kafka.admin.listOffsets([{ topic: 'missing', partition: 0 }], 'latest')
  setTimeout(() => void kafka.close(), 50)
  await expect(waiting).rejects.toMatchObject({ code: 'INTERRUPTED' })
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect(cluster.brokers.map(({ connections }) => connections)).toEqual([0, 0])
  expect(() => kafka.producer()).toThrow(expect.objectContaining({ code: 'INTERRUPTED' }))
})
