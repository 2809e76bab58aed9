import { nearestName, SluiceError } from '@sluice/sdk'
import { compareVersions, type VersionRange } from './version-range.ts'

/** What is known of a plugin without running it. */
export interface PluginLabel {
  /** Our own name. */
  readonly name: string
  /** Java class names, and others. */
  readonly aliases: readonly string[]
  readonly version: string
}

/** A plugin that is there: loaded, or to be loaded when it is used. */
export interface ShelvedPlugin<P> extends PluginLabel {
  /** Null until it was loaded. */
  readonly loaded: P | null
  load(): Promise<P>
}

/** There is such a plugin, but in no version that was asked for. */
export class PluginVersionMissing extends SluiceError {
  /** Oldest first. */
  readonly versions: readonly string[]

  constructor(className: string, range: VersionRange, versions: readonly string[]) {
    super(
      'PLUGIN_UNKNOWN',
      `Plugin ${className} not found that matches the version range ${range.text}, available versions: [${versions.join(', ')}]`,
      { remedy: 'Ask for one of these versions, or for none to take the newest.' },
    )
    this.versions = versions
  }
}

/** The name that REST shows: Java's class name where there is one. */
export function pluginClass({ name, aliases }: Pick<PluginLabel, 'name' | 'aliases'>): string {
  return aliases.find((alias) => alias.includes('.')) ?? name
}

/** The plugins of one kind, by our own names, Java's class names, their last word, and that without its suffix; several versions of each. */
export class Shelf<P> {
  readonly #kind: string
  /** Null: more than one plugin is called that. */
  readonly #byName = new Map<string, string | null>()
  /** By our own name: its versions, oldest first. */
  readonly #versions = new Map<string, ShelvedPlugin<P>[]>()

  constructor(kind: string, suffix: RegExp, plugins: readonly ShelvedPlugin<P>[]) {
    this.#kind = kind
    const given = new Set(plugins.flatMap(({ name, aliases }) => [name, ...aliases]))
    for (const plugin of plugins) {
      const versions = this.#versions.get(plugin.name) ?? []
      // Of one version found twice the first counts.
      if (!versions.some(({ version }) => version === plugin.version)) versions.push(plugin)
      this.#versions.set(
        plugin.name,
        versions.toSorted((a, b) => compareVersions(a.version, b.version)),
      )
      const own = new Set([plugin.name, ...plugin.aliases])
      const names = new Set([...own].flatMap((name) => spellings(name, suffix)))
      // What one plugin is called stays its, though another's longer name ends in it.
      for (const name of names) if (own.has(name) || !given.has(name)) this.#claim(name, plugin.name)
    }
  }

  /** @throws SluiceError PLUGIN_UNKNOWN with the nearest name, or with both claimants' trouble; PluginVersionMissing */
  find(name: string, range: VersionRange | null = null): ShelvedPlugin<P> {
    const own = this.#byName.get(name.trim())
    if (own === undefined || own === null) throw this.#unknown(name, own)
    const versions = this.#versions.get(own)!
    const fit = versions.findLast(({ version }) => range === null || range.has(version))
    if (fit !== undefined) return fit
    throw new PluginVersionMissing(
      pluginClass(versions.at(-1)!),
      range!,
      versions.map(({ version }) => version),
    )
  }

  /** As `find`; undefined for a name that is nobody's. */
  findIfThere(name: string): ShelvedPlugin<P> | undefined {
    const own = this.#byName.get(name.trim())
    return own === undefined || own === null ? undefined : this.#versions.get(own)!.at(-1)
  }

  /** The class that a name stands for, as Kafka Connect says it; a class name, and a name that is nobody's, as they are. */
  classOf(name: string): string {
    const found = name.includes('.') ? undefined : this.findIfThere(name)
    return found === undefined ? name : pluginClass(found)
  }

  /** A plugin that is loaded. @throws SluiceError as `find`, and INTERNAL for one that was not loaded */
  get(name: string, range: VersionRange | null = null): P {
    const found = this.find(name, range)
    if (found.loaded !== null) return found.loaded
    throw new SluiceError('INTERNAL', `The ${this.#kind} ${found.name} was not loaded before it was used`)
  }

  async load(name: string, range: VersionRange | null = null): Promise<P> {
    return this.find(name, range).load()
  }

  /** The newest versions of those that are loaded. */
  all(): readonly P[] {
    return [...this.#versions.values()].flatMap((versions) => versions.at(-1)!.loaded ?? [])
  }

  /** Everything, each version by itself, sorted by class and version. */
  entries(): readonly ShelvedPlugin<P>[] {
    const sorted = [...this.#versions.values()].toSorted((a, b) =>
      compareTexts(pluginClass(a.at(-1)!), pluginClass(b.at(-1)!)),
    )
    return sorted.flat()
  }

  versionsOf(name: string): readonly string[] {
    const own = this.#byName.get(name.trim()) ?? ''
    return (this.#versions.get(own) ?? []).map(({ version }) => version)
  }

  #claim(name: string, by: string): void {
    const other = this.#byName.get(name)
    // A name that two plugins claim is nobody's, rather than the first one's; a plugin's own name is always its.
    if (other === undefined || name === by) this.#byName.set(name, by)
    else if (other !== null && other !== by && other !== name) this.#byName.set(name, null)
  }

  #unknown(name: string, claimed: null | undefined): SluiceError {
    const near = nearestName(name, this.#byName.keys())
    const what =
      claimed === null ? `More than one ${this.#kind} is called "${name}"` : `No ${this.#kind} is called "${name}"`
    const known = [...this.#versions.keys()].join(', ')
    return new SluiceError('PLUGIN_UNKNOWN', what, {
      remedy: `${near === undefined || near === name ? '' : `Did you mean "${near}"? `}Known are: ${known}.`,
    })
  }
}

/** By code points, as Java sorts. */
function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** `org.apache.kafka.connect.json.JsonConverter` is also `JsonConverter` and `Json` (Connect's alias and pruned alias). */
function spellings(name: string, suffix: RegExp): string[] {
  const simple = name.slice(name.lastIndexOf('.') + 1)
  return [name, simple, simple.replace(suffix, '')].filter((spelling) => spelling !== '')
}
