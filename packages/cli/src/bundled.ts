/** What comes with `sluice`: the lists of bundled connectors and processors, and the plugins a worker is started with. */
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

const processors = [
  '@sluice/processor-bird-strikes',
  '@sluice/processor-csv-rows',
  '@sluice/processor-flights',
] as const

/** The modules of processors: what `processor.class` may name, with those that the worker's `processors` setting names. */
export function bundledProcessors(worker: RawSettings): readonly string[] {
  return [...processors, ...named(worker['processors'])]
}

/** The modules that hold connectors, and those that the worker's `plugins` setting names: what cells import. */
export function bundledModules(worker: RawSettings): readonly string[] {
  return [...bundled, ...named(worker['plugins'])]
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

function named(list: string | undefined): readonly string[] {
  const specifiers = (list ?? '').split(',').map((specifier) => specifier.trim())
  return specifiers.filter((specifier) => specifier !== '')
}
