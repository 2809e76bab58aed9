/** Settings that every connector has, under Kafka Connect's names. */
import type { ParsedSettings } from '@sluice/sdk'
import type { sinkSettings } from './validation/sink-settings.ts'
import type { sourceSettings } from './validation/source-settings.ts'

/** What headers are converted by unless somebody says otherwise. */
export const HEADER_CONVERTER = 'org.apache.kafka.connect.storage.SimpleHeaderConverter'

export { connectorSettings } from './validation/connector-settings.ts'
export { sinkSettings } from './validation/sink-settings.ts'
export { sourceSettings } from './validation/source-settings.ts'

/** What a source and a sink both have. */
export type ConnectorSettings = Omit<SourceSettings, Exclude<keyof SourceSettings, keyof SinkSettings>>
export type SourceSettings = ParsedSettings<typeof sourceSettings>
export type SinkSettings = ParsedSettings<typeof sinkSettings>

/** The settings below a prefix, without it: `value.converter.` → the value converter's own. */
export function below(prefix: string, raw: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const found: Record<string, string> = {}
  for (const [key, value] of Object.entries(raw)) if (key.startsWith(prefix)) found[key.slice(prefix.length)] = value
  return found
}
