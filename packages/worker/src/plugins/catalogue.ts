import type { Connector, ConverterPlugin, PredicatePlugin, RawSettings, TransformPlugin } from '@sluice/sdk'
import type { PluginInfo, PluginKind } from '../herder/herder.ts'
import { pluginClass, Shelf, type PluginLabel, type ShelvedPlugin } from './shelf.ts'
import { parseVersionRange } from './version-range.ts'

/** Converters, transforms and predicates that say no version of their own do as those of this release of Kafka Connect. */
export const KAFKA_VERSION = '4.3.1'

export interface PluginLists {
  readonly connectors: readonly Connector[]
  readonly converters: readonly ConverterPlugin[]
  readonly transforms: readonly TransformPlugin[]
  readonly predicates: readonly PredicatePlugin[]
}

/** A plugin that is loaded when it is first used. */
export type DiscoveredPlugin =
  | ({ readonly kind: 'source' | 'sink' } & ShelvedPlugin<Connector>)
  | ({ readonly kind: 'converter' } & ShelvedPlugin<ConverterPlugin>)
  | ({ readonly kind: 'transformation' } & ShelvedPlugin<TransformPlugin>)
  | ({ readonly kind: 'predicate' } & ShelvedPlugin<PredicatePlugin>)

/** Everything a worker can make by name. */
export class Plugins {
  readonly connectors: Shelf<Connector>
  readonly converters: Shelf<ConverterPlugin>
  readonly transforms: Shelf<TransformPlugin>
  readonly predicates: Shelf<PredicatePlugin>
  /** By our own names: whether a connector is a source or a sink is known before it is loaded. */
  readonly #kinds: ReadonlyMap<string, 'source' | 'sink'>

  constructor(lists: PluginLists, discovered: readonly DiscoveredPlugin[] = []) {
    const found = Map.groupBy(discovered, ({ kind }) => kind)
    const of = <P>(...kinds: DiscoveredPlugin['kind'][]): readonly ShelvedPlugin<P>[] =>
      kinds.flatMap((kind) => (found.get(kind) ?? []) as unknown as readonly ShelvedPlugin<P>[])
    this.connectors = new Shelf('connector', /Connector$/, [
      ...lists.connectors.map(loaded),
      ...of<Connector>('source', 'sink'),
    ])
    this.converters = new Shelf('converter', /Converter$/, [
      ...lists.converters.map(loaded),
      ...of<ConverterPlugin>('converter'),
    ])
    this.transforms = new Shelf('transform', /Transformation$/, [
      ...lists.transforms.map(loaded),
      ...of<TransformPlugin>('transformation'),
    ])
    this.predicates = new Shelf('predicate', /Predicate$/, [
      ...lists.predicates.map(loaded),
      ...of<PredicatePlugin>('predicate'),
    ])
    this.#kinds = new Map([
      ...lists.connectors.map(({ name, kind }) => [name, kind] as const),
      ...discovered.flatMap(({ name, kind }) => (kind === 'source' || kind === 'sink' ? [[name, kind] as const] : [])),
    ])
  }

  /** As `GET /connector-plugins` has them: sinks, sources, transformations, predicates, converters, converters of headers. */
  list(connectorsOnly: boolean): readonly PluginInfo[] {
    const connectors = this.connectors.entries()
    const ofKind = (kind: 'sink' | 'source'): readonly PluginInfo[] =>
      connectors.filter(({ name }) => this.#kinds.get(name) === kind).map((plugin) => info(plugin, kind))
    const all = [...ofKind('sink'), ...ofKind('source')]
    if (connectorsOnly) return all
    return [
      ...all,
      ...this.transforms.entries().map((plugin) => info(plugin, 'transformation')),
      ...this.predicates.entries().map((plugin) => info(plugin, 'predicate')),
      ...this.convertersOf('value').map((plugin) => info(plugin, 'converter')),
      ...this.convertersOf('header').map((plugin) => info(plugin, 'header_converter')),
    ]
  }

  /** The converters for one side. One that is not loaded yet may be for any. */
  convertersOf(side: 'key' | 'value' | 'header'): readonly ShelvedPlugin<ConverterPlugin>[] {
    return this.converters.entries().filter(({ loaded: plugin }) => plugin?.sides?.includes(side) ?? true)
  }

  /** By any of its names; `unknown` for a connector that is not here. */
  connectorType(name: string): 'source' | 'sink' | 'unknown' {
    const found = this.connectors.findIfThere(name)
    return (found && this.#kinds.get(found.name)) ?? 'unknown'
  }

  /**
   * Loads what a connector's config and its worker's name, so that it can be made at once afterwards.
   * @throws SluiceError PLUGIN_UNKNOWN for the connector; what else is not there is told by whoever makes it
   */
  async loadFor(config: RawSettings, worker: RawSettings): Promise<Connector> {
    const connector = await this.connectors.load(
      config['connector.class'] ?? '',
      parseVersionRange(config['connector.plugin.version']),
    )
    const load = async (
      shelf: Shelf<unknown>,
      name: string | undefined,
      version: string | undefined,
    ): Promise<void> => {
      if (name !== undefined) await findFor(shelf, name, version)?.load()
    }
    const converters = ['key.converter', 'value.converter', 'header.converter'].map((setting) => {
      const owner = config[setting] === undefined ? worker : config
      return load(this.converters, owner[setting], owner[`${setting}.plugin.version`])
    })
    const staged = (['transforms', 'predicates'] as const).flatMap((stage) =>
      (config[stage] ?? '').split(',').map((alias) => {
        const prefix = `${stage}.${alias.trim()}.`
        return load(this[stage], config[`${prefix}type`], config[`${prefix}plugin.version`])
      }),
    )
    await Promise.all([...converters, ...staged])
    return connector
  }
}

/** Undefined for one that is not there, or not in that version. */
function findFor(shelf: Shelf<unknown>, name: string, version: string | undefined): ShelvedPlugin<unknown> | undefined {
  try {
    return shelf.find(name, parseVersionRange(version))
  } catch {
    return undefined
  }
}

/** A plugin that is there already. */
function loaded<P extends { readonly name: string; readonly aliases?: readonly string[]; readonly version?: string }>(
  plugin: P,
): ShelvedPlugin<P> {
  return {
    name: plugin.name,
    aliases: plugin.aliases ?? [],
    version: plugin.version ?? KAFKA_VERSION,
    loaded: plugin,
    load: async () => plugin,
  }
}

function info(plugin: PluginLabel, type: PluginKind): PluginInfo {
  return { class: pluginClass(plugin), type, version: plugin.version }
}
