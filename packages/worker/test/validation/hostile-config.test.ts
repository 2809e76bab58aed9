/** Configs come from anybody: whatever is in them, there is an answer, soon. */
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { SettingsValidation } from '@sluice/sdk'
import { ConfigProviders } from '../../src/config-providers.ts'
import { HerderError } from '../../src/herder/herder.ts'
import { validateConnector, type GivenConfig } from '../../src/validation/validator.ts'
import { validationParts } from '../support/connect-plugins.ts'

const worker = { 'config.providers': 'env', 'config.providers.env.class': 'EnvVarConfigProvider' }
const parts = validationParts(worker, { providers: ConfigProviders.of(worker) })

async function answerOf(config: GivenConfig): Promise<SettingsValidation | HerderError> {
  try {
    return await validateConnector(config, parts, new AbortController().signal)
  } catch (error) {
    if (error instanceof HerderError) return error
    throw error
  }
}

/** The answer, which may be a refusal, or has as many complaints as it says. */
async function sound(config: GivenConfig): Promise<void> {
  const answer = await answerOf(config)
  if (answer instanceof HerderError) {
    expect(answer.status).toBe(400)
    return
  }
  const count = answer.configs.reduce((sum, { value }) => sum + value.errors.length, 0)
  expect(answer.error_count).toBe(count)
  const names = answer.configs.map(({ value }) => value.name)
  expect(new Set(names).size).toBe(names.length)
}

const MANY = 300_000
const source = { name: 's', 'connector.class': 'FileStreamSource', topic: 't' }
const sink = { name: 's', 'connector.class': 'FileStreamSink', topics: 't' }
const keys = (prefix: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, i) => `${prefix}${i}`)

const large: readonly (readonly [string, GivenConfig])[] = [
  ['variables that begin and never end', { ...source, file: '${'.repeat(MANY) }],
  ['colons without end', { ...source, file: `\${${':'.repeat(MANY)}` }],
  ['transforms without end', { ...source, transforms: keys('a', MANY).join(',') }],
  ['commas', { ...source, transforms: ','.repeat(MANY), predicates: ','.repeat(MANY) }],
  ['blanks', { ...sink, topics: `a${' '.repeat(MANY)}b` }],
  ['groups of topics without end', { ...source, 'topic.creation.groups': keys('g', MANY).join(',') }],
  ['settings that nobody knows', { ...source, ...Object.fromEntries(keys('k', MANY / 3).map((key) => [key, 'x'])) }],
  ['nulls', { ...source, ...Object.fromEntries(keys('k', MANY / 3).map((key) => [key, null])) }],
  ['overrides', { ...source, ...Object.fromEntries(keys('producer.override.', MANY / 3).map((key) => [key, 'x'])) }],
  ['a name without end', { ...source, name: 'x'.repeat(MANY) }],
  ['a class without end', { ...source, 'connector.class': 'x'.repeat(MANY) }],
  ['versions without end', { ...source, 'connector.plugin.version': `${'[1],'.repeat(MANY / 10)}[2]` }],
  [
    'a pattern that takes for ever',
    {
      name: 's',
      'connector.class': 'FileStreamSink',
      'topics.regex': '(a+)+b',
      'errors.deadletterqueue.topic.name': 'a'.repeat(200),
    },
  ],
]

describe('a config with', () => {
  test.each(large)('%s is answered within seconds', async (_, config) => {
    const started = performance.now()
    await sound(config)
    expect(performance.now() - started).toBeLessThan(10_000)
  })

  test.each(['__proto__', 'constructor', 'toString', 'a/b', 'ü 🜁', ' ', '', 'a\u0000b', '${env:X}'])(
    'the name %j anywhere',
    async (name) => {
      const config = JSON.parse(
        JSON.stringify({
          ...source,
          name,
          transforms: name,
          predicates: name,
          'topic.creation.groups': name,
          'value.converter': name,
        }).replace(/\}$/, `,${JSON.stringify(name)}:"x","producer.override.${name === 'a\u0000b' ? 'b' : name}":"y"}`),
      ) as GivenConfig
      await sound(config)
      await sound({ ...config, 'connector.class': name })
    },
  )

  test('anything at all is answered or refused', async () => {
    const known = (await answerOf(source)) as SettingsValidation
    const names = [
      ...known.configs.map(({ value }) => value.name),
      'topics',
      'topics.regex',
      'errors.deadletterqueue.topic.name',
      'consumer.override.group.id',
      'transforms.a.type',
      'transforms.a.predicate',
      'transforms.a.negate',
      'transforms.a.fields',
      'predicates.p.type',
      'value.converter.schemas.enable',
      'producer.override.acks',
      'topic.creation.default.partitions',
      'unknown',
    ]
    const words = [
      '',
      'a',
      'p',
      'true',
      '-1',
      '0',
      '99999999999999999999',
      'null',
      'a,a',
      '[1,2)',
      '(',
      'required',
      'connector',
    ]
    const classes = [
      'FileStreamSource',
      'FileStreamSink',
      'MockSink',
      'JsonConverter',
      'MaskField$Value',
      'Cast$Key',
      'TopicNameMatches',
    ]
    const value = fc.oneof(
      fc.constantFrom(...words, ...classes, '${env:PATH}', '${env:'),
      fc.string({ unit: 'binary', maxLength: 12 }),
      fc.constant(null),
    )
    const config = fc.dictionary(fc.oneof(fc.constantFrom(...names), fc.string({ maxLength: 8 })), value, {
      maxKeys: 12,
    })
    await fc.assert(
      fc.asyncProperty(config, fc.constantFrom(...classes, undefined), async (given, type) =>
        sound(type === undefined ? given : { ...given, 'connector.class': type }),
      ),
      { numRuns: 2_000 },
    )
  })
})
