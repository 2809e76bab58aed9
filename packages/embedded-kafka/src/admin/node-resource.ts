import { ApiError } from '../api/handler.ts'
import type { Broker } from '../broker.ts'
import { BROKER_SETTINGS } from '../settings/broker-setting-table.ts'
import { SOURCES } from '../settings/broker-settings.ts'
import { type ConfigEntry, type ConfigResource, configEntry, settingsOf } from './config-entry.ts'

/** The settings of the node that is asked, or (`''`) what was altered for all nodes. */
export function nodeResource(broker: Broker, node: number, name: string): ConfigResource {
  if (name !== '' && name !== String(node)) {
    const reason = /^\d+$/.test(name)
      ? `Unexpected broker id, expected ${node} or empty string, but received ${name}`
      : `Broker id must be an integer, but it is: ${name}`
    throw new ApiError('INVALID_REQUEST', reason)
  }
  const settings = settingsOf(broker)
  const resource = { kind: 'node', name } as const
  return {
    entries: () =>
      name === ''
        ? Object.entries(settings.overrides(resource)).map(([key, value]) => clusterEntry(key, value))
        : names(
            Object.keys({ ...settings.overrides({ kind: 'node', name: '' }), ...settings.overrides(resource) }),
          ).map((key) => nodeEntry(broker, node, key)),
    overrides: () => settings.overrides(resource),
    setting: (key) => BROKER_SETTINGS.get(key),
    current: (key) => (BROKER_SETTINGS.has(key) ? settings.text(key) : ''),
    check: (overrides) => settings.check(resource, overrides),
    apply: (overrides) => settings.alter(resource, overrides),
  }
}

/** Everything that has a value, known or not. */
function names(altered: readonly string[]): string[] {
  return [...new Set([...BROKER_SETTINGS.keys(), ...altered])]
}

function clusterEntry(name: string, value: string): ConfigEntry {
  const synonyms = [{ name, value, source: SOURCES.cluster }]
  return configEntry(name, BROKER_SETTINGS.get(name), value, SOURCES.cluster, false, synonyms)
}

function nodeEntry(broker: Broker, node: number, name: string): ConfigEntry {
  const setting = BROKER_SETTINGS.get(name)
  const isReadOnly = setting?.isDynamic === false
  const fact = factOf(broker, node, name)
  const synonyms =
    fact === undefined
      ? settingsOf(broker)
          .valuesOf(name, String(node))
          .map(({ value, source }) => ({ name, value, source: SOURCES[source] }))
      : [{ name, value: fact, source: SOURCES.static }]
  const source = synonyms[0]?.source ?? SOURCES.default
  return configEntry(name, setting, synonyms[0]?.value ?? null, source, isReadOnly, synonyms)
}

/** What each node knows of itself, whatever was configured. */
function factOf(broker: Broker, node: number, name: string): string | undefined {
  if (name === 'node.id') return String(node)
  if (name !== 'listeners' && name !== 'advertised.listeners') return undefined
  const found = broker.nodes.alive().find(({ id }) => id === node)
  return found === undefined ? undefined : `${broker.securityProtocol}://${found.host}:${found.port}`
}
