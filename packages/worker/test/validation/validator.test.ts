/** Kafka Connect's ConnectorValidationIntegrationTest, and what is asked beyond it. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import {
  defineSettings,
  defineSink,
  defineSource,
  nonEmptyString,
  oneOf,
  type Connector,
  type RawSettings,
  type SettingProblem,
  type SettingsValidation,
} from '@sluice/sdk'
import { FakeClock, MemoryLogger } from '@sluice/sdk/testing'
import { ConfigProviders } from '../../src/config-providers.ts'
import { Plugins } from '../../src/plugins/catalogue.ts'
import { validateConnector, type GivenConfig, type ValidationParts } from '../../src/validation/validator.ts'
import { validationParts } from '../support/connect-plugins.ts'

const notRun = (): never => {
  throw new Error('no task is made in these tests')
}
const ofSource = { version: '1.0', documentation: '', createTask: notRun }

/** What a source says of exactly once and of transactions is what its settings ask it to say. */
const source = defineSource({
  ...ofSource,
  name: 'asked',
  settings: defineSettings({
    topic: { type: 'string', default: 't', validator: nonEmptyString, importance: 'high', documentation: '' },
    says: { type: 'string', default: '', importance: 'low', documentation: '' },
  }),
  exactlyOnceSupport: ({ says }) => {
    if (says === 'error') throw new Error('out of order')
    return says === 'supported' ? 'supported' : 'unsupported'
  },
  canDefineTransactionBoundaries: ({ says }) => says === 'supported',
})
const silentSource = defineSource({ ...ofSource, name: 'silent', settings: defineSettings({}) })
const sink = defineSink({
  ...ofSource,
  name: 'drain',
  settings: defineSettings({
    size: { type: 'int', default: 1, importance: 'low', documentation: '' },
    mode: { type: 'string', default: 'a', validator: oneOf('a', 'b'), importance: 'low', documentation: '' },
  }),
  foreignSettings: { 'java.only': 'batches are always flushed' },
})
const connectors: readonly Connector[] = [source, silentSource, sink]

const sourceConfig: RawSettings = { name: 's', 'connector.class': 'asked' }
const sinkConfig: RawSettings = { name: 'd', 'connector.class': 'drain', topics: 'in' }

function answerOf(
  config: GivenConfig,
  worker: RawSettings = {},
  more: Partial<ValidationParts> & { connectors?: readonly Connector[] } = {},
): Promise<SettingsValidation> {
  return validateConnector(config, validationParts(worker, { connectors, ...more }), new AbortController().signal)
}

/** The complaints, by setting. */
async function complaints(
  config: GivenConfig,
  worker: RawSettings = {},
  more: Partial<ValidationParts> & { connectors?: readonly Connector[] } = {},
): Promise<Readonly<Record<string, readonly string[]>>> {
  const { configs, error_count: count } = await answerOf(config, worker, more)
  const wrong = configs.filter(({ value }) => value.errors.length > 0)
  expect(wrong.reduce((sum, { value }) => sum + value.errors.length, 0)).toBe(count)
  return Object.fromEntries(wrong.map(({ value }) => [value.name, value.errors]))
}

