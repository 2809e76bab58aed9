/**
 * Finds plugins without running any of their code. A package says in its package.json what it holds:
 *
 *   "sluice": { "plugins": [{ "kind": "source", "name": "orders", "aliases": ["com.example.OrdersSourceConnector"] }] }
 *
 * `version` is the package's unless a plugin has its own, `module` its main module unless a plugin is in another. A plugin is imported
 * when it is first used: it is the module's default export, or one of a list there, by its name and version. The same plugin may be in several folders in
 * different versions.
 */
import fs from 'node:fs/promises'
import { findPackageJSON } from 'node:module'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { SluiceError, type Logger } from '@sluice/sdk'
import type { DiscoveredPlugin } from './catalogue.ts'

const KINDS = ['source', 'sink', 'converter', 'transformation', 'predicate'] as const
type Kind = (typeof KINDS)[number]

/** One plugin as its package tells of it. */
interface Declared {
  readonly kind: Kind
  readonly name: string
  readonly aliases: readonly string[]
  readonly version: string
  /** What is imported. */
  readonly url: string
}

/**
 * The plugins in folders (`plugin.path`): each is a package, or holds packages, also below `@scopes`, or in its node_modules. What is
 * wrong with one package is logged, and costs nothing but that package's plugins.
 */
export async function discoverPlugins(
  folders: readonly string[],
  logger: Logger,
): Promise<readonly DiscoveredPlugin[]> {
  const packages = await Promise.all(folders.map((folder) => packagesIn(path.resolve(folder), logger)))
  const found = await Promise.all(packages.flat().map((folder) => pluginsOf(folder, logger)))
  return found.flat()
}

/**
 * The plugins of an installed package; none when it is not installed, or says nothing of plugins.
 * @param from the folder it is installed for; default: this worker
 */
export async function discoverPackage(
  name: string,
  logger: Logger,
  from?: string,
): Promise<readonly DiscoveredPlugin[]> {
  const manifest = packageJson(name, from ?? import.meta.dirname)
  if (manifest === undefined) return []
  // What is installed for the worker is imported by its name, so that Node decides which of its modules it is.
  return pluginsOf(path.dirname(manifest), logger, from === undefined ? name : undefined)
}

function packageJson(name: string, from: string): string | undefined {
  try {
    return findPackageJSON(name, pathToFileURL(path.join(from, 'any.js')))
  } catch {
    return undefined
  }
}

async function packagesIn(folder: string, logger: Logger): Promise<readonly string[]> {
  if (await isFile(path.join(folder, 'package.json'))) return [folder]
  const inner: string[] = []
  try {
    for (const entry of await fs.readdir(folder, { withFileTypes: true })) {
      const below = path.join(folder, entry.name)
      if (!entry.isDirectory() && !entry.isSymbolicLink()) continue
      if (entry.name.startsWith('@') || entry.name === 'node_modules') inner.push(...(await packagesIn(below, logger)))
      else if (await isFile(path.join(below, 'package.json'))) inner.push(below)
    }
  } catch (error) {
    logger.warn('A folder of plugins cannot be read', { folder, reason: (error as Error).message })
  }
  return inner.toSorted()
}

async function pluginsOf(folder: string, logger: Logger, specifier?: string): Promise<readonly DiscoveredPlugin[]> {
  const file = path.join(folder, 'package.json')
  try {
    return declaredIn(JSON.parse(await fs.readFile(file, 'utf8')), folder, specifier).map(shelved)
  } catch (error) {
    logger.warn('A package’s plugins are left out', { file, reason: (error as Error).message })
    return []
  }
}

/** @throws TypeError saying what is wrong */
function declaredIn(manifest: unknown, folder: string, specifier: string | undefined): readonly Declared[] {
  const { sluice, version, main } = record(manifest, 'package.json')
  if (sluice === undefined) return []
  const { plugins } = record(sluice, 'sluice')
  if (!Array.isArray(plugins)) throw new TypeError('sluice.plugins is not a list')
  return plugins.map((given: unknown, index): Declared => {
    const what = `sluice.plugins[${index}]`
    const plugin = record(given, what)
    const kind = KINDS.find((known) => known === plugin['kind'])
    if (kind === undefined) throw new TypeError(`${what}.kind is not one of ${KINDS.join(', ')}`)
    const module = plugin['module'] ?? mainModule(manifest) ?? main ?? 'index.js'
    const url = pathToFileURL(path.resolve(folder, text(module, `${what}.module`))).href
    if (!url.startsWith(`${pathToFileURL(folder).href}/`))
      throw new TypeError(`${what}.module is outside of the package`)
    const aliases = plugin['aliases'] ?? []
    if (!Array.isArray(aliases)) throw new TypeError(`${what}.aliases is not a list`)
    return {
      kind,
      name: text(plugin['name'], `${what}.name`),
      aliases: aliases.map((alias) => text(alias, `${what}.aliases`)),
      version: text(plugin['version'] ?? version, `${what}.version`),
      url: plugin['module'] === undefined && specifier !== undefined ? specifier : url,
    }
  })
}

/** `exports` of the package itself, as text or by condition. */
function mainModule(manifest: unknown): unknown {
  const exported = record(manifest, 'package.json')['exports']
  const own = typeof exported === 'object' && exported !== null && '.' in exported ? exported['.'] : exported
  if (typeof own !== 'object' || own === null) return own
  const { node, import: imported, default: fallback } = own as Readonly<Record<string, unknown>>
  return node ?? imported ?? fallback
}

function shelved({ kind, name, aliases, version, url }: Declared): DiscoveredPlugin {
  let loaded: unknown = null
  return {
    kind,
    name,
    aliases,
    version,
    get loaded() {
      return loaded
    },
    load: async () => (loaded ??= await importPlugin(url, name, version)),
  } as DiscoveredPlugin
}

async function importPlugin(url: string, name: string, version: string): Promise<unknown> {
  let module: { readonly default?: unknown }
  try {
    module = (await import(url)) as { readonly default?: unknown }
  } catch (cause) {
    throw new SluiceError('PLUGIN_UNKNOWN', `The plugin ${name} ${version} cannot be loaded`, {
      cause,
      place: { module: url },
      remedy: 'Install it again: its package names a module that does not load.',
    })
  }
  const exported: readonly unknown[] = Array.isArray(module.default) ? module.default : [module.default]
  const found = exported.find((plugin) => isNamed(plugin, name))
  if (found !== undefined) return found
  throw new SluiceError('PLUGIN_UNKNOWN', `The module of the plugin ${name} ${version} does not export it`, {
    place: { module: url },
    remedy: 'Export it as default, or in a list there, with the name that its package.json says.',
  })
}

function isNamed(plugin: unknown, name: string): boolean {
  return typeof plugin === 'object' && plugin !== null && (plugin as { readonly name?: unknown }).name === name
}

function record(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  throw new TypeError(`${what} is not an object`)
}

function text(value: unknown, what: string): string {
  if (typeof value === 'string' && value !== '') return value
  throw new TypeError(`${what} is not a text`)
}

async function isFile(file: string): Promise<boolean> {
  const found = await fs.stat(file).catch(() => null)
  return found?.isFile() === true
}
