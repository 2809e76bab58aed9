/** Records in JSON with their JSON Schema in the embedded registry, on a real Kafka: from a source over a topic to a sink. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { RegistryServer, connectRegistry } from '@sluice/schema-registry'
import { LOGICAL, decimal, map, primitive, struct, timestamp } from '@sluice/sdk'
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
    parts: map(primitive('int32'), primitive('float32')),
  },
  { name: 'shop.Order' },
)
const order = (n: number): Record<string, unknown> => ({
  id: n,
  price: `${n}.50`,
  at: n % 2 === 0 ? 1_700_000_000_000 + n : null,
  note: `ä${n}`,
  parts: new Map([[n, n + 0.5]]),
})

onBroker('the JSON Schema converter in a worker', () => {
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

  const jsonSchema = (): RawSettings => ({
    'value.converter': 'io.confluent.connect.json.JsonSchemaConverter',
    'value.converter.schema.registry.url': registry.url,
    'value.converter.decimal.format': 'NUMERIC',
    'value.converter.json.fail.invalid.schema': 'true',
  })

  test('structs arrive as they left, their schema is registered once, and what it does not allow is a dead letter', async () => {
    const topic = await cluster.topic('json-schema')
    const dead = await cluster.topic('json-schema-dead')
    const seen: SinkRecord[] = []
    const worker = await startWorker({
      plugins: [
        countingSource({ record: (n) => ({ valueSchema: ORDER, value: order(n) as never }) }),
        sinkOf(() => ({ put: async (records) => void seen.push(...records) })),
      ],
      worker: { 'offset.storage.topic': cluster.name('offsets'), 'offset.storage.replication.factor': '1' },
      connectors: [
        { name: cluster.name('source'), 'connector.class': 'counting', topic, count: '300', ...jsonSchema() },
        {
          name: cluster.name('sink'),
          'connector.class': 'parts',
          topics: topic,
          'errors.tolerance': 'all',
          'errors.deadletterqueue.topic.name': dead,
          'errors.deadletterqueue.topic.replication.factor': '1',
          'errors.deadletterqueue.context.headers.enable': 'true',
          ...jsonSchema(),
        },
      ],
    })
    await eventually('all has arrived', () => seen.length === 300)
    const [first] = await cluster.read(topic)
    const prefix = Buffer.from(first!.value!).subarray(0, 5)
    const behind = (json: string): { value: Buffer } => ({ value: Buffer.concat([prefix, Buffer.from(json)]) })
    await cluster.put(topic, [
      'no prefix',
      { value: Buffer.from('0000ffffff7b7d', 'hex') },
      behind('{"id":"x"}'),
      behind('{"id":'),
    ])
    await eventually('the bad ones are dead letters', async () => (await cluster.count(dead)) === 4)
    await worker.stop()

    expect(seen.map(({ value }) => value)).toEqual(Array.from({ length: 300 }, (_, n) => order(n)))
    expect(new Set(seen.map(({ valueSchema }) => valueSchema)).size).toBe(1)
    expect(seen[0]!.valueSchema).toMatchObject({
      name: 'shop.Order',
      fields: [{}, { schema: { name: LOGICAL.decimal } }, {}, {}, {}],
    })
    expect(Buffer.from(first!.value!).subarray(5).toString()).toBe(
      '{"id":0,"price":0.50,"at":1700000000000,"note":"ä0","parts":[{"key":0,"value":0.5}]}',
    )
    const client = connectRegistry({ 'schema.registry.url': registry.url })
    expect(await client.versions(`${topic}-value`)).toEqual([1])
    client.close()
    const reasons = (await cluster.read(dead)).map((letter) => headersOf(letter)['__connect.errors.exception.message'])
    expect(reasons).toEqual([
      expect.stringMatching(/^Unknown magic byte 110/),
      expect.stringMatching(/Schema 16777215 not found/),
      expect.stringMatching(/^The value is not what its JSON Schema says: must be integer/),
      expect.stringMatching(/^Converting byte\[\] to Kafka Connect data failed due to serialization error: /),
    ])
  })
})
