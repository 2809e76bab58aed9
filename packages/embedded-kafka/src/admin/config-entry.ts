import type { Broker } from '../broker.ts'
import { ConfiguredSettings, type Overrides } from '../settings/broker-settings.ts'
import type { Setting, SettingType } from '../settings/setting.ts'

/** One setting, in the form of DescribeConfigs. */
export interface ConfigEntry {
  readonly name: string
  readonly value: string | null
  readonly readOnly: boolean
  readonly configSource: number
  readonly isSensitive: boolean
  readonly synonyms: readonly { readonly name: string; readonly value: string | null; readonly source: number }[]
  readonly configType: number
  readonly documentation: string
}

/** Something that has settings which can be read and altered. */
export interface ConfigResource {
  entries(): ConfigEntry[]
  /** What was altered so far. */
  overrides(): Overrides
  setting(name: string): Setting | undefined
  /** What a list begins with when something is appended to it. */
  current(name: string): string
  /** Throws what `apply` would. */
  check(overrides: Overrides): void
  /** Replaces what was altered. Throws INVALID_CONFIG, INVALID_REQUEST, UNKNOWN_TOPIC_OR_PARTITION, KAFKA_STORAGE_ERROR. */
  apply(overrides: Overrides): void
}

const TYPE_CODES: Readonly<Record<SettingType | 'unknown', number>> = {
  unknown: 0,
  boolean: 1,
  string: 2,
  int: 3,
  short: 4,
  long: 5,
  double: 6,
  list: 7,
  password: 9,
}

/** A setting in the form of DescribeConfigs; `values` in the order in which they count. */
export function configEntry(
  name: string,
  setting: Setting | undefined,
  value: string | null,
  source: number,
  readOnly: boolean,
  synonyms: ConfigEntry['synonyms'],
): ConfigEntry {
  // What nobody knows may be a secret.
  const isSensitive = setting === undefined || setting.type === 'password'
  return {
    name,
    value: isSensitive ? null : value,
    readOnly,
    configSource: source,
    isSensitive,
    synonyms: isSensitive ? synonyms.map((synonym) => ({ ...synonym, value: null })) : synonyms,
    configType: TYPE_CODES[setting?.type ?? 'unknown'],
    documentation: setting?.documentation ?? '',
  }
}

/** The settings behind the broker's door, for what only they can do. */
export function settingsOf(broker: Broker): ConfiguredSettings {
  if (broker.settings instanceof ConfiguredSettings) return broker.settings
  throw new TypeError('The settings of this broker cannot be altered')
}
