/** What comes with `sluice`: the one list of bundled connectors, and the plugins a worker is started with. */
import { converters } from '@sluice/codecs'
import { silentLogger, type Logger, type RawSettings } from '@sluice/sdk'
import { predicates, transforms } from '@sluice/transforms'
import { discoverPlugins, loadConnectors, openPlugins, pluginPath, Plugins } from '@sluice/worker'

const bundled = [
  '@sluice/connector-file',
  '@sluice/connector-kafka-examples',
  '@sluice/connector-lake',
  '@sluice/connector-mirror',
  '@sluice/connector-datagen',
  '@sluice/connector-console',
] as const

/** The modules that hold them, and those that the worker's `plugins` setting names: what cells import. */
export function bundledModules(worker: RawSettings): readonly string[] {
  const more = (worker['plugins'] ?? '')
    .split(',')
    .map((specifier) => specifier.trim())
    .filter((specifier) => specifier !== '')
  return [...bundled, ...more]
}

/** All modules are imported; what is in `plugin.path` is when it is used. @throws SluiceError PLUGIN_UNKNOWN */
export async function bundledPlugins(worker: RawSettings, logger: Logger = silentLogger): Promise<Plugins> {
  const [connectors, inFolders] = await Promise.all([
    loadConnectors(bundledModules(worker)),
    discoverPlugins(pluginPath(worker['plugin.path']), logger),
  ])
  return new Plugins({ connectors, converters, transforms, predicates }, inFolders)
}

/** As `bundledPlugins`, but nothing is imported that says itself what it holds. */
export function foundPlugins(worker: RawSettings, logger: Logger): Promise<Plugins> {
  return openPlugins({ modules: bundledModules(worker), folders: pluginPath(worker['plugin.path']) }, logger)
}
