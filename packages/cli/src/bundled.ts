/** What comes with `sluice`: the one list of bundled connectors, and the plugins a worker is started with. */
import { converters } from '@sluice/codecs'
import type { RawSettings } from '@sluice/sdk'
import { predicates, transforms } from '@sluice/transforms'
import { loadConnectors, Plugins } from '@sluice/worker'

const bundled = ['@sluice/connector-file', '@sluice/connector-kafka-examples', '@sluice/connector-lake'] as const

/** The bundled plugins and those that the worker's `plugins` setting names. @throws SluiceError PLUGIN_UNKNOWN */
export async function bundledPlugins(worker: RawSettings): Promise<Plugins> {
  const more = (worker['plugins'] ?? '')
    .split(',')
    .map((specifier) => specifier.trim())
    .filter((specifier) => specifier !== '')
  return new Plugins({ connectors: await loadConnectors([...bundled, ...more]), converters, transforms, predicates })
}
