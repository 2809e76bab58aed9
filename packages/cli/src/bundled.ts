/** What comes with `sluice`: the one list of bundled connectors, and the plugins a worker is started with. */
import { converters } from '@sluice/codecs'
import type { RawSettings } from '@sluice/sdk'
import { predicates, transforms } from '@sluice/transforms'
import { loadConnectors, Plugins } from '@sluice/worker'

const bundled = ['@sluice/connector-file', '@sluice/connector-kafka-examples', '@sluice/connector-lake'] as const

/** The modules that hold them, and those that the worker's `plugins` setting names: what cells import. */
export function bundledModules(worker: RawSettings): readonly string[] {
  const more = (worker['plugins'] ?? '')
    .split(',')
    .map((specifier) => specifier.trim())
    .filter((specifier) => specifier !== '')
  return [...bundled, ...more]
}

/** @throws SluiceError PLUGIN_UNKNOWN */
export async function bundledPlugins(worker: RawSettings): Promise<Plugins> {
  return new Plugins({ connectors: await loadConnectors(bundledModules(worker)), converters, transforms, predicates })
}
