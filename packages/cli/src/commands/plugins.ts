import type { SettingShown } from '@sluice/worker/client'
import { leaf } from '../command-line/declaration.ts'
import { declared } from '../command-line/declared-command.ts'
import { EXIT } from '../command-line/exit-status.ts'
import { connectOptions, openClient } from '../connect/connect-options.ts'
import { pluginsListing } from '../connect/listings.ts'
import { type Column, outputOptions, print } from '../connect/output.ts'

const columns: readonly Column<SettingShown>[] = [
  { heading: 'SETTING', of: ({ name }) => name },
  { heading: 'TYPE', of: ({ type }) => type },
  { heading: 'DEFAULT', of: (setting) => (setting.required ? '(required)' : setting.default_value?.slice(0, 40)) },
  { heading: 'IMPORTANCE', of: ({ importance }) => importance },
  { heading: 'DOCUMENTATION', isWide: true, of: ({ documentation }) => documentation },
]

export const pluginsNode = leaf({
  name: 'plugins',
  summary: 'Every plugin of the worker, or the settings of one',
  operands: [{ name: 'PLUGIN', isOptional: true, completes: 'plugin', documentation: 'A plugin, for its settings' }],
  options: {
    type: {
      type: 'text',
      value: 'TYPE',
      choices: ['source', 'sink', 'converter', 'header_converter', 'transformation', 'predicate'],
      documentation: 'Only plugins of this type',
    },
    ...outputOptions,
    ...connectOptions,
  },
  examples: ['plugins --type transformation', 'plugins file-source -o wide'],
  async run({ values, operands: [plugin], signal, terminal }) {
    const client = await openClient(values, terminal)
    if (plugin === undefined) {
      const found = await client.call('plugins', { query: { connectorsOnly: false } }, signal)
      const { type } = values
      await print(
        pluginsListing(type === undefined ? found : found.filter((one) => one.type === type)),
        values,
        terminal,
      )
      return EXIT.ok
    }
    const settings = await client.call('pluginConfig', { path: { plugin } }, signal)
    await print({ rows: settings, columns, name: ({ name }) => name, document: settings }, values, terminal)
    return EXIT.ok
  },
})

export const plugins = declared(pluginsNode)
