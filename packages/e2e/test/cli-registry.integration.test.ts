/** `sluice produce` and `consume` with a schema registry, beside a client of somebody else that reads and writes the same topics. */
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import fs from 'node:fs'
import http from 'node:http'
import os from 'node:os'
import path from 'node:path'
import { SchemaRegistry as OtherRegistry, SchemaType } from '@kafkajs/confluent-schema-registry'
import { EXIT } from '@sluice/cli'
import { connect, type Kafka } from '@sluice/kafka'
import { RegistryServer } from '@sluice/schema-registry'
import { type Run, sluiceCommand } from './support/sluice-command.ts'

const bootstrap = process.env['SLUICE_TEST_KAFKA'] ?? ''
if (bootstrap === '') console.warn('SLUICE_TEST_KAFKA is not set: the commands are not tested with a schema registry')
const where = bootstrap === '' ? describe.skip : describe
jest.setTimeout(60_000)

const ORDER = {
  type: 'record',
  name: 'Order',
  namespace: 'demo',
  fields: [
    { name: 'id', type: 'long' },
    { name: 'customer', type: ['null', 'string'], default: null },
    { name: 'amount', type: { type: 'bytes', logicalType: 'decimal', precision: 8, scale: 2 } },
    { name: 'state', type: { type: 'enum', name: 'State', symbols: ['NEW', 'PAID'] }, default: 'NEW' },
  ],
} as const
const LINES =
  '{"id":9007199254740993,"customer":"Ada","amount":12.50,"state":"PAID"}\n{"id":2,"customer":null,"amount":0.05,"state":"NEW"}\n'

