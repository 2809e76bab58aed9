/** The plugins of a worker, in its own process and in its cells: none of a connector's code is run before it is used. */
import type { Logger } from '@sluice/sdk'
import { Plugins, type DiscoveredPlugin } from './catalogue.ts'
import { discoverPackage, discoverPlugins } from './discovery.ts'
import { loadConnectors } from './load.ts'

export interface PluginPlaces {
  /** Package names, or paths of modules that begin with `/` or `.`. What does not say itself what it holds is imported to see. */
  readonly modules: readonly string[]
  /** `plugin.path` */
  readonly folders: readonly string[]
}

/** @throws SluiceError PLUGIN_UNKNOWN for a module that is not there */
export async function openPlugins({ modules, folders }: PluginPlaces, logger: Logger): Promise<Plugins> {
  const told = async (name: string): Promise<readonly DiscoveredPlugin[]> =>
    /^[./]/.test(name) ? [] : discoverPackage(name, logger)
  const found = await Promise.all(modules.map(told))
  const silent = modules.filter((_, index) => found[index]!.length === 0)
  const [connectors, inFolders, { converters }, { transforms, predicates }] = await Promise.all([
    loadConnectors(silent),
    discoverPlugins(folders, logger),
    import('@sluice/codecs'),
    import('@sluice/transforms'),
  ])
  return new Plugins({ connectors, converters, transforms, predicates }, [...found.flat(), ...inFolders])
}

/** The folders in `plugin.path`. */
export function pluginPath(text: string | undefined): readonly string[] {
  const folders = (text ?? '').split(',').map((folder) => folder.trim())
  return folders.filter((folder) => folder !== '')
}
