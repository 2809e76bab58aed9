import { describe, expect, test } from '@jest/globals'
import { converters } from '@sluice/codecs'
import { atLeast, defineSettings, defineSink, defineSource, SluiceError, type RawSettings } from '@sluice/sdk'
import { MemoryLogger } from '@sluice/sdk/testing'
import { checkSettings } from '../src/check-settings.ts'
import { Plugins } from '../src/plugins/catalogue.ts'

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

/** What is complained about, and what is warned of. */
function check(given: { worker?: RawSettings; connectors?: readonly RawSettings[] }): {
  readonly message: string
  readonly warnings: readonly string[]
} {
  const logger = new MemoryLogger()
  const warnings = (): string[] => logger.lines.map(({ message }) => message)
  try {
    checkSettings({ worker: { ...worker, ...given.worker }, connectors: given.connectors ?? [ticker], plugins, logger })
    return { message: '', warnings: warnings() }
  } catch (error) {
    expect(error).toBeInstanceOf(SluiceError)
    expect(error).toMatchObject({
      code: 'SETTINGS_INVALID',
      remedy: expect.stringContaining('nothing was started') as unknown,
    })
    return { message: (error as SluiceError).message, warnings: warnings() }
  }
}

describe('settings that are right', () => {
  test('come back typed, without a word', () => {
    const logger = new MemoryLogger()
    const settings = checkSettings({ worker, connectors: [ticker, hole], plugins, logger })
    expect(settings).toMatchObject({
      'bootstrap.servers': ['localhost:9092'],
      'offset.flush.interval.ms': 60_000,
      'header.converter': 'StringConverter',
    })
    expect(logger.lines).toEqual([])
  })
})

describe('settings that are wrong', () => {
  test('are told all at once, of all files, each with its file, name, value and what would be right', () => {
    const { message } = check({
      worker: {
        'offset.flush.interval.ms': 'soon',
        'offset.storage.topic': 'also',
        'value.converter': 'JsonConvertor',
        'key.converter.converter.encoding': 'EBCDIC',
        'producer.compression.type': 'zip',
        'consumer.auto.offset.reset': 'newest',
      },
      connectors: [
        {
          name: 't',
          'connector.class': 'ticker',
          'batch.size': '0',
          'errors.tolerance': 'some',
          'producer.override.linger.ms': '-1',
        },
        {
          name: 'h',
          'connector.class': 'hole',
          transforms: 'a,b',
          'transforms.b.type': 'Nothing',
          'value.converter': 'Avro',
        },
        { name: 'g', 'connector.class': 'holes' },
        { ...ticker },
        { 'connector.class': 'ticker', topic: 'x' },
      ],
    })
    for (const said of [
      /^worker: .*\n.*Invalid value soon for configuration offset\.flush\.interval\.ms.*long \[1,\.\.\.,2147483647\]/m,
      /^worker: No converter is called "JsonConvertor"\n.*Did you mean "JsonConverter"\?/m,
      /^worker: Unsupported encoding EBCDIC/m,
      /^worker, producer\.\*: .*\n.*Invalid value zip for configuration compression\.type.*snappy/m,
      /^worker, consumer\.\*: .*\n.*Invalid value newest for configuration auto\.offset\.reset.*earliest/m,
      /^t: 3 settings are invalid:\n.*errors\.tolerance.*\n.*topic.*\n.*Invalid value 0 for configuration batch\.size.*\[1,\.\.\.\]/m,
      /^t, producer\.override\.\*: .*\n.*Invalid value -1 for configuration linger\.ms/m,
      /^h: Must configure one of topics or topics\.regex$/m,
      /^h: .*\n.*"depth"/m,
      /^h: Missing required configuration "transforms\.a\.type"/m,
      /^h: No transform is called "Nothing"/m,
      /^h: No converter is called "Avro"/m,
      /^g: No connector is called "holes"\n.*Did you mean "hole"\?/m,
      /^t: two connectors have this name/m,
      /^connector 5: .*\n.*"name"/m,
    ])
      expect(message).toMatch(said)
  })

  test('nothing is told twice', () => {
    const { message } = check({ connectors: [{ ...ticker, 'errors.tolerance': 'some' }] })
    expect(message.match(/errors\.tolerance/g)).toHaveLength(1)
  })

  test('exactly one place for positions', () => {
    expect(check({ worker: { 'offset.storage.topic': 'positions' } }).message).toMatch(/Exactly one of/)
    expect(check({ worker: { 'offset.storage.file.filename': '' } }).message).toMatch(/offset\.storage\.file\.filename/)
  })

  test('a sink may not read its own dead letters', () => {
    const { message } = check({
      connectors: [{ ...hole, topics: 'x,dead', 'errors.deadletterqueue.topic.name': 'dead' }],
    })
    expect(message).toMatch(/The DLQ topic 'dead' may not be included in the list of topics \('topics=\[x, dead\]'\)/)
  })

  test('what is right by itself may be wrong together with what is inherited, and is told where it was added', () => {
    const { message } = check({
      worker: { 'producer.buffer.memory': '2000000' },
      connectors: [{ ...ticker, 'producer.override.max.request.size': '3000000' }, { ...hole }],
    })
    expect(message).toMatch(
      /^t, producer\.override\.\*: .*\n.*buffer\.memory.*at least .*max\.request\.size, here 3000000/m,
    )
    expect(message.match(/buffer\.memory:/g)).toHaveLength(1)
  })

  test('a secret is never told', () => {
    const { message, warnings } = check({
      connectors: [{ name: 't', 'connector.class': 'ticker', 'sasl.jaas.config': 'hunter2' }],
    })
    expect(message + warnings.join('\n')).not.toContain('hunter2')
  })
})

