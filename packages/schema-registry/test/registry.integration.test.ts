/** The embedded registry on a topic: what it promises, and what a client of somebody else makes of it. */
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import { SchemaRegistry as KafkajsRegistry, SchemaType } from '@kafkajs/confluent-schema-registry'
import { type Kafka, connect } from '@sluice/kafka'
import { connectRegistry, RegistryServer, type SchemaText } from '../src/index.ts'
import { registryContract } from '../src/testing/index.ts'

const address = process.env['SLUICE_TEST_KAFKA'] ?? ''
const onKafka = address === '' ? describe.skip : describe
jest.setTimeout(60_000)

const USER: SchemaText = {
  type: 'AVRO',
  text: '{"type":"record","name":"User","namespace":"demo","fields":[{"name":"id","type":"long"}]}',
}
const USER_2: SchemaText = { type: 'AVRO', text: '"string"' }

let kafka: Kafka
const servers: RegistryServer[] = []

async function serve(topic = `schemas-${randomUUID()}`): Promise<RegistryServer> {
  const server = await RegistryServer.start({ kafka, topic, port: 0 })
  servers.push(server)
  return server
}

onKafka('the embedded registry (needs SLUICE_TEST_KAFKA)', () => {
  beforeAll(async () => {
    kafka = await connect({ bootstrapServers: address, clientId: 'schema-registry' })
  })
  afterAll(async () => {
    await Promise.all(servers.map((server) => server.close()))
    await kafka.close()
  })

  describe('behind our client', () => {
    registryContract(test, async () => connectRegistry({ 'schema.registry.url': (await serve()).url }))
  })

  test('finds everything again after a restart, and gives no id out twice', async () => {
    const topic = `schemas-${randomUUID()}`
    const first = await serve(topic)
    const before = connectRegistry({ 'schema.registry.url': first.url })
    const { id } = await before.register('s', USER)
    const other = await before.register('t', { type: 'JSON', text: '{"type":"object"}' })
    await before.setCompatibility('FULL', 's')
    await before.deleteSubject('t')
    await before.deleteSubject('t', true)
    before.close()
    await first.close()
    const second = await serve(topic)
    const after = connectRegistry({ 'schema.registry.url': second.url })
    expect(await after.latest('s')).toMatchObject({ id, version: 1, type: 'AVRO' })
    expect(await after.compatibility('s')).toBe('FULL')
    expect(await after.subjects()).toEqual(['s'])
    const { id: next } = await after.register('u', { type: 'JSON', text: '{"type":"string"}' })
    expect(next).toBe(other.id + 1)
    after.close()
  })

  test('takes a topic over from one that still runs: only the newer one can write', async () => {
    const topic = `schemas-${randomUUID()}`
    const older = connectRegistry({ 'schema.registry.url': (await serve(topic)).url, 'max.retries': '0' })
    const newer = connectRegistry({ 'schema.registry.url': (await serve(topic)).url })
    const { id } = await newer.register('s', USER)
    await expect(older.register('t', USER_2)).rejects.toMatchObject({
      message: expect.stringContaining('Another schema registry has taken over'),
    })
    // It goes on answering what is only read.
    expect((await older.latest('s')).id).toBe(id)
    older.close()
    newer.close()
  })

  describe('behind @kafkajs/confluent-schema-registry', () => {
    test('Avro is registered, written, read, and read with an evolved schema', async () => {
      const registry = new KafkajsRegistry({ host: (await serve()).url })
      const { id } = await registry.register({ type: SchemaType.AVRO, schema: USER.text }, { subject: 'users-value' })
      expect(await registry.getLatestSchemaId('users-value')).toBe(id)
      expect(await registry.getRegistryId('users-value', 1)).toBe(id)
      expect(await registry.getRegistryIdBySchema('users-value', { type: SchemaType.AVRO, schema: USER.text })).toBe(id)
      const bytes = await registry.encode(id, { id: 7 })
      expect([...bytes.subarray(0, 5)]).toEqual([0, 0, 0, 0, id])
      expect(await registry.decode(bytes)).toEqual({ id: 7 })
      const wider = USER.text.replace(']', ',{"name":"name","type":"string","default":"?"}]')
      const next = await registry.register({ type: SchemaType.AVRO, schema: wider }, { subject: 'users-value' })
      expect(next.id).toBe(id + 1)
      expect(await registry.decode(bytes)).toEqual({ id: 7 })
      const narrow = USER.text.replace('"long"', '"string"')
      await expect(
        registry.register({ type: SchemaType.AVRO, schema: narrow }, { subject: 'users-value' }),
      ).rejects.toMatchObject({ status: 409, message: expect.stringContaining('TYPE_MISMATCH') })
    })

    test('JSON Schema is registered, written and read', async () => {
      const registry = new KafkajsRegistry({ host: (await serve()).url })
      const schema = JSON.stringify({ type: 'object', properties: { id: { type: 'integer' } }, required: ['id'] })
      const { id } = await registry.register({ type: SchemaType.JSON, schema }, { subject: 'j-value' })
      expect(await registry.decode(await registry.encode(id, { id: 7 }))).toEqual({ id: 7 })
      await expect(registry.encode(id, { id: 'x' })).rejects.toThrow()
    })

    test('schemas with references are registered, and read by a client that never saw them', async () => {
      const { url } = await serve()
      const registry = new KafkajsRegistry({ host: url })
      const inner = '{"type":"record","name":"Inner","namespace":"demo","fields":[{"name":"x","type":"int"}]}'
      await registry.register({ type: SchemaType.AVRO, schema: inner }, { subject: 'inner' })
      const outer = '{"type":"record","name":"Outer","namespace":"demo","fields":[{"name":"inner","type":"Inner"}]}'
      const references = [{ name: 'demo.Inner', subject: 'inner', version: 1 }]
      const { id } = await registry.register({ type: SchemaType.AVRO, schema: outer, references }, { subject: 'outer' })
      const bytes = await registry.encode(id, { inner: { x: 1 } })
      expect(await new KafkajsRegistry({ host: url }).decode(bytes)).toEqual({ inner: { x: 1 } })
    })
  })
})
