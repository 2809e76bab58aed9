/** What a broker is sent that is no request: the connection ends, everybody else goes on. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { encodeRequest } from '@sluice/kafka-protocol'
import { type EmbeddedKafka, startEmbeddedKafka } from '@sluice/embedded-kafka'
import { RawClient } from '../support/raw-client.ts'

describe('bad input', () => {
  let kafka: EmbeddedKafka
  let healthy: RawClient
  let said: string[]
  beforeEach(async () => {
    said = []
    kafka = await startEmbeddedKafka({
      configs: { 'socket.request.max.bytes': '10000', 'connections.max.idle.ms': '600' },
      log: (_level, message) => said.push(message),
    })
    healthy = await open()
  })
  afterEach(async () => {
    healthy.close()
    await kafka.close()
  })

  const open = () => RawClient.open(kafka.addresses[0]!.port)
  const isServed = async () => (await healthy.send('Metadata', { topics: [] }, 12)).brokers.length === 1
  const request = (version = 12) =>
    Buffer.concat(encodeRequest('Metadata', version, { correlationId: 0, clientId: 'c' }, { topics: [] }))

  test.each([
    ['a negative length', Buffer.from('ffffffff00000000', 'hex')],
    ['a length beyond socket.request.max.bytes', Buffer.from('0000271100000000', 'hex')],
    ['a length that no header fits', Buffer.from('0000000400030000', 'hex')],
    ['another protocol', Buffer.from('GET / HTTP/1.1\r\nHost: kafka\r\n\r\n')],
    ['an unknown API key', Buffer.from('0000000c03e700000000000000016300', 'hex')],
    ['a version that is not offered', Buffer.from('0000000c000300630000000000016300', 'hex')],
    ['a body that is cut off', Buffer.from('0000000c0003000c0000000000016300', 'hex')],
  ])('%s closes the connection, and only that one', async (_what, bytes) => {
    const bad = await open()
    bad.write(bytes)
    await bad.closed
    expect(await isServed()).toBe(true)
    expect(said.some((message) => message.includes('was closed'))).toBe(true)
  })

  test('bytes behind the body are ignored, as in Apache Kafka: librdkafka asks so for all topics', async () => {
    const client = await open()
    const answered = new Promise<Buffer>((resolve) => client.socket.once('data', resolve))
    client.write(Buffer.from('000000190003000d00000003000772646b61666b610000000000010000', 'hex'))
    expect((await answered).readInt32BE(4)).toBe(3)
    client.close()
  })

  test('an ApiVersions request of an unknown version is answered in version 0 with what is offered', async () => {
    const client = await open()
    client.write(Buffer.from('0000000c001200630000000500016300', 'hex'))
    const bytes = await new Promise<Buffer>((resolve) => client.socket.once('data', resolve))
    expect(bytes.toString('hex')).toBe('0000001000000005002300000001001200000004')
    expect(
      (await client.send('ApiVersions', { clientSoftwareName: 'a', clientSoftwareVersion: '1' }, 3)).errorCode,
    ).toBe(0)
    client.close()
  })

  test('a client that calls itself something strange is refused, and may ask again', async () => {
    expect(
      (await healthy.send('ApiVersions', { clientSoftwareName: ' ', clientSoftwareVersion: '1' }, 3)).errorCode,
    ).toBe(42)
    expect(await isServed()).toBe(true)
  })

  test('a request that arrives byte by byte is served', async () => {
    const client = await open()
    client.socket.setNoDelay(true)
    const answered = new Promise<Buffer>((resolve) => client.socket.once('data', resolve))
    for (const byte of request()) {
      client.write(Buffer.of(byte))
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect((await answered).readInt32BE(4)).toBe(0)
    client.close()
  })

  test('half a request is given up, however slowly its sender stops', async () => {
    const client = await open()
    client.write(request().subarray(0, 10))
    await client.closed
    expect(said.some((message) => message.includes('half a request'))).toBe(true)
  })

  test('who says nothing for connections.max.idle.ms is disconnected', async () => {
    const client = await open()
    await client.closed
    expect(said.some((message) => message.includes('nothing moved'))).toBe(true)
  })

  test('answers come in the order of requests, whichever is ready first', async () => {
    const client = await open()
    const order: string[] = []
    const slow = client
      .send(
        'Fetch',
        {
          maxWaitMs: 100,
          minBytes: 1,
          topics: [{ topic: 'none', topicId: '', partitions: [] }],
          forgottenTopicsData: [],
          rackId: '',
        },
        12,
      )
      .then(() => order.push('fetch'))
    const fast = client.send('Metadata', { topics: [] }, 12).then(() => order.push('metadata'))
    await Promise.all([slow, fast])
    expect(order).toEqual(['fetch', 'metadata'])
    client.close()
  })

  test('connections beyond max.connections are refused', async () => {
    await using small = await startEmbeddedKafka({ configs: { 'max.connections': '2' } })
    const port = small.addresses[0]!.port
    const [first, second, third] = [await RawClient.open(port), await RawClient.open(port), await RawClient.open(port)]
    await third.closed
    expect((await second.send('Metadata', { topics: [] }, 12)).brokers).toHaveLength(1)
    first.close()
    second.close()
  })
})