describe('a sink', () => {
  test('may be as it is', async () => {
    expect(await complaints(sinkConfig)).toEqual({})
  })

  test('has either topics or a pattern of them', async () => {
    const neither = ['Must configure one of topics or topics.regex']
    const both = ['topics and topics.regex are mutually exclusive options, but both are set.']
    expect(await complaints({ ...sinkConfig, topics: '' })).toEqual({ topics: neither, 'topics.regex': neither })
    expect(await complaints({ ...sinkConfig, 'topics.regex': 'i.*' })).toEqual({ topics: both, 'topics.regex': both })
  })

  test('does not read its dead letters', async () => {
    const letters = { 'errors.deadletterqueue.topic.name': 'in' }
    expect(await complaints({ ...sinkConfig, ...letters })).toEqual({
      topics: [
        "The DLQ topic 'in' may not be included in the list of topics ('topics=[in]') consumed by the connector",
      ],
    })
    const { topics: _, ...rest } = sinkConfig
    expect(await complaints({ ...rest, ...letters, 'topics.regex': 'i.' })).toEqual({
      'topics.regex': [
        "The DLQ topic 'in' may not be matched by the regex for the topics ('topics.regex=i.') consumed by the connector",
      ],
    })
    expect(await complaints({ ...rest, ...letters, 'topics.regex': 'i' })).toEqual({})
  })

  test('is told when its pattern is none', async () => {
    const { topics: _, ...rest } = sinkConfig
    expect(await complaints({ ...rest, 'topics.regex': '(' })).toEqual({
      'topics.regex': [expect.stringMatching(/^Invalid value \( for configuration topics\.regex: Invalid regex: /)],
    })
  })

  test('has a group of its own, not the workers’', async () => {
    expect(await complaints(sinkConfig, { 'group.id': 'connect-d' })).toEqual({
      name: ['Consumer group for sink connector named d conflicts with Connect worker group connect-d'],
    })
    const overridden = { ...sinkConfig, 'consumer.override.group.id': 'workers' }
    expect(await complaints(overridden, { 'group.id': 'workers' })).toEqual({
      'consumer.override.group.id': ['Consumer group workers conflicts with Connect worker group workers'],
    })
    expect(await complaints(overridden, { 'group.id': 'connect-d' })).toEqual({})
  })
})

describe('a source', () => {
  test('names each group of topics once', async () => {
    expect(await complaints({ ...sourceConfig, 'topic.creation.groups': 'a, a' })).toMatchObject({
      'topic.creation.groups': [
        'Invalid value [a, a] for configuration topic.creation.groups: Duplicate alias provided.',
      ],
    })
  })

  test('says of each group which topics it is about, and in numbers how they are made', async () => {
    const found = await complaints({
      ...sourceConfig,
      'topic.creation.groups': 'a,b',
      'topic.creation.a.include': 'x[',
      'topic.creation.a.partitions': '0',
      'topic.creation.default.partitions': 'x',
      'topic.creation.default.cleanup.policy': 'compact',
    })
    expect(Object.keys(found).toSorted()).toEqual([
      'topic.creation.a.include',
      'topic.creation.a.partitions',
      'topic.creation.b.include',
      'topic.creation.default.partitions',
    ])
  })

  const EOS = { 'exactly.once.source.support': 'enabled' }
  const required = { ...sourceConfig, 'exactly.once.support': 'REQUIRED' }

  test.each([
    ['supported', {}, EOS],
    ['unsupported', { 'exactly.once.support': [/does not support exactly-once semantics/] }, EOS],
    ['error', { 'exactly.once.support': [/^An unexpected error occurred during validation: out of order$/] }, EOS],
    ['supported', { 'exactly.once.support': [/This worker does not have exactly-once source support enabled\./] }, {}],
  ])('that says %s when exactly once is required: %o', async (says, expected, worker) => {
    const found = await complaints({ ...required, says }, worker)
    expect(found).toEqual(
      Object.fromEntries(
        Object.entries(expected).map(([setting, patterns]) => [
          setting,
          (patterns as readonly RegExp[]).map((pattern) => expect.stringMatching(pattern)),
        ]),
      ),
    )
  })

  test('that does not say whether it reads exactly once is refused when that is required', async () => {
    const found = await complaints({ ...required, 'connector.class': 'silent' }, EOS)
    expect(found['exactly.once.support']?.[0]).toMatch(
      /^The connector does not implement the API required .*"requested"/,
    )
  })

  test('ends transactions itself only if it can', async () => {
    const asked = { ...sourceConfig, 'transaction.boundary': 'connector' }
    expect(await complaints({ ...asked, says: 'supported' }, EOS)).toEqual({})
    for (const name of ['asked', 'silent'])
      expect(await complaints({ ...asked, 'connector.class': name }, EOS)).toEqual({
        'transaction.boundary': [expect.stringMatching(/does not support connector-defined transaction boundaries/)],
      })
  })
})

describe('transforms and predicates', () => {
  const MASK = 'org.apache.kafka.connect.transforms.MaskField$Value'
  const transform = { ...sourceConfig, transforms: 't', 'transforms.t.type': MASK, 'transforms.t.fields': 'a' }

  test('that are right are no complaint', async () => {
    const predicate = { predicates: 'p', 'predicates.p.type': 'TopicNameMatches', 'predicates.p.pattern': 'a.*' }
    expect(await complaints({ ...transform, ...predicate, 'transforms.t.predicate': 'p' })).toEqual({})
  })

  test('tell of their settings as Kafka Connect sorts them: what must be given, then by importance, then by name', async () => {
    const settings = defineSettings({
      b: { type: 'int', default: 1, importance: 'low', documentation: '' },
      c: { type: 'int', default: 1, importance: 'high', documentation: '' },
      a: { type: 'int', default: 1, importance: 'low', documentation: '' },
      z: { type: 'int', importance: 'low', documentation: '' },
    })
    const sorting = { name: 'sorting', aliases: [], settings, create: notRun }
    const plugins = new Plugins({ connectors, converters: [], transforms: [sorting], predicates: [] })
    const answer = await answerOf({ ...sourceConfig, transforms: 't', 'transforms.t.type': 'sorting' }, {}, { plugins })
    const names = answer.configs.map(({ value }) => value.name).filter((name) => name.startsWith('transforms.t.'))
    expect(names).toEqual(
      ['type', 'plugin.version', 'z', 'c', 'negate', 'predicate', 'a', 'b'].map((name) => `transforms.t.${name}`),
    )
  })

  test('have a class that is there', async () => {
    expect(await complaints({ ...sourceConfig, transforms: 't' })).toEqual({
      'transforms.t.type': ['Missing required configuration "transforms.t.type" which has no default value.'],
    })
    expect(await complaints({ ...sourceConfig, predicates: 'p', 'predicates.p.type': MASK })).toEqual({
      'predicates.p.type': [
        `Invalid value ${MASK} for configuration predicates.p.type: Class ${MASK} could not be found.`,
      ],
    })
    expect(await complaints({ ...sourceConfig, predicates: 'p,p', 'predicates.p.type': 'RecordIsTombstone' })).toEqual({
      predicates: ['Invalid value [p, p] for configuration predicates: Duplicate alias provided.'],
    })
  })

  test('negate a predicate only where there is one, and that one is defined', async () => {
    expect(await complaints({ ...transform, 'transforms.t.negate': 'true' })).toEqual({
      'transforms.t.negate': [
        "Config 'transforms.t.negate' was provided but there is no config 'transforms.t.predicate' defining a predicate to be negated.",
      ],
    })
    expect(await complaints({ ...transform, 'transforms.t.predicate': 'p' })).toEqual({
      'transforms.t.predicate': [expect.stringMatching(/No predicate has this alias/)],
    })
  })

  test('are made once, so that what their settings say together is looked at too', async () => {
    const cast = {
      ...sourceConfig,
      transforms: 'c',
      'transforms.c.type': 'Cast$Value',
      'transforms.c.spec': 'a:nothing',
    }
    const found = await complaints(cast)
    expect(Object.values(found).flat().join()).toMatch(/nothing/i)
  })
})

describe('converters', () => {
  test.each(['key', 'value', 'header'])('%s: one that is not there, or is something else', async (part) => {
    const setting = `${part}.converter`
    for (const name of ['no.Such', 'org.apache.kafka.connect.transforms.Filter'])
      expect(await complaints({ ...sourceConfig, [setting]: name })).toEqual({
        [setting]: [`Invalid value ${name} for configuration ${setting}: Class ${name} could not be found.`],
      })
  })

  test('are asked for their own settings, under their own names', async () => {
    const json = { ...sourceConfig, 'value.converter': 'JsonConverter', 'value.converter.schemas.enable': 'perhaps' }
    expect(await complaints(json)).toEqual({
      'value.converter.schemas.enable': [
        'Invalid value perhaps for configuration schemas.enable: Expected value to be either true or false',
      ],
    })
    const text = { ...sourceConfig, 'key.converter': 'StringConverter', 'key.converter.converter.encoding': 'EBCDIC' }
    expect(await complaints(text)).toEqual({ 'key.converter': [expect.stringMatching(/^Unsupported encoding EBCDIC/)] })
  })

  test('may have no settings', async () => {
    const bare = { name: 'bare', aliases: [], create: () => ({ encoder: notRun, decode: notRun }) }
    const plugins = new Plugins({ connectors, converters: [bare], transforms: [], predicates: [] })
    expect(await complaints({ ...sourceConfig, 'key.converter': 'bare' }, {}, { plugins })).toEqual({})
  })

  test('and transforms have a version that is there', async () => {
    const found = await complaints({
      ...sourceConfig,
      'value.converter': 'JsonConverter',
      'value.converter.plugin.version': '[5.0,)',
    })
    expect(found).toMatchObject({
      'value.converter.plugin.version': [expect.stringMatching(/\[5\.0,\), available versions: \[4\.3\.1\]/)],
    })
  })
})

describe('the connector itself', () => {
  test('has to be there', async () => {
    await expect(complaints({ name: 'x' })).rejects.toMatchObject({
      status: 400,
      message: 'Connector config {name=x} contains no connector type',
    })
    await expect(complaints({ 'connector.class': 'no.Such' })).rejects.toMatchObject({
      status: 400,
      message: expect.stringMatching(
        /^Failed to find any class that implements Connector and which name matches no\.Such, available connectors are: /,
      ) as unknown,
    })
  })

  test('has to be there in the version that is asked for', async () => {
    const answer = await answerOf({ ...sourceConfig, 'connector.plugin.version': '[2.0,)' })
    expect(answer.error_count).toBe(1)
    expect(answer.configs.find(({ value }) => value.name === 'connector.plugin.version')?.value).toMatchObject({
      recommended_values: ['1.0'],
      errors: [
        expect.stringMatching(/not found that matches the version range \[2\.0,\), available versions: \[1\.0\]/),
      ],
    })
    expect(await complaints({ ...sourceConfig, 'connector.plugin.version': '1.0' })).toEqual({})
    expect(await complaints({ ...sourceConfig, 'connector.plugin.version': '[1.0' })).toEqual({
      'connector.plugin.version': [expect.stringMatching(/Invalid version range/)],
    })
  })

  test('is given no nulls', async () => {
    expect(await complaints({ ...sourceConfig, says: null, unheard: null })).toEqual({
      says: ['Null value can not be supplied as the configuration value.'],
      unheard: ['Null value can not be supplied as the configuration value.'],
    })
  })

  const asking = (ask: NonNullable<ValidationParts['ask']>, more: Partial<ValidationParts> = {}) =>
    complaints(sourceConfig, {}, { ask, ...more })

  test('is heard, also on settings that nobody has declared', async () => {
    const problems: readonly SettingProblem[] = [
      { setting: 'topic', message: 'there is no such topic' },
      { setting: 'elsewhere', message: 'not so' },
    ]
    const { configs } = await answerOf(sourceConfig, {}, { ask: async () => problems })
    expect(configs[0]).toMatchObject({
      definition: null,
      value: { name: 'elsewhere', value: null, errors: ['not so'] },
    })
    expect(await asking(async () => problems)).toEqual({ topic: ['there is no such topic'], elsewhere: ['not so'] })
  })

  test('is not asked while its settings are wrong by themselves', async () => {
    let asked = 0
    const ask = async (): Promise<readonly SettingProblem[]> => [{ setting: 'topic', message: `asked ${++asked}` }]
    expect(await complaints({ ...sourceConfig, topic: '' }, {}, { ask })).toHaveProperty('topic')
    expect(asked).toBe(0)
  })

  test('that never answers is given up after its time, and told to end', async () => {
    const clock = new FakeClock()
    let signal: AbortSignal | undefined
    const found = asking((_, given) => ((signal = given), new Promise(() => undefined)), { clock, askTimeoutMs: 5_000 })
    while (clock.sleeping === 0) await new Promise((resolve) => setImmediate(resolve))
    clock.advance(5_000)
    expect(await found).toEqual({ 'connector.class': [expect.stringMatching(/within 5000 ms/)] })
    expect(signal?.aborted).toBe(true)
  })

  test('that fails is a complaint, not a failure of the worker', async () => {
    const found = await asking(async () => {
      throw new Error('connection refused')
    })
    expect(found).toEqual({ 'connector.class': [expect.stringMatching(/connection refused/)] })
  })

  test('of which Java’s has more settings is taken with a warning that names them', async () => {
    const logger = new MemoryLogger()
    const given = {
      ...sinkConfig,
      'java.only': '1',
      'errors.tolerence': 'all',
      'consumer.override.check.crcs': 'x',
      'admin.override.sasl.jass.config': 'x',
      'admin.override.security.protocoll': 'SSL',
    }
    expect(await complaints(given, {}, { logger })).toEqual({})
    expect(logger.lines.map(({ message }) => message)).toEqual([
      'The setting "java.only" has no effect: batches are always flushed',
      'The setting "errors.tolerence" has no effect; did you mean "errors.tolerance"?',
      'The setting "admin.override.security.protocoll" has no effect; did you mean "admin.override.security.protocol"?',
    ])
  })
})

test('nothing is said of a connector that nobody asks any more', async () => {
  const ending = new AbortController()
  ending.abort()
  const ask = (): Promise<readonly SettingProblem[]> => Promise.reject(new Error('The worker is shutting down'))
  const parts = validationParts({}, { connectors, ask })
  await expect(validateConnector(sourceConfig, parts, ending.signal)).rejects.toMatchObject({
    status: 500,
    message: 'Worker is shutting down',
  })
})

describe('values of config providers', () => {
  const SECRET = 'hunter2-hunter2'
  const worker = { 'config.providers': 'env', 'config.providers.env.class': 'EnvVarConfigProvider' }
  beforeAll(() => {
    process.env['SLUICE_VALIDATION_SECRET'] = SECRET
  })
  afterAll(() => {
    delete process.env['SLUICE_VALIDATION_SECRET']
  })
  const VARIABLE = '${env:SLUICE_VALIDATION_SECRET}'

  async function shown(config: RawSettings, more: Partial<ValidationParts> = {}): Promise<SettingsValidation> {
    const providers = ConfigProviders.of(worker)
    const answer = await answerOf(config, worker, { providers, ...more })
    expect(JSON.stringify(answer)).not.toContain(SECRET)
    return answer
  }

  test.each([
    ['a value that is right', 'says', 0],
    ['a number that is none', 'size', 1],
    ['a word that is not allowed', 'mode', 1],
    ['a class that is not there', 'value.converter', 1],
  ])('are not shown: %s', async (_, setting, count) => {
    const config = setting === 'says' ? sourceConfig : sinkConfig
    const answer = await shown({ ...config, [setting]: VARIABLE })
    expect(answer.error_count).toBe(count)
    const error = `Invalid value for configuration '${setting}': the value resolved from the config provider reference failed validation`
    expect(answer.configs.find(({ value }) => value.name === setting)?.value).toMatchObject({
      value: VARIABLE,
      errors: count === 0 ? [] : [error],
    })
  })

  test('are not shown where they are a part of a setting', async () => {
    const ask = async (): Promise<readonly SettingProblem[]> => [{ setting: 'topic', message: `no ${SECRET} there` }]
    const { configs } = await shown({ ...sourceConfig, says: `user=a;password=${VARIABLE}` }, { ask })
    expect(configs.find(({ value }) => value.name === 'topic')?.value.errors).toEqual(['no [hidden] there'])
  })

  test('that do not come are told of with their provider and path, in time', async () => {
    const clock = new FakeClock()
    const slow = { 'config.providers': 'nfs', 'config.providers.nfs.class': 'Slow' }
    const get = (): Promise<never> => new Promise(() => undefined)
    const providers = ConfigProviders.of(slow, { Slow: () => ({ get }) }, clock)
    const answer = shown({ ...sourceConfig, says: '${nfs:/mnt/secrets:k}' }, { providers })
    const told = expect(answer).rejects.toThrow('The config provider nfs of /mnt/secrets has not answered within 30 s')
    clock.advance(30_000)
    await told
  })

  test('are not shown by what the connector says of other settings', async () => {
    const ask = async (): Promise<readonly SettingProblem[]> => [{ setting: 'topic', message: `no ${SECRET} there` }]
    const { configs } = await shown({ ...sourceConfig, says: VARIABLE }, { ask })
    expect(configs.find(({ value }) => value.name === 'topic')?.value.errors).toEqual(['no [hidden] there'])
  })

  test('are not shown by a version that is not there', async () => {
    const answer = await shown({ ...sourceConfig, 'connector.plugin.version': VARIABLE, says: VARIABLE })
    expect(answer.error_count).toBe(1)
  })

  test('come from the worker’s providers, not from ones that a connector declares', async () => {
    const own = { 'config.providers': 'mine', 'config.providers.mine.class': 'EnvVarConfigProvider' }
    const answer = await shown({ ...sourceConfig, ...own, says: '${mine:SLUICE_VALIDATION_SECRET}' })
    expect(answer.configs.map(({ value }) => value.name).filter((name) => name.startsWith('config.providers'))).toEqual(
      [],
    )
  })

  test('are what is validated', async () => {
    const clean = await shown({ ...sinkConfig, size: VARIABLE.replace('SECRET', 'SIZE') })
    expect(clean.error_count).toBe(1)
    process.env['SLUICE_VALIDATION_SIZE'] = '7'
    const right = await shown({ ...sinkConfig, size: VARIABLE.replace('SECRET', 'SIZE') })
    expect(right.error_count).toBe(0)
    delete process.env['SLUICE_VALIDATION_SIZE']
  })
})
