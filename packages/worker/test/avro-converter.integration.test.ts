/** Records in Avro, with the embedded registry, on a real Kafka: from a source over a topic to a sink. */
import { once } from 'node:events'
import net from 'node:net'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { RegistryServer, connectRegistry } from '@sluice/schema-registry'
import { LOGICAL, decimal, primitive, struct, timestamp } from '@sluice/sdk'
import type { RawSettings, SinkRecord } from '@sluice/sdk'
import { eventually } from './support/eventually.ts'
import { headersOf } from './support/fake-kafka.ts'
import { onBroker, startWorker, TestCluster } from './support/test-cluster.ts'
import { countingSource, sinkOf } from './support/test-connectors.ts'

const ORDER = struct(
  {
    id: primitive('int64'),
    price: decimal(2),
    at: timestamp({ optional: true }),
    note: primitive('string', { default: 'none' }),
  },
  { name: 'shop.Order' },
)
const order = (n: number): { id: number; price: string; at: number | null; note: string } => ({
  id: n,
  price: `${n}.50`,
  at: n % 2 === 0 ? 1_700_000_000_000 + n : null,
  note: `ä${n}`,
})

onBroker('the Avro converter in a worker', () => {
  let cluster: TestCluster
  let registry: RegistryServer
  /** On the way to the registry: tasks must not leave any behind. */
  const connections = new Set<net.Socket>()
  let connected = 0
  let proxy: net.Server
  beforeAll(async () => {
    cluster = await TestCluster.open()
    registry = await RegistryServer.start({ kafka: cluster.kafka, topic: cluster.name('schemas'), port: 0 })
    const port = Number(new URL(registry.url).port)
    proxy = net.createServer((socket) => {
      connected += 1
      connections.add(socket)
      const onward = net.connect(port, '127.0.0.1')
      socket.on('error', () => onward.destroy()).on('close', () => connections.delete(socket))
      onward.on('error', () => socket.destroy())
      socket.pipe(onward).pipe(socket)
    })
    await once(proxy.listen(0, '127.0.0.1'), 'listening')
  })
  afterAll(async () => {
    for (const socket of connections) socket.destroy()
    proxy.close()
    await registry.close()
    await cluster.close()
  })

  const avro = (): RawSettings => ({
    'value.converter': 'io.confluent.connect.avro.AvroConverter',
    'value.converter.schema.registry.url': `http://127.0.0.1:${(proxy.address() as net.AddressInfo).port}`,
  })

  test('structs arrive as they left, their schema is registered once, and what is no Avro is a dead letter', async () => {
    const topic = await cluster.topic('avro')
    const dead = await cluster.topic('avro-dead')
    const seen: SinkRecord[] = []
    const worker = await startWorker({
      plugins: [
        countingSource({ record: (n) => ({ valueSchema: ORDER, value: order(n) }) }),
        sinkOf(() => ({ put: async (records) => void seen.push(...records) })),
      ],
      worker: { 'offset.storage.topic': cluster.name('offsets'), 'offset.storage.replication.factor': '1' },
      connectors: [
        { name: cluster.name('source'), 'connector.class': 'counting', topic, count: '300', ...avro() },
        {
          name: cluster.name('sink'),
          'connector.class': 'parts',
          topics: topic,
          'errors.tolerance': 'all',
          'errors.deadletterqueue.topic.name': dead,
          'errors.deadletterqueue.topic.replication.factor': '1',
          'errors.deadletterqueue.context.headers.enable': 'true',
          ...avro(),
        },
      ],
    })
    await eventually('all has arrived', () => seen.length === 300)
    const cut = (await cluster.read(topic))[0]!.value!.subarray(0, 7)
    await cluster.put(topic, ['no Avro', { value: Buffer.from('0000ffffff00', 'hex') }, { value: Buffer.from(cut) }])
    await eventually('the bad ones are dead letters', async () => (await cluster.count(dead)) === 3)
    await worker.stop()

    expect(seen.map(({ value }) => value)).toEqual(Array.from({ length: 300 }, (_, n) => order(n)))
    expect(new Set(seen.map(({ valueSchema }) => valueSchema)).size).toBe(1)
    expect(seen[0]!.valueSchema).toMatchObject({
      name: 'shop.Order',
      fields: [{}, { schema: { name: LOGICAL.decimal } }, {}, {}],
    })
    const client = connectRegistry({ 'schema.registry.url': registry.url })
    expect(await client.versions(`${topic}-value`)).toEqual([1])
    client.close()
    await eventually('nobody is connected to the registry any more', () => connections.size === 0)
    expect(connected).toBeGreaterThan(0)
    const letters = (await cluster.read(dead)).map(headersOf)
    const reasons = letters.map((headers) => headers['__connect.errors.exception.message'])
    expect(reasons).toEqual([
      expect.stringMatching(/^Unknown magic byte 110/),
      expect.stringMatching(/Schema 16777215 not found/),
      'The Avro value claims 1 bytes where 0 are left',
    ])
    expect(letters[2]!['__connect.errors.exception.stacktrace']).toContain('(field=price)')
  })
})
