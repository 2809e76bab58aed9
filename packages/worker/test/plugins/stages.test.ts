import { describe, expect, test } from '@jest/globals'
import { converters } from '@sluice/codecs'
import type { ConnectRecord, PredicatePlugin, RawSettings, TransformPlugin } from '@sluice/sdk'
import { Plugins } from '../../src/plugins/catalogue.ts'
import { makeChain, makeConverters } from '../../src/plugins/stages.ts'
import { sourceRecord } from '../support/source-run.ts'
import { text } from '../support/fake-kafka.ts'

const suffix: TransformPlugin = {
  name: 'suffix',
  aliases: ['com.example.Suffix'],
  create: (settings) => (record) => ({ ...record, topic: record.topic + (settings['text'] ?? '?') }),
}
const drop: TransformPlugin = { name: 'drop', aliases: [], create: () => () => null }
const topicIs: PredicatePlugin = {
  name: 'topic-is',
  aliases: [],
  create: (settings) => (record) => record.topic === settings['name'],
}
const plugins = new Plugins({ connectors: [], converters, transforms: [suffix, drop], predicates: [topicIs] })

function through(
  aliases: readonly string[],
  settings: RawSettings,
  record: ConnectRecord = sourceRecord(1),
): string | undefined {
  return makeChain(plugins, aliases, settings)!(record)?.topic
}

describe('transforms', () => {
  test('are applied in the order in which they are listed, each with its own settings', () => {
    const settings = {
      'transforms.b.type': 'suffix',
      'transforms.b.text': '-b',
      'transforms.a.type': 'com.example.Suffix',
      'transforms.a.text': '-a',
    }
    expect(through(['a', 'b'], settings)).toBe('out-a-b')
    expect(through(['b', 'a'], settings)).toBe('out-b-a')
    expect(makeChain(plugins, [], settings)).toBeNull()
  })

  test('touch only what their predicate chooses, or, negated, what it does not', () => {
    const settings = {
      'transforms.a.type': 'suffix',
      'transforms.a.text': '!',
      'transforms.a.predicate': 'p',
      'predicates.p.type': 'topic-is',
      'predicates.p.name': 'out',
    }
    const other = sourceRecord(1, { topic: 'other' })
    expect([through(['a'], settings), through(['a'], settings, other)]).toEqual(['out!', 'other'])
    const negated = { ...settings, 'transforms.a.negate': ' TRUE ' }
    expect([through(['a'], negated), through(['a'], negated, other)]).toEqual(['out', 'other!'])
  })

  test.each<[string, RawSettings, RegExp]>([
    ['without a type', {}, /transforms\.a\.type/],
    ['of an unknown type', { 'transforms.a.type': 'sufix' }, /No transform is called "sufix"/],
    [
      'with a predicate that is not defined',
      { 'transforms.a.type': 'suffix', 'transforms.a.predicate': 'p' },
      /"p", which is not defined/,
    ],
    [
      'with a predicate of an unknown type',
      { 'transforms.a.type': 'suffix', 'transforms.a.predicate': 'p', 'predicates.p.type': 'topic' },
      /No predicate is called "topic"/,
    ],
    [
      'with a negation of nothing',
      { 'transforms.a.type': 'suffix', 'transforms.a.negate': 'true' },
      /no transforms\.a\.predicate/,
    ],
    [
      'with a negation that is neither true nor false',
      {
        'transforms.a.type': 'suffix',
        'transforms.a.predicate': 'p',
        'predicates.p.type': 'topic-is',
        'transforms.a.negate': 'yes',
      },
      /Invalid value yes for configuration transforms\.a\.negate/,
    ],
  ])('%s is refused', (_, settings, message) => {
    expect(() => makeChain(plugins, ['a'], settings)).toThrow(message)
  })
})

describe('converters', () => {
  const worker = {
    'key.converter': 'StringConverter',
    'value.converter': 'JsonConverter',
    'value.converter.schemas.enable': 'false',
  }
  const encode = (connector: RawSettings): string =>
    text(makeConverters(plugins, worker, connector).value.encoder('t', null)('x'))

  test('are the worker’s, with the worker’s settings', () => {
    expect(encode({})).toBe('"x"')
    // A setting of a converter belongs to whoever names the converter.
    expect(encode({ 'value.converter.schemas.enable': 'true' })).toBe('"x"')
  })

  test('or the connector’s own, with its own settings', () => {
    expect(encode({ 'value.converter': 'JsonConverter' })).toBe('{"schema":null,"payload":"x"}')
    expect(encode({ 'value.converter': 'org.apache.kafka.connect.storage.StringConverter' })).toBe('x')
  })

  test('headers are text unless somebody says otherwise', () => {
    expect(text(makeConverters(plugins, worker, {}).header.encoder('t', null)(1.5))).toBe('1.5')
  })

  test('one that is not there is named with its nearest', () => {
    expect(() => makeConverters(plugins, { ...worker, 'key.converter': 'JsonConvertor' }, {})).toThrow(
      expect.objectContaining({
        code: 'PLUGIN_UNKNOWN',
        remedy: expect.stringContaining('Did you mean "JsonConverter"?') as unknown,
      }),
    )
  })
})
