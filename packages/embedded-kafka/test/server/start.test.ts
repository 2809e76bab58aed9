import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { BrokerStartError, startEmbeddedKafka } from '@sluice/embedded-kafka'
import { RawClient } from '../support/raw-client.ts'
import { createTopic } from '../support/requests.ts'

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

test('a directory that was used with more nodes is led by those that are left, and keeps its cluster id', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'embedded-kafka-'))
  const start = (nodes: number) => startEmbeddedKafka({ dataDir, nodes, configs: { 'num.partitions': '3' } })
  const first = await start(3)
  const before = await RawClient.open(first.addresses[0]!.port)
  await createTopic(before, 'orders')
  before.close()
  await first.close()
  const second = await start(1)
  const client = await RawClient.open(second.addresses[0]!.port)
  const { topics, clusterId } = await client.send('Metadata', { topics: null }, 12)
  expect(topics[0]!.partitions.map(({ leaderId, leaderEpoch }) => [leaderId, leaderEpoch])).toEqual([
    [1, 0],
    [1, 1],
    [1, 1],
  ])
  expect(clusterId).toBe(first.clusterId)
  client.close()
  await second.close()
  rmSync(dataDir, { recursive: true })
})

test('a directory in use is refused, and let go of when a start fails', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'embedded-kafka-'))
  const first = await startEmbeddedKafka({ dataDir })
  await expect(startEmbeddedKafka({ dataDir })).rejects.toBeInstanceOf(BrokerStartError)
  const { port } = first.addresses[0]!
  await first.close()
  const taken = net.createServer().listen(port, '127.0.0.1')
  await once(taken, 'listening')
  await expect(startEmbeddedKafka({ dataDir, port })).rejects.toThrow('in use')
  taken.close()
  const second = await startEmbeddedKafka({ dataDir })
  await second.close()
  rmSync(dataDir, { recursive: true })
})

test('a directory whose files are damaged is let go of, so that it can be used once they are mended', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'embedded-kafka-'))
  for (const name of ['cluster.json', 'producer-ids.json', 'settings.json']) {
    writeFileSync(join(dataDir, name), '{')
    await expect(startEmbeddedKafka({ dataDir })).rejects.toThrow(name)
    rmSync(join(dataDir, name))
    const mended = await startEmbeddedKafka({ dataDir })
    await mended.close()
  }
  rmSync(dataDir, { recursive: true })
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
