/** New connector configs: from a request, checked, complete. */
import type { RawSettings } from '@sluice/sdk'
import { HerderError } from './herder.ts'
import type { HerderPlugins } from './ports.ts'
import { invalidConfiguration } from './refusals.ts'

/** @throws HerderError 400 with every complaint */
export async function assertValid(plugins: HerderPlugins, config: RawSettings): Promise<void> {
  const validation = await plugins.validate(null, config)
  if (validation.error_count > 0) throw invalidConfiguration(validation)
}

/** Null deletes a key. @throws HerderError 400 when it would rename the connector */
export function patched(
  connector: string,
  config: RawSettings,
  patch: Readonly<Record<string, string | null>>,
): RawSettings {
  const entries = new Map(Object.entries(config))
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) entries.delete(key)
    else entries.set(key, value)
  }
  const name = entries.get('name')
  if (name === undefined) entries.set('name', connector)
  else if (name !== connector)
    throw new HerderError(
      400,
      `Connector name configuration (${name}) doesn't match connector name in the URL (${connector})`,
    )
  return Object.fromEntries(entries)
}
