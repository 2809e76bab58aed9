import { describe, expect, test } from '@jest/globals'
import { defineSettings, defineSink } from '@sluice/sdk'
import { PluginDirectory } from '../../src/validation/plugin-directory.ts'
import { validationParts } from '../support/connect-plugins.ts'

const sink = defineSink({
  name: 'drain',
  version: '1',
  aliases: ['com.example.DrainSinkConnector'],
  documentation: '',
  settings: defineSettings({
    topics: { type: 'list', importance: 'high', documentation: 'Mine.' },
    depth: { type: 'int', default: 1, importance: 'low', documentation: '' },
  }),
  createTask: () => {
    throw new Error('no task is made in these tests')
  },
})
const directory = new PluginDirectory(validationParts({}, { connectors: [sink] }), new AbortController().signal)

describe('definitions of plugins', () => {
  test('of a connector: its own first, one that all have told once and as its own', async () => {
    const names = (await directory.definitions('DrainSink', undefined)).map(({ name }) => name)
    expect(names.slice(0, 3)).toEqual(['topics', 'depth', 'name'])
    expect(names.filter((name) => name === 'topics')).toHaveLength(1)
    expect(new Set(names).size).toBe(names.length)
  })

  test('of converters, transforms and predicates: their own', async () => {
    const names = async (plugin: string): Promise<readonly string[]> =>
      (await directory.definitions(plugin, undefined)).map(({ name }) => name)
    expect(await names('StringConverter')).toEqual(['converter.type', 'converter.encoding'])
    expect(await names('MaskField$Value')).toContain('fields')
    expect(await names('TopicNameMatches')).toEqual(['pattern'])
    expect(await names('Filter')).toEqual([])
  })

  test('of a plugin that is not there, or not in that version', async () => {
    await expect(directory.definitions('Nothing', undefined)).rejects.toMatchObject({
      status: 404,
      message: 'Unknown plugin Nothing.',
    })
    await expect(directory.definitions('drain', '[2,)')).rejects.toMatchObject({ status: 400 })
    await expect(directory.definitions('drain', '[2,')).rejects.toMatchObject({ status: 400 })
  })
})

describe('a config that is validated for a plugin', () => {
  test.each(['drain', 'DrainSink', 'DrainSinkConnector', 'com.example.DrainSinkConnector', 'SinkConnector'])(
    'may be asked for as %s',
    async (plugin) => {
      const answer = await directory.validate(plugin, {
        name: 'd',
        'connector.class': 'DrainSinkConnector',
        topics: 'a',
      })
      expect(answer.error_count).toBe(0)
    },
  )

  test('has to be of that plugin', async () => {
    const config = { 'connector.class': 'com.example.DrainSinkConnector' }
    await expect(directory.validate('FileStreamSink', config)).rejects.toMatchObject({
      status: 400,
      message: 'Included connector type com.example.DrainSinkConnector does not match request type FileStreamSink',
    })
  })

  test('is told of once where the connector declares what all have', async () => {
    const answer = await directory.validate(null, { name: 'd', 'connector.class': 'drain' })
    const topics = answer.configs.filter(({ value }) => value.name === 'topics')
    expect(topics).toMatchObject([{ definition: { documentation: 'Mine.' } }])
  })
})

test('whether a connector is a source or a sink is known by any of its names', () => {
  const type = (name: string): string => directory.connectorType({ 'connector.class': name })
  expect([type('DrainSink'), type('FileStreamSource'), type('nothing')]).toEqual(['sink', 'source', 'unknown'])
})
