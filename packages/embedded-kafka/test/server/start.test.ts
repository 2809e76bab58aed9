import net from 'node:net'
import { once } from 'node:events'
import { expect, test } from '@jest/globals'
import { BrokerStartError, startEmbeddedKafka } from '@sluice/embedded-kafka'
import { RawClient } from '../support/raw-client.ts'

test('a broker says where it listens, and that it is for one machine', async () => {
  const said: string[] = []
  await using kafka = await startEmbeddedKafka({ nodes: 2, log: (_level, message) => said.push(message) })
  expect(kafka.bootstrapServers.split(',')).toHaveLength(2)
  expect(said.join()).toContain(kafka.bootstrapServers)
  expect(said.join()).toContain('for one machine')
})

test('a port in use is an error that names it and says what to do', async () => {
  const taken = net.createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  const { port } = taken.address() as net.AddressInfo
  const error = await startEmbeddedKafka({ port }).catch((cause: unknown) => cause)
  expect(error).toBeInstanceOf(BrokerStartError)
  expect((error as BrokerStartError).message).toContain(`127.0.0.1:${port}: the port is in use`)
  expect((error as BrokerStartError).remedy).toContain('another port')
  taken.close()
})

test('of several ports either all are opened or none stays open', async () => {
  const taken = net.createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  const { port } = taken.address() as net.AddressInfo
  await expect(startEmbeddedKafka({ port: port - 1, nodes: 2 })).rejects.toThrow()
  await expect(RawClient.open(port - 1)).rejects.toThrow('ECONNREFUSED')
  taken.close()
})

test('a host that this machine does not have is an error that says so', async () => {
  await expect(startEmbeddedKafka({ host: '192.0.2.1' })).rejects.toThrow('no address of this machine')
})

test('close disconnects everybody, and may be called again', async () => {
  const kafka = await startEmbeddedKafka()
  const client = await RawClient.open(kafka.addresses[0]!.port)
  const waiting = client.send('Metadata', { topics: [] }, 12)
  await waiting
  await Promise.all([kafka.close(), kafka.close()])
  await client.closed
  await expect(RawClient.open(kafka.addresses[0]!.port)).rejects.toThrow('ECONNREFUSED')
})
