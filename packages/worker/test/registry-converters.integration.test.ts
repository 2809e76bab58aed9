/** Records in Avro, in JSON with its schema, and in Protobuf, with the embedded registry, on a real Kafka. */
import { once } from 'node:events'
import net from 'node:net'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { LOGICAL, array, decimal, map, primitive, struct, timestamp } from '@sluice/sdk'
import type { Value } from '@sluice/sdk'
import { eventually } from './support/eventually.ts'
import { RegistryBench } from './support/registry-flow.ts'
import { onBroker } from './support/test-cluster.ts'

const MESSAGE = '__connect.errors.exception.message'
const TRACE = '__connect.errors.exception.stacktrace'

const common = { id: primitive('int64'), price: decimal(2), at: timestamp({ optional: true }) }
const commonOf = (n: number): Readonly<Record<string, Value>> => ({
  id: n,
  price: `${n}.50`,
  at: n % 2 === 0 ? 1_700_000_000_000 + n : null,
})

onBroker('converters with a schema registry in a worker', () => {
  let bench: RegistryBench
  beforeAll(async () => void (bench = await RegistryBench.open()))
  afterAll(() => bench.close())

  test('Avro: structs arrive as they left, their schema is registered once, what is no Avro is a dead letter, and connections end with the task', async () => {
    const way = await WayToRegistry.open(bench.registry.url)
    const { seen, expected, letters, versions } = await bench.run({
      name: 'avro',
      schema: struct({ ...common, note: primitive('string', { default: 'none' }) }, { name: 'shop.Order' }),
      value: (n) => ({ ...commonOf(n), note: `ä${n}` }),
      converter: () => ({
        'value.converter': 'io.confluent.connect.avro.AvroConverter',
        'value.converter.schema.registry.url': way.url,
      }),
      bad: (first) => ['no Avro', { value: Buffer.from('0000ffffff00', 'hex') }, { value: first.subarray(0, 7) }],
    })
    await eventually('nobody is connected to the registry any more', () => way.open === 0)
    expect(way.opened).toBeGreaterThan(0)
    way.close()

    expect(seen.map(({ value }) => value)).toEqual(expected)
    expect(new Set(seen.map(({ valueSchema }) => valueSchema)).size).toBe(1)
    expect(seen[0]!.valueSchema).toMatchObject({
      name: 'shop.Order',
      fields: [{}, { schema: { name: LOGICAL.decimal } }, {}, {}],
    })
    expect(versions).toEqual([1])
    expect(letters.map((headers) => headers[MESSAGE])).toEqual([
      expect.stringMatching(/^Unknown magic byte 110/),
      expect.stringMatching(/Schema 16777215 not found/),
      'The Avro value claims 1 bytes where 0 are left',
    ])
    expect(letters[2]![TRACE]).toContain('(field=price)')
  })

  test('JSON Schema: structs arrive as they left, their schema is registered once, and what it does not allow is a dead letter', async () => {
    const { seen, expected, first, letters, versions } = await bench.run({
      name: 'json-schema',
      schema: struct(
        {
          ...common,
          note: primitive('string', { default: 'none' }),
          parts: map(primitive('int32'), primitive('float32')),
        },
        { name: 'shop.Order' },
      ),
      value: (n) => ({ ...commonOf(n), note: `ä${n}`, parts: new Map([[n, n + 0.5]]) }),
      converter: (registry) => ({
        'value.converter': 'io.confluent.connect.json.JsonSchemaConverter',
        'value.converter.schema.registry.url': registry,
        'value.converter.decimal.format': 'NUMERIC',
        'value.converter.json.fail.invalid.schema': 'true',
      }),
      bad: (whole) => {
        const behind = (json: string): { value: Buffer } => ({
          value: Buffer.concat([whole.subarray(0, 5), Buffer.from(json)]),
        })
        return ['no prefix', { value: Buffer.from('0000ffffff7b7d', 'hex') }, behind('{"id":"x"}'), behind('{"id":')]
      },
    })
    expect(seen.map(({ value }) => value)).toEqual(expected)
    expect(new Set(seen.map(({ valueSchema }) => valueSchema)).size).toBe(1)
    expect(seen[0]!.valueSchema).toMatchObject({
      name: 'shop.Order',
      fields: [{}, { schema: { name: LOGICAL.decimal } }, {}, {}, {}],
    })
    expect(first.subarray(5).toString()).toBe(
      '{"id":0,"price":0.50,"at":1700000000000,"note":"ä0","parts":[{"key":0,"value":0.5}]}',
    )
    expect(versions).toEqual([1])
    expect(letters.map((headers) => headers[MESSAGE])).toEqual([
      expect.stringMatching(/^Unknown magic byte 110/),
      expect.stringMatching(/Schema 16777215 not found/),
      expect.stringMatching(/^The value is not what its JSON Schema says: must be integer/),
      expect.stringMatching(/^Converting byte\[\] to Kafka Connect data failed due to serialization error: /),
    ])
  })

  test('Protobuf: structs arrive as they left, their schema is registered once, and what is no Protobuf is a dead letter', async () => {
    const { seen, expected, letters, versions } = await bench.run({
      name: 'protobuf',
      schema: struct(
        {
          ...common,
          lines: array(struct({ article: primitive('string'), count: primitive('int16') }, { name: 'Line' })),
          note: primitive('string', { optional: true }),
        },
        { name: 'shop.Order' },
      ),
      value: (n) => ({ ...commonOf(n), lines: [{ article: `ä${n}`, count: n }], note: n % 3 === 0 ? null : '' }),
      converter: (registry) => ({
        'value.converter': 'io.confluent.connect.protobuf.ProtobufConverter',
        'value.converter.schema.registry.url': registry,
        'value.converter.optional.for.nullables': 'true',
      }),
      bad: (first) => [
        'no Protobuf',
        { value: Buffer.from('0000ffffff00', 'hex') },
        { value: first.subarray(0, -1) },
        { value: Buffer.concat([first.subarray(0, 5), Buffer.from('0206', 'hex')]) },
      ],
    })
    expect(seen.map(({ value }) => value)).toEqual(expected)
    expect(new Set(seen.map(({ valueSchema }) => valueSchema)).size).toBe(1)
    expect(seen[0]!.valueSchema).toMatchObject({
      name: 'Order',
      fields: [{}, { schema: { name: LOGICAL.decimal } }, {}, { schema: { items: { name: 'Line' } } }, {}],
    })
    expect(versions).toEqual([1])
    expect(letters.map((headers) => headers[TRACE])).toEqual([
      expect.stringMatching(/Unknown magic byte 110/),
      expect.stringMatching(/Schema 16777215 not found/),
      expect.stringMatching(/The Protobuf value claims \d+ bytes where \d+ are left \(field=/),
      expect.stringMatching(/has no message with the indexes 3/),
    ])
  })
})

/** Counts the connections to a registry. */
class WayToRegistry {
  readonly #server: net.Server
  readonly #sockets = new Set<net.Socket>()
  opened = 0

  private constructor(port: number) {
    this.#server = net.createServer((socket) => {
      this.opened += 1
      this.#sockets.add(socket)
      const onward = net.connect(port, '127.0.0.1')
      socket.on('error', () => onward.destroy()).on('close', () => this.#sockets.delete(socket))
      onward.on('error', () => socket.destroy())
      socket.pipe(onward).pipe(socket)
    })
  }

  static async open(registry: string): Promise<WayToRegistry> {
    const way = new WayToRegistry(Number(new URL(registry).port))
    await once(way.#server.listen(0, '127.0.0.1'), 'listening')
    return way
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as net.AddressInfo).port}`
  }

  get open(): number {
    return this.#sockets.size
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
  }
}
