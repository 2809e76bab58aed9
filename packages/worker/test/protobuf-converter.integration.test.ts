/** Records in Protobuf, with the embedded registry, on a real Kafka: from a source over a topic to a sink. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { RegistryServer, connectRegistry } from '@sluice/schema-registry'
import { LOGICAL, array, decimal, primitive, struct, timestamp } from '@sluice/sdk'
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
    lines: array(struct({ article: primitive('string'), count: primitive('int16') }, { name: 'Line' })),
    note: primitive('string', { optional: true }),
  },
  { name: 'shop.Order' },
)
const order = (n: number): Readonly<Record<string, unknown>> & { readonly id: number } => ({
  id: n,
  price: `${n}.50`,
  at: n % 2 === 0 ? 1_700_000_000_000 + n : null,
  lines: [{ article: `ä${n}`, count: n }],
  note: n % 3 === 0 ? null : '',
})

onBroker('the Protobuf converter in a worker', () => {
  let cluster: TestCluster
  let registry: RegistryServer
  beforeAll(async () => {
    cluster = await TestCluster.open()
    registry = await RegistryServer.start({ kafka: cluster.kafka, topic: cluster.name('schemas'), port: 0 })
  })
  afterAll(async () => {
    await registry.close()
    await cluster.close()
  })

  const protobuf = (): RawSettings => ({
    'value.converter': 'io.confluent.connect.protobuf.ProtobufConverter',
    'value.converter.schema.registry.url': registry.url,
    'value.converter.optional.for.nullables': 'true',
  })

  test('structs arrive as they left, their schema is registered once, and what is no Protobuf is a dead letter', async () => {
    const topic = await cluster.topic('protobuf')
    const dead = await cluster.topic('protobuf-dead')
    const seen: SinkRecord[] = []
    const worker = await startWorker({
      plugins: [
        countingSource({ record: (n) => ({ valueSchema: ORDER, value: order(n) as never }) }),
        sinkOf(() => ({ put: async (records) => void seen.push(...records) })),
      ],
      worker: { 'offset.storage.topic': cluster.name('offsets'), 'offset.storage.replication.factor': '1' },
      connectors: [
        { name: cluster.name('source'), 'connector.class': 'counting', topic, count: '300', ...protobuf() },
        {
          name: cluster.name('sink'),
          'connector.class': 'parts',
          topics: topic,
          'errors.tolerance': 'all',
          'errors.deadletterqueue.topic.name': dead,
          'errors.deadletterqueue.topic.replication.factor': '1',
          'errors.deadletterqueue.context.headers.enable': 'true',
          ...protobuf(),
        },
      ],
    })
    await eventually('all has arrived', () => seen.length === 300)
    const whole = (await cluster.read(topic))[0]!.value!
    const cut = whole.subarray(0, whole.length - 1)
    const otherMessage = Buffer.concat([whole.subarray(0, 5), Buffer.from('0206', 'hex')])
    await cluster.put(topic, [
      'no Protobuf',
      { value: Buffer.from('0000ffffff00', 'hex') },
      { value: Buffer.from(cut) },
      { value: otherMessage },
    ])
    await eventually('the bad ones are dead letters', async () => (await cluster.count(dead)) === 4)
    await worker.stop()

    expect(seen.map(({ value }) => value)).toEqual(Array.from({ length: 300 }, (_, n) => order(n)))
    expect(new Set(seen.map(({ valueSchema }) => valueSchema)).size).toBe(1)
    expect(seen[0]!.valueSchema).toMatchObject({
      name: 'Order',
      fields: [{}, { schema: { name: LOGICAL.decimal } }, {}, { schema: { items: { name: 'Line' } } }, {}],
    })
    const client = connectRegistry({ 'schema.registry.url': registry.url })
    expect(await client.versions(`${topic}-value`)).toEqual([1])
    client.close()
    const reasons = (await cluster.read(dead)).map(
      (letter) => headersOf(letter)['__connect.errors.exception.stacktrace'],
    )
    expect(reasons).toEqual([
      expect.stringMatching(/Unknown magic byte 110/),
      expect.stringMatching(/Schema 16777215 not found/),
      expect.stringMatching(/The Protobuf value claims \d+ bytes where \d+ are left \(field=/),
      expect.stringMatching(/has no message with the indexes 3/),
    ])
  })
})
