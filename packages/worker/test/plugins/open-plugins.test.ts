import { describe, expect, test } from '@jest/globals'
import { MemoryLogger } from '@sluice/sdk/testing'
import { loadConnectors } from '../../src/plugins/load.ts'
import { openPlugins, pluginPath } from '../../src/plugins/open-plugins.ts'

const BUNDLED = [
  '@sluice/connector-file',
  '@sluice/connector-kafka-examples',
  '@sluice/connector-lake',
  '@sluice/connector-mirror',
  '@sluice/connector-datagen',
  '@sluice/connector-console',
]

describe('the bundled connectors', () => {
  test('are known without being imported, and are what their packages say', async () => {
    const { connectors } = await openPlugins({ modules: BUNDLED, folders: [] }, new MemoryLogger())
    expect(connectors.all()).toEqual([])
    const told = connectors.entries().map(({ name, version, aliases }) => ({ name, version, aliases }))
    const loaded = await Promise.all(connectors.entries().map((entry) => entry.load()))
    expect(told).toEqual(loaded.map(({ name, version, aliases = [] }) => ({ name, version, aliases })))
    expect(new Set(connectors.all())).toEqual(new Set(await loadConnectors(BUNDLED)))
  })

  test('are of the kind that their packages say', async () => {
    const plugins = await openPlugins({ modules: BUNDLED, folders: [] }, new MemoryLogger())
    const kinds = plugins.connectors.entries().map(({ name }) => plugins.connectorType(name))
    const loaded = await Promise.all(plugins.connectors.entries().map((entry) => entry.load()))
    expect(kinds).toEqual(loaded.map(({ kind }) => kind))
  })
})

test('a module that says nothing of what it holds is imported, and one that is not there is told of', async () => {
  await expect(openPlugins({ modules: ['@sluice/no-such'], folders: [] }, new MemoryLogger())).rejects.toMatchObject({
    code: 'PLUGIN_UNKNOWN',
  })
})

test('plugin.path is a list of folders', () => {
  expect(pluginPath(' /a, /b,,')).toEqual(['/a', '/b'])
  expect(pluginPath(undefined)).toEqual([])
})
