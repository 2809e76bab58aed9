import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { SchemaRegistry as OtherRegistry } from '@kafkajs/confluent-schema-registry'
import type { SchemaRegistry } from '@sluice/schema-registry'
import { memoryRegistry } from '@sluice/schema-registry/testing'
import { canonical } from '@sluice/sdk'
import { SeededRandom } from '@sluice/sdk/testing'
import { Ajv } from 'ajv'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { converterOn, randomSchema, randomValue, ready } from './support.ts'

const VALUES = 6
const PREFIX_BYTES = 5

describe('schemas and values made at random', () => {
  let registry: SchemaRegistry
  let server: http.Server
  beforeAll(async () => {
    registry = await memoryRegistry({ entriesMax: 10_000 })
    // What the other client asks for: schemas by their ids.
    server = http.createServer((request, response) => void answer(registry, request, response))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  })
  afterAll(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })

  test.each([
    { name: 'draft 7', count: 2000, raw: {}, Draft: Ajv },
    {
      name: 'draft 2020-12, validated',
      count: 200,
      raw: { 'json.schema.spec.version': 'draft_2020_12', 'json.fail.invalid.schema': 'true' },
      Draft: Ajv2020,
    },
  ])(
    'come back as they went; a validator takes what is written, and another client reads it ($name)',
    async ({ name, count, raw, Draft }) => {
      const random = new SeededRandom(20_261_128 + name.length)
      const converter = converterOn(registry, { 'decimal.format': 'NUMERIC', ...raw })
      const { port } = server.address() as AddressInfo
      const other = new OtherRegistry(
        { host: `http://127.0.0.1:${port}` },
        { JSON: { ajvInstance: new Draft({ strict: false }) } },
      )
      for (let s = 0; s < count; s++) {
        const schema = randomSchema(random)
        const topic = `${name}-${s}`
        const encode = converter.encoder(topic, schema)
        for (let v = 0; v < VALUES; v++) {
          const value = randomValue(schema, random)
          const bytes = Buffer.from((await ready(() => encode(value)))!)
          const read = await ready(() => converter.decode(topic, bytes))
          expect(read.value).toEqual(value)
          expect(canonical(read.schema!)).toBe(canonical(schema))
          // It validates with Ajv, too.
          const json: unknown = JSON.parse(bytes.subarray(PREFIX_BYTES).toString())
          expect(await other.decode(bytes)).toEqual(json)
        }
      }
    },
    120_000,
  )

  test('come back as they went with decimals as Connect writes them, and with the general form of unions', async () => {
    const random = new SeededRandom(7)
    const converter = converterOn(registry, { 'object.additional.properties': 'false' })
    const general = converterOn(registry, { 'generalized.sum.type.support': 'true' })
    for (let s = 0; s < 500; s++) {
      const schema = randomSchema(random)
      const value = randomValue(schema, random)
      const bytes = await ready(() => converter.encoder(`base64-${s}`, schema)(value))
      const read = await ready(() => converter.decode(`base64-${s}`, bytes))
      expect(read.value).toEqual(value)
      expect(canonical(read.schema!)).toBe(canonical(schema))
      const once = await ready(() => general.decode('t', bytes))
      const again = await ready(() => general.encoder(`general-${s}`, once.schema)(once.value))
      const twice = await ready(() => general.decode('t', again))
      expect(twice.value).toEqual(once.value)
      expect(canonical(twice.schema!)).toBe(canonical(once.schema!))
    }
  }, 60_000)
})

async function answer(
  registry: SchemaRegistry,
  { url }: http.IncomingMessage,
  response: http.ServerResponse,
): Promise<void> {
  const { text } = await registry.schemaById(Number(url!.split('/').at(-1)))
  response.setHeader('content-type', 'application/vnd.schemaregistry.v1+json')
  response.end(JSON.stringify({ schemaType: 'JSON', schema: text }))
}
