import { describe, expect, test } from '@jest/globals'
import { defineSettings, defineSource, type Connector, type ConverterPlugin } from '@sluice/sdk'
import { Plugins } from '../../src/plugins/catalogue.ts'

const connector = (name: string, aliases: string[]): Connector =>
  defineSource({
    name,
    version: '1',
    aliases,
    documentation: '',
    settings: defineSettings({}),
    createTask: () => ({ start: async () => undefined, poll: async () => null, stop: async () => undefined }),
  })

const plugins = new Plugins({
  connectors: [
    connector('file', ['org.apache.kafka.connect.file.FileStreamSourceConnector']),
    connector('other', ['com.example.FileStreamSourceConnector']),
    connector('jdbc', ['io.example.JdbcSourceConnector']),
  ],
  converters: [] satisfies ConverterPlugin[],
  transforms: [],
  predicates: [],
})

describe('plugins by name', () => {
  test.each(['jdbc', 'io.example.JdbcSourceConnector', 'JdbcSourceConnector', 'JdbcSource', ' jdbc '])(
    '%s is known',
    (name) => {
      expect(plugins.connectors.get(name).name).toBe('jdbc')
    },
  )

  test('a name that two plugins claim is nobody’s', () => {
    expect(() => plugins.connectors.get('FileStreamSourceConnector')).toThrow(/More than one connector/)
    expect(plugins.connectors.get('com.example.FileStreamSourceConnector').name).toBe('other')
  })

  test('a name that a plugin was given stays its, though that of another ends in it', () => {
    const connectors = [connector('filter', ['Filter']), connector('content-filter', ['com.example.Filter'])]
    const named = new Plugins({ connectors, converters: [], transforms: [], predicates: [] })
    expect(named.connectors.get('Filter').name).toBe('filter')
    expect(named.connectors.get('com.example.Filter').name).toBe('content-filter')
  })

  test('a shorter name stands for its class; a class name, and a name that is nobody’s, for themselves', () => {
    const classes = ['JdbcSource', ' jdbc', 'com.example.Jdbc', 'nobody', 'FileStreamSource']
    expect(classes.map((name) => plugins.connectors.classOf(name))).toEqual([
      'io.example.JdbcSourceConnector',
      'io.example.JdbcSourceConnector',
      'com.example.Jdbc',
      'nobody',
      'FileStreamSource',
    ])
  })

  test('an unknown name is answered with the nearest one and all that there are', () => {
    expect(() => plugins.connectors.get('JdbcSourceConnectr')).toThrow(
      expect.objectContaining({
        code: 'PLUGIN_UNKNOWN',
        remedy: expect.stringMatching(/JdbcSource.*file, other, jdbc/s) as unknown,
      }),
    )
  })
})
