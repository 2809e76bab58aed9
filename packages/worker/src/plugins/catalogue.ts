import {
  nearestName,
  SluiceError,
  type Connector,
  type ConverterPlugin,
  type PredicatePlugin,
  type TransformPlugin,
} from '@sluice/sdk'

interface Named {
  readonly name: string
  readonly aliases?: readonly string[]
}

/** Names of one kind of plugin: our own, Java's class names, their last word, and that without its suffix. */
class Shelf<P extends Named> {
  readonly #kind: string
  readonly #byName = new Map<string, P | null>()
  readonly #names: string[] = []

  constructor(kind: string, suffix: RegExp, plugins: readonly P[]) {
    this.#kind = kind
    for (const plugin of plugins) {
      this.#names.push(plugin.name)
      const names = new Set([plugin.name, ...(plugin.aliases ?? [])].flatMap((name) => spellings(name, suffix)))
      for (const name of names) {
        const other = this.#byName.get(name)
        // A name that two plugins claim is nobody's, rather than the first one's; a plugin's own name is always its.
        if (other === undefined || name === plugin.name) this.#byName.set(name, plugin)
        else if (other !== null && other !== plugin && other.name !== name) this.#byName.set(name, null)
      }
    }
  }

  /** @throws SluiceError PLUGIN_UNKNOWN with the nearest name, or with both claimants' trouble */
  get(name: string): P {
    const found = this.#byName.get(name.trim())
    if (found !== undefined && found !== null) return found
    const near = nearestName(name, this.#byName.keys())
    const what =
      found === null ? `More than one ${this.#kind} is called "${name}"` : `No ${this.#kind} is called "${name}"`
    throw new SluiceError('PLUGIN_UNKNOWN', what, {
      remedy: `${near === undefined || near === name ? '' : `Did you mean "${near}"? `}Known are: ${this.#names.join(', ')}.`,
    })
  }

  all(): readonly P[] {
    return [...new Set([...this.#byName.values()].filter((plugin) => plugin !== null))]
  }
}

export interface PluginLists {
  readonly connectors: readonly Connector[]
  readonly converters: readonly ConverterPlugin[]
  readonly transforms: readonly TransformPlugin[]
  readonly predicates: readonly PredicatePlugin[]
}

/** Everything a worker can make by name. */
export class Plugins {
  readonly connectors: Shelf<Connector>
  readonly converters: Shelf<ConverterPlugin>
  readonly transforms: Shelf<TransformPlugin>
  readonly predicates: Shelf<PredicatePlugin>

  constructor(lists: PluginLists) {
    this.connectors = new Shelf('connector', /Connector$/, lists.connectors)
    this.converters = new Shelf('converter', /Converter$/, lists.converters)
    this.transforms = new Shelf('transform', /Transformation$/, lists.transforms)
    this.predicates = new Shelf('predicate', /Predicate$/, lists.predicates)
  }
}

/** `org.apache.kafka.connect.json.JsonConverter` is also `JsonConverter` and `Json` (Connect's alias and pruned alias). */
function spellings(name: string, suffix: RegExp): string[] {
  const simple = name.slice(name.lastIndexOf('.') + 1)
  return [name, simple, simple.replace(suffix, '')].filter((spelling) => spelling !== '')
}