where('with a schema registry', () => {
  const id = randomUUID().slice(0, 8)
  let kafka: Kafka
  let registry: RegistryServer
  let dir: string
  beforeAll(async () => {
    dir = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-cli-registry-'))
    kafka = await connect({ bootstrapServers: bootstrap })
    registry = await RegistryServer.start({ kafka, topic: `schemas-${id}`, port: 0 })
    fs.writeFileSync(path.join(dir, 'order.avsc'), JSON.stringify(ORDER))
  })
  afterAll(async () => {
    await registry.close()
    await kafka.close()
    fs.rmSync(dir, { recursive: true, force: true })
  })

  const sluice = (args: readonly string[], stdin = ''): Promise<Run> =>
    sluiceCommand(args, { stdin, env: { SLUICE_BOOTSTRAP: bootstrap, SLUICE_SCHEMA_REGISTRY: registry.url } })
  const topicOf = async (name: string): Promise<string> => {
    const topic = `${name}-${id}`
    await kafka.admin.ensureTopics([{ topic, partitions: 1 }])
    return topic
  }
  const file = (name: string, text: string): string => {
    fs.writeFileSync(path.join(dir, name), text)
    return path.join(dir, name)
  }
  const values = async (topic: string): Promise<readonly (Buffer | null)[]> => {
    const { out } = await sluice(['consume', topic, '-o', 'json', '--value-format', 'base64'])
    const lines = out.trim().split('\n')
    return lines.map((line) => {
      const { value } = JSON.parse(line) as { readonly value: string | null }
      return value === null ? null : Buffer.from(value, 'base64')
    })
  }

  test('lines of JSON become Avro under a schema of a file, which others read, and lines of JSON again', async () => {
    const topic = await topicOf('orders')
    const written = await sluice(
      ['produce', topic, '--value-format', 'avro', '--schema-file', path.join(dir, 'order.avsc')],
      LINES,
    )
    expect(written).toEqual({ status: 0, out: '', err: '2 records written\n' })
    expect(await sluice(['consume', topic, '--value-format', 'avro'])).toEqual({ status: 0, out: LINES, err: '' })
    const [, second] = await values(topic)
    const other = new OtherRegistry({ host: registry.url })
    expect(await other.decode(second!)).toMatchObject({ id: 2, customer: null, state: 'NEW' })

    // The latest of the subject, and the id of it, are the same schema.
    const idOf = second!.readUInt32BE(1)
    const single = '{"id":3,"amount":1}'
    for (const choice of [[], ['--schema-id', String(idOf)], ['--subject', `${topic}-value`]])
      expect(await sluice(['produce', topic, '--value-format', 'avro', ...choice, '-v', single, '-q'])).toMatchObject({
        status: 0,
        err: '',
      })
    const ids = (await values(topic)).map((value) => value!.readUInt32BE(1))
    expect(ids).toEqual([idOf, idOf, idOf, idOf, idOf])
    expect((await sluice(['consume', topic, '--from', '2', '-n', '1', '--value-format', 'avro'])).out).toBe(
      '{"id":3,"customer":null,"amount":1.00,"state":"NEW"}\n',
    )
  })

  test.each([
    [
      'json-schema',
      '{"type":"object","title":"Order","properties":{"id":{"type":"integer"},"customer":{"type":"string"},"lines":{"type":"array","items":{"type":"number"}}},"required":["id"]}',
      '{"id":1,"customer":"Ada","lines":[1.5,2.0]}\n',
    ],
    [
      'protobuf',
      'syntax = "proto3"; package demo; message Order { int64 id = 1; string customer = 2; repeated double lines = 3; map<string, bool> tags = 4; }',
      '{"id":1,"customer":"Ada","lines":[1.5,2.0],"tags":{"new":true}}\n',
    ],
  ])('%s is written and read as Avro is', async (format, schema, line) => {
    const topic = await topicOf(`orders-${format}`)
    const schemaFile = file(`order.${format}`, schema)
    expect(await sluice(['produce', topic, '--value-format', format, '--schema-file', schemaFile], line)).toMatchObject(
      { status: 0 },
    )
    expect(await sluice(['consume', topic, '--value-format', format])).toEqual({ status: 0, out: line, err: '' })
    const other = new OtherRegistry({ host: registry.url })
    const [first] = await values(topic)
    const decoded = (await other.decode(first!)) as { readonly id: unknown; readonly customer: unknown }
    expect({ id: Number(decoded.id), customer: decoded.customer }).toEqual({ id: 1, customer: 'Ada' })
    expect(await sluice(['produce', topic, '--value-format', format, '-v', '{"id":"1"}'])).toMatchObject({
      status: EXIT.failed,
      err: expect.stringContaining('(field=id)'),
    })
    const avro = await sluice(['consume', topic, '--value-format', 'avro'])
    expect(avro).toMatchObject({ status: 0, err: expect.stringContaining('not Avro') })
  })

  test('a copy by a pipe is the same bytes, tombstones and what is no Avro included', async () => {
    const [topic, copy] = [await topicOf('mixed'), await topicOf('mixed-copy')]
    const schema = ['--value-format', 'avro', '--schema-file', path.join(dir, 'order.avsc')]
    await sluice(['produce', topic, ...schema, '-k', 'a'], LINES)
    await sluice(['produce', topic, '--input', 'json'], '{"key":"a","value":null}\n{"value":"oops"}\n')
    const read = await sluice(['consume', topic, '-o', 'json', '--value-format', 'avro'])
    expect(read.err).toMatch(/^A key or value is not of the given format, .* mixed-\w+\/0@3: /)
    expect(read.out).toContain('"value":{"base64":"b29wcw=="}')
    const wrote = await sluice(
      ['produce', copy, '--input', 'json', '--value-format', 'avro', '--subject', `${topic}-value`],
      read.out,
    )
    expect(wrote).toMatchObject({ status: 0, err: '4 records written\n' })
    expect(await values(copy)).toEqual(await values(topic))
  })

  test('what others write as Avro is read, keys too', async () => {
    const topic = await topicOf('others')
    const other = new OtherRegistry({ host: registry.url })
    const { id: schemaId } = await other.register(
      { type: SchemaType.AVRO, schema: '{"type":"record","name":"K","fields":[{"name":"k","type":"int"}]}' },
      { subject: `${topic}-key` },
    )
    const key = await other.encode(schemaId, { k: 7 })
    const line = JSON.stringify({ key: { base64: key.toString('base64') }, value: 'v' })
    await sluice(['produce', topic, '--input', 'json'], line)
    expect((await sluice(['consume', topic, '-k', '--key-format', 'avro'])).out).toBe('{"k":7}\tv\n')
    await sluice(['produce', topic, '--key-format', 'avro', '-k', '{"k":8}', '-v', 'w', '-q'])
    expect((await sluice(['consume', topic, '-k', '--key-format', 'avro', '--from', '1'])).out).toBe('{"k":8}\tw\n')
  })

  test('numbers of Connect’s converters are written and read', async () => {
    const topic = await topicOf('longs')
    await sluice([
      'produce',
      topic,
      '--value-format',
      'long',
      '--key-format',
      'integer',
      '-k',
      '-1',
      '-v',
      '9007199254740993',
    ])
    expect((await sluice(['consume', topic, '--value-format', 'hex'])).out).toBe('0020000000000001\n')
    expect((await sluice(['consume', topic, '-k', '--value-format', 'long', '--key-format', 'integer'])).out).toBe(
      '-1\t9007199254740993\n',
    )
  })

  test('what does not fit the schema is refused with its line and field, and what was before it is written', async () => {
    const topic = await topicOf('misfits')
    const avro = ['produce', topic, '--value-format', 'avro', '--schema-file', path.join(dir, 'order.avsc')]
    const wrong = await sluice(avro, '{"id":1,"amount":1}\n{"id":"2","amount":1}\n{"id":3,"amount":1}\n')
    expect(wrong).toMatchObject({
      status: EXIT.failed,
      err: expect.stringMatching(
        /^1 record written\nThe value in a line .* A string stands where .* int64 \(field=id\) \(line=2\)/,
      ),
    })
    expect((await sluice(avro, '{"id":1,"amount":1,"custmer":"x"}\n')).err).toContain('no such field')
    expect((await sluice(avro, '{"id":1,"amount":1,"state":"GONE"}\n')).status).toBe(EXIT.failed)
    expect(await values(topic)).toHaveLength(1)
  })

  test('each thing that goes wrong with a registry has a name and an exit status', async () => {
    const topic = await topicOf('wrong')
    const avro = ['produce', topic, '--value-format', 'avro', '-v', '{}']
    const told = async (args: readonly string[], status: number, words: RegExp): Promise<void> => {
      const run = await sluice(args)
      expect({ args, status: run.status, err: run.err }).toEqual({ args, status, err: expect.stringMatching(words) })
    }
    await told(avro, EXIT.unknown, /no subject wrong-\w+-value[^]*--schema-file/)
    await told([...avro, '--schema-id', '999999'], EXIT.unknown, /999999/)
    await told([...avro, '--schema-file', file('bad.avsc', '{"type":"reccord"}')], EXIT.invalid, /schema registry/)
    await told([...avro, '--schema-file', path.join(dir, 'none.avsc')], EXIT.usage, /cannot be read/)
    await told([...avro, '--schema-id', '1', '--subject', 's'], EXIT.usage, /goes with no other/)
    await told(['produce', topic, '--subject', 's', '-v', 'x'], EXIT.usage, /says nothing about text/)
    await told([...avro, '--schema-registry', 'http://127.0.0.1:1', '--timeout', '2s'], EXIT.unreachable, /registry/i)
    await told([...avro, '--schema-registry', 'nowhere'], EXIT.usage, /is no url/)
    const guarded = http.createServer((_, answer) =>
      answer.writeHead(401, { 'content-type': 'text/html' }).end('<html>'),
    )
    await new Promise<void>((resolve) => guarded.listen(0, '127.0.0.1', resolve))
    const { port } = guarded.address() as { readonly port: number }
    await told([...avro, '--schema-registry', `http://127.0.0.1:${port}`], EXIT.unauthorised, /401/)
    guarded.close()
    guarded.closeAllConnections()

    // Nobody has the schema of these bytes: that is a matter of the record alone.
    const line = JSON.stringify({ value: { base64: Buffer.from([0, 0, 15, 66, 63, 2]).toString('base64') } })
    await sluice(['produce', topic, '--input', 'json'], line)
    const read = await sluice(['consume', topic, '--value-format', 'avro'])
    expect(read).toMatchObject({ status: 0, out: '(base64) AAAPQj8C\n', err: expect.stringContaining('999999') })
    await told(
      ['consume', topic, '--value-format', 'avro', '--schema-registry', 'http://127.0.0.1:1', '--timeout', '2s'],
      EXIT.unreachable,
      /registry/i,
    )
  })
})
