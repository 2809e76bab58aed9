import { expect, test } from '@jest/globals'
import type { RawSettings } from '@sluice/sdk'
import { HerderError } from '../../src/herder/herder.ts'
import { groupProblem, sinkOfGroup } from '../../src/processors/sink-groups.ts'

const OVERRIDE = 'consumer.override.group.id'

function herderOf(configs: Readonly<Record<string, RawSettings & { readonly type: 'source' | 'sink' }>>) {
  return {
    connectors: () => [...Object.keys(configs), 'gone'],
    connectorInfo: async (name: string) => {
      if (name === 'gone') throw new HerderError(404, 'Connector gone not found')
      const { type, ...config } = configs[name]!
      return { name, config, type, tasks: [] }
    },
  }
}

const resolve = async (config: RawSettings) => ({
  settings: Object.fromEntries(Object.entries(config).map(([key, value]) => [key, value.replace('${x:y}', 'given')])),
})

test('the group of a sink is its own or the one that its settings name, also by a config provider; a source has none', async () => {
  const herder = herderOf({
    lake: { type: 'sink' },
    files: { type: 'source' },
    named: { type: 'sink', [OVERRIDE]: 'other' },
    provided: { type: 'sink', [OVERRIDE]: '${x:y}' },
  })
  const found = (group: string) => sinkOfGroup(group, herder, resolve)
  expect(
    await Promise.all(['connect-lake', 'connect-files', 'connect-named', 'other', 'given', 'x'].map(found)),
  ).toEqual(['lake', null, null, 'named', 'provided', null])
})

test('a sink whose group is a processor’s is complained about where its group comes from', () => {
  const ownerOf = (group: string): string | null => (group === 'connect-lake' || group === 'orders' ? 'orders' : null)
  expect(groupProblem({ name: 'lake' }, ownerOf)).toEqual([
    { setting: 'name', message: 'Consumer group connect-lake is that of processor orders' },
  ])
  expect(groupProblem({ name: 'x', [OVERRIDE]: 'orders' }, ownerOf)).toMatchObject([{ setting: OVERRIDE }])
  expect(groupProblem({ name: 'x' }, ownerOf)).toEqual([])
})