describe('names that nobody knows', () => {
  test('are warned of with the nearest name, and stop nothing', () => {
    const { message, warnings } = check({
      worker: { 'offset.flush.intervall.ms': '5', 'producer.bath.size': '5' },
      connectors: [
        { ...ticker, 'batch.siez': '5', 'consumer.override.fetch.min.byte': '5' },
        { ...hole, 'value.converter.schemas.enable': 'false', 'transforms.a.type': 'Anything' },
      ],
    })
    expect(message).toBe('')
    expect(warnings).toEqual([
      'The setting "producer.bath.size" is not known and has no effect; did you mean "producer.batch.size"?',
      'The setting "offset.flush.intervall.ms" is not known and has no effect; did you mean "offset.flush.interval.ms"?',
      'The setting "consumer.override.fetch.min.byte" is not known and has no effect; did you mean "consumer.override.fetch.min.bytes"?',
      'The setting "batch.siez" is not known and has no effect; did you mean "batch.size"?',
      // Settings of a converter belong to whoever names it; those of a transform, to one that is listed.
      expect.stringMatching(/^The setting "value\.converter\.schemas\.enable" is not known and has no effect/),
      expect.stringMatching(/^The setting "transforms\.a\.type" is not known and has no effect/),
    ])
  })

  test('settings of what is named are not warned of', () => {
    const { warnings } = check({
      worker: { 'value.converter.schemas.enable': 'false', 'producer.linger.ms': '5', 'consumer.fetch.min.bytes': '5' },
      connectors: [
        {
          ...ticker,
          'value.converter': 'JsonConverter',
          'value.converter.schemas.enable': 'false',
          'producer.override.linger.ms': '5',
        },
      ],
    })
    expect(warnings).toEqual([])
  })

  test('how clients reach Kafka is known, for the worker and below its prefixes; so are rules of topics', () => {
    const security = {
      'security.protocol': 'SASL_PLAINTEXT',
      'sasl.mechanism': 'PLAIN',
      'sasl.jaas.config':
        'org.apache.kafka.common.security.plain.PlainLoginModule required username="u" password="secret";',
    }
    const below = (prefix: string): RawSettings =>
      Object.fromEntries(Object.entries(security).map(([key, value]) => [`${prefix}${key}`, value]))
    const connector = {
      ...ticker,
      ...below('producer.override.'),
      'topic.creation.groups': 'g',
      'topic.creation.g.include': 'x',
      'topic.creation.g.cleanup.policy': 'compact',
    }
    const given = { worker: { ...security, ...below('producer.') }, connectors: [connector] }
    expect(check(given)).toEqual({ message: '', warnings: [] })
    const wrong = check({ worker: { ...security, 'sasl.mechanism': 'SCRAM-SHA-256' } })
    expect(wrong.message).toContain('ScramLoginModule')
    expect(wrong.message).not.toContain('secret')
  })
})
