import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import fs from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { converters } from '@sluice/codecs'
import { atLeast, defineSettings, defineSink, defineSource, type RawSettings, type SluiceError } from '@sluice/sdk'
import { MemoryLogger } from '@sluice/sdk/testing'
import { ConfigProviders } from '../../src/config-providers.ts'
import { Plugins } from '../../src/plugins/catalogue.ts'
import { checkedConnectors } from '../../src/standalone/file-check.ts'

const source = defineSource({
  name: 'ticker',
  version: '1',
  documentation: '',
  settings: defineSettings({
    topic: { type: 'string', importance: 'high', documentation: 'Where to.' },
    'batch.size': { type: 'int', default: 10, validator: atLeast(1), importance: 'low', documentation: 'How many.' },
  }),
  createTask: () => ({ start: async () => undefined, poll: async () => null, stop: async () => undefined }),
})
const sink = defineSink({
  name: 'hole',
  version: '1',
  documentation: '',
  settings: defineSettings({ depth: { type: 'int', importance: 'high', documentation: 'How deep.' } }),
  createTask: () => {
    throw new Error('not made in these tests')
  },
})
const plugins = new Plugins({ connectors: [source, sink], converters, transforms: [], predicates: [] })

const worker: RawSettings = {
  'bootstrap.servers': 'localhost:9092',
  'key.converter': 'StringConverter',
  'value.converter': 'JsonConverter',
  'offset.storage.file.filename': '/tmp/positions.json',
}
const ticker: RawSettings = { name: 't', 'connector.class': 'ticker', topic: 'x' }
const hole: RawSettings = { name: 'h', 'connector.class': 'hole', topics: 'x', depth: '3' }

let dir: string
beforeAll(async () => {
  dir = await fs.mkdtemp(path.join(os.tmpdir(), 'file-check-'))
})
afterAll(() => fs.rm(dir, { recursive: true }))

/** What is complained about, and what is warned of. */
async function check(given: {
  readonly worker?: RawSettings
  readonly values?: readonly string[]
  readonly connectors?: readonly RawSettings[]
  readonly files?: readonly string[]
}): Promise<{ readonly message: string; readonly warnings: readonly string[] }> {
  const logger = new MemoryLogger()
  const raw = { ...worker, ...given.worker }
  const connectors = (given.connectors ?? []).map((config) => ({ config }))
  const validation = { plugins, worker: raw, providers: ConfigProviders.of(raw), logger }
  let message = ''
  try {
    const values = new Set(given.values)
    await checkedConnectors({ connectors, files: given.files ?? [], values, validation })
  } catch (error) {
    expect(error).toMatchObject({
      code: 'SETTINGS_INVALID',
      remedy: expect.stringContaining('nothing was started') as unknown,
    })
    message = (error as SluiceError).message
  }
  return { message, warnings: logger.lines.map((line) => line.message) }
}

describe('files that are right', () => {
  test('come back as connectors, without a word', async () => {
    const file = path.join(dir, 'h.properties')
    await fs.writeFile(file, 'name=h\nconnector.class=hole\ntopics=x\ndepth=3\n')
    const logger = new MemoryLogger()
    const validation = { plugins, worker, providers: ConfigProviders.of(worker), logger }
    const connectors = [{ config: ticker }]
    const found = await checkedConnectors({ connectors, files: [file], values: new Set(), validation })
    expect(found).toEqual([{ config: ticker }, { config: hole, file }])
    expect(logger.lines).toEqual([])
  })
})

