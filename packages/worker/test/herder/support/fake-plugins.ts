import type { SettingsValidation } from '@sluice/sdk'
import { HerderError } from '../../../src/herder/herder.ts'
import type { HerderLoggers, HerderPlugins } from '../../../src/herder/ports.ts'

/** Tells sources and sinks by the names of their classes; complains about `wrong`. */
export const fakePlugins: HerderPlugins = {
  list: () => [{ class: 'FakeSource', type: 'source', version: '1.0' }],
  definitions: async () => [],
  validate: async (_plugin, config) => validation(config['wrong'] === undefined ? [] : ['wrong is wrong']),
  connectorType: (config) => {
    const name = config['connector.class'] ?? ''
    if (/sink/i.test(name)) return 'sink'
    return /source/i.test(name) ? 'source' : 'unknown'
  },
}

export function fakeLoggers(levels: Map<string, string>): HerderLoggers {
  return {
    all: () => new Map([...levels].map(([name, level]) => [name, { level, lastModified: null }])),
    get: (name) => (levels.has(name) ? { level: levels.get(name)!, lastModified: null } : null),
    set: (namespace, level) => {
      if (level === 'LOUD') throw new HerderError(404, "invalid log level 'LOUD'.")
      levels.set(namespace, level)
      return [namespace]
    },
  }
}

function validation(errors: readonly string[]): SettingsValidation {
  return {
    name: 'FakeSource',
    error_count: errors.length,
    groups: [],
    configs: errors.map((error) => ({
      definition: null,
      value: { name: 'wrong', value: null, recommended_values: [], errors: [error], visible: true },
    })),
  }
}
