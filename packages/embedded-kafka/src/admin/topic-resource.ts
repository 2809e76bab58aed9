import { ApiError } from '../api/handler.ts'
import type { Broker, Topic } from '../broker.ts'
import { type Overrides, SOURCES } from '../settings/broker-settings.ts'
import { effectiveSetting, parseTopicConfig } from '../topics/topic-config.ts'
import { checkTopicName } from '../topics/topic-names.ts'
import { TOPIC_SETTINGS, type TopicSetting, topicSetting } from '../topics/topic-settings.ts'
import { type ConfigEntry, type ConfigResource, configEntry, settingsOf } from './config-entry.ts'

/** The settings of a topic: its own over the broker's over defaults. */
export function topicResource(broker: Broker, name: string): ConfigResource {
  const existing = (): Topic => {
    const topic = broker.topics.get(name)
    if (topic === undefined) throw new ApiError('UNKNOWN_TOPIC_OR_PARTITION', `There is no topic '${name}'`)
    return topic
  }
  const checkValues = (overrides: Overrides): void => {
    if (name === '') throw new ApiError('INVALID_REQUEST', 'Default topic resources are not allowed.')
    parseTopicConfig(overrides, brokerOverride(broker))
  }
  return {
    entries: () => {
      checkTopicName(name)
      return topicEntries(broker, existing().overrides)
    },
    overrides: () => broker.topics.get(name)?.overrides ?? {},
    setting: topicSetting,
    current: (key) => {
      const setting = topicSetting(key)
      return setting === undefined
        ? ''
        : effectiveSetting(setting, broker.topics.get(name)?.overrides ?? {}, brokerOverride(broker)).value
    },
    check: (overrides) => {
      checkValues(overrides)
      existing()
    },
    apply: (overrides) => {
      checkValues(overrides)
      existing()
      broker.topics.configure(name, overrides)
    },
  }
}

/** All settings of a topic that has these of its own. */
export function topicEntries(broker: Broker, overrides: Overrides): ConfigEntry[] {
  return TOPIC_SETTINGS.filter(({ isHidden }) => isHidden !== true).map((setting) => entry(broker, setting, overrides))
}

export function brokerOverride(broker: Broker): (name: string) => string | undefined {
  const settings = settingsOf(broker)
  return (name) => settings.override(name)
}

function entry(broker: Broker, setting: TopicSetting, overrides: Overrides): ConfigEntry {
  const { name } = setting
  const own = overrides[name]
  const synonyms = own === undefined ? [] : [{ name, value: own, source: SOURCES.topic as number }]
  // Of several broker settings the first is the one that Kafka names; the others only lend their values.
  for (const { name: brokerName } of setting.synonyms.slice(0, 1)) {
    for (const { value, source } of settingsOf(broker).valuesOf(brokerName)) {
      if (value !== null) synonyms.push({ name: brokerName, value, source: SOURCES[source] })
    }
  }
  const { value } = effectiveSetting(setting, overrides, brokerOverride(broker))
  return configEntry(name, setting, value, synonyms[0]?.source ?? SOURCES.default, false, synonyms)
}