describe('files that are wrong', () => {
  test('are told of all at once, each complaint with its file, name, value and what would be right', async () => {
    const broken = path.join(dir, 'broken.json')
    await fs.writeFile(broken, '{"name": ')
    const wrong = path.join(dir, 'wrong.properties')
    await fs.writeFile(wrong, 'name=w\nconnector.class=hole\ntopics=x\ndepth=deep\n')
    const { message } = await check({
      worker: {
        'offset.flush.interval.ms': 'soon',
        'value.converter': 'JsonConvertor',
        'key.converter.converter.encoding': 'EBCDIC',
        'producer.compression.type': 'zip',
        'consumer.auto.offset.reset': 'newest',
        'security.protocol': 'TLS',
        listeners: 'ftp://here:1',
      },
      connectors: [
        { ...ticker, 'batch.size': '0', 'errors.tolerance': 'some', 'producer.override.compression.type': 'zip' },
        { name: 'h', 'connector.class': 'hole', transforms: 'a', 'transforms.a.type': 'Nothing' },
        { name: 'g', 'connector.class': 'holes' },
        { ...ticker },
        { 'connector.class': 'ticker', topic: 'x' },
      ],
      files: [broken, wrong, path.join(dir, 'nowhere.properties')],
    })
    for (const said of [
      /^worker: .*\n.*Invalid value soon for configuration offset\.flush\.interval\.ms.*long \[1,\.\.\.,2147483647\]/m,
      /Invalid value .*ftp:\/\/here:1.* for configuration listeners/,
      /^worker: No converter is called "JsonConvertor"\n.*Did you mean "JsonConverter"\?/m,
      /^worker: Unsupported encoding EBCDIC/m,
      /^worker: security\.protocol is TLS/m,
      /^worker: .*\n.*Invalid value zip for configuration compression\.type.*snappy/m,
      /^worker: .*\n.*Invalid value newest for configuration auto\.offset\.reset.*earliest/m,
      /^t: Invalid value 0 for configuration batch\.size/m,
      /^t: Invalid value some for configuration errors\.tolerance/m,
      /^t: Invalid value zip for configuration (?:producer\.override\.)?compression\.type/m,
      /^h: Missing required configuration "depth"/m,
      /^h: Must configure one of topics or topics\.regex$/m,
      /^h: .*Nothing/m,
      /^g: Failed to find any class .*holes.*\n.*Did you mean "hole"\?/m,
      /^t: Connector t already exists$/m,
      /^connector 5: Missing required configuration "name"/m,
      /^.*broken\.json: It is no JSON of a connector: /m,
      /^.*wrong\.properties: Invalid value deep for configuration depth/m,
      /^.*nowhere\.properties: Cannot read the file: ENOENT/m,
    ])
      expect(message).toMatch(said)
  })

  test('are told of without the values of config providers', async () => {
    const s3cret = { 'offset.flush.interval.ms': 's3cret', 'security.protocol': 's3cret' }
    const { message } = await check({ worker: s3cret, values: ['s3cret'] })
    expect(message).toMatch(/Invalid value \[hidden\] for configuration offset\.flush\.interval\.ms/)
    expect(message).toMatch(/security\.protocol is \[hidden\]/)
    expect(message).not.toContain('s3cret')
  })

  test('nothing is told twice', async () => {
    const { message } = await check({ connectors: [{ ...ticker, 'errors.tolerance': 'some' }] })
    expect(message.match(/errors\.tolerance/g)).toHaveLength(1)
  })

  test('positions are in a file or in a topic; in a file they are the worker’s alone', async () => {
    const told = async (settings: RawSettings): Promise<string> => (await check({ worker: settings })).message
    expect(await told({ 'offset.storage.file.filename': '' })).toContain('offset.storage.file.filename')
    expect(await told({ 'offset.storage.topic': 'positions' })).toContain('positions are in one place')
    expect(await told({ isolation: 'connector' })).toMatch(
      /isolation: positions in a file belong to one process.*Give the worker offset\.storage\.topic instead/,
    )
    expect(await told({ isolation: 'inline' })).toBe('')
  })

  test('a sink may not read its own dead letters', async () => {
    const { message } = await check({
      connectors: [{ ...hole, topics: 'x,dead', 'errors.deadletterqueue.topic.name': 'dead' }],
    })
    expect(message).toMatch(/The DLQ topic 'dead' may not be included in the list of topics \('topics=\[x, dead\]'\)/)
  })

  test('what is right by itself may be wrong beside what is inherited, and is told where it was added', async () => {
    const { message } = await check({
      worker: { 'producer.buffer.memory': '2000000' },
      connectors: [{ ...ticker, 'producer.override.max.request.size': '3000000' }, hole],
    })
    expect(message).toMatch(/^t: .*buffer\.memory.*at least .*max\.request\.size, here 3000000/m)
    expect(message.match(/buffer\.memory:/g)).toHaveLength(1)
  })

  test('a secret is never told', async () => {
    const { message, warnings } = await check({
      connectors: [{ name: 't', 'connector.class': 'ticker', 'sasl.jaas.config': 'hunter2' }],
    })
    expect(message + warnings.join('\n')).not.toContain('hunter2')
  })
})

describe('names that nobody knows', () => {
  test('are warned of with the nearest name, and stop nothing', async () => {
    const { message, warnings } = await check({
      worker: {
        'offset.flush.intervall.ms': '5',
        'producer.bath.size': '5',
        'admin.retries': '9',
        'rest.advertised.prot': '1',
      },
    })
    expect(message).toBe('')
    expect(warnings).toEqual([
      'The setting "producer.bath.size" has no effect; did you mean "producer.batch.size"?',
      'The setting "admin.retries" has no effect',
      'The setting "offset.flush.intervall.ms" has no effect; did you mean "offset.flush.interval.ms"?',
      'The setting "rest.advertised.prot" has no effect; did you mean "rest.advertised.port"?',
    ])
  })

  test('those of connectors are warned of beside what is wrong, and else by whoever makes them', async () => {
    const odd = { ...ticker, 'batch.siez': '5', 'consumer.override.fetch.min.byte': '5' }
    expect(await check({ connectors: [odd] })).toEqual({ message: '', warnings: [] })
    const { warnings } = await check({ connectors: [{ ...odd, 'batch.size': '0' }] })
    expect(warnings).toEqual([
      'The setting "batch.siez" has no effect; did you mean "batch.size"?',
      'The setting "consumer.override.fetch.min.byte" has no effect; did you mean "consumer.override.fetch.min.bytes"?',
    ])
  })

  test('what is known is not warned of: of converters, of clients, and how these reach Kafka', async () => {
    const security = {
      'security.protocol': 'SASL_PLAINTEXT',
      'sasl.mechanism': 'PLAIN',
      'sasl.jaas.config':
        'org.apache.kafka.common.security.plain.PlainLoginModule required username="u" password="secret";',
    }
    const below = (prefix: string): RawSettings =>
      Object.fromEntries(Object.entries(security).map(([key, value]) => [`${prefix}${key}`, value]))
    const given = {
      ...security,
      ...below('producer.'),
      ...below('admin.'),
      'admin.listeners': 'http://localhost:8084',
      'admin.listeners.https.ssl.keystore.location': 'x',
      'value.converter.schemas.enable': 'false',
      'producer.linger.ms': '5',
      'consumer.fetch.min.bytes': '5',
      'cell.stall.timeout.ms': '60000',
      'listeners.https.ssl.keystore.location': 'x',
    }
    expect(await check({ worker: given })).toEqual({ message: '', warnings: [] })
    const wrong = await check({ worker: { ...security, 'sasl.mechanism': 'SCRAM-SHA-256' } })
    expect(wrong.message).toContain('ScramLoginModule')
    expect(wrong.message).not.toContain('secret')
  })
})
