import { ApiError } from '../api/handler.ts'
import type { Broker } from '../broker.ts'
import { GROUP_SETTINGS } from '../settings/broker-setting-table.ts'
import { SOURCES } from '../settings/broker-settings.ts'
import { type ConfigResource, configEntry, settingsOf } from './config-entry.ts'

/** The settings of a group (KIP-848); the group need not exist yet. */
export function groupResource(broker: Broker, name: string): ConfigResource {
  if (name === '') throw new ApiError('INVALID_REQUEST', 'Default group resources are not allowed.')
  const settings = settingsOf(broker)
  const resource = { kind: 'group', name } as const
  return {
    entries: () =>
      Array.from(GROUP_SETTINGS.values(), (setting) => {
        const own = settings.overrides(resource)[setting.name]
        const synonyms = own === undefined ? [] : [{ name: setting.name, value: own, source: SOURCES.group as number }]
        for (const inherited of settings.valuesOf(`group.${setting.name}`)) {
          synonyms.push({ name: inherited.name, value: inherited.value ?? '', source: SOURCES[inherited.source] })
        }
        return configEntry(setting.name, setting, synonyms[0]!.value, synonyms[0]!.source, false, synonyms)
      }),
    overrides: () => settings.overrides(resource),
    setting: (key) => GROUP_SETTINGS.get(key),
    current: () => '',
    check: (overrides) => settings.check(resource, overrides),
    apply: (overrides) => settings.alter(resource, overrides),
  }
}
