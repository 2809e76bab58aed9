/** Which processors a worker has, by name. None of their code is run here. */

export interface ShelvedProcessor {
  /** What is imported: a package, or a path that begins with `/`. */
  readonly module: string
  /** The last part of the package's name, without `processor-`; for a path the path. */
  readonly alias: string
}

export class ProcessorShelf {
  readonly all: readonly ShelvedProcessor[]
  readonly #byName = new Map<string, ShelvedProcessor>()

  /** @param modules package names, or paths that begin with `/`; of two with one alias the first has it */
  constructor(modules: readonly string[]) {
    this.all = [...new Set(modules)].map((module) => ({ module, alias: aliasOf(module) }))
    for (const one of this.all.toReversed()) {
      this.#byName.set(one.alias, one)
      this.#byName.set(one.module, one)
    }
  }

  /** The one that `processor.class` names. */
  find(name: string | undefined): ShelvedProcessor | undefined {
    return name === undefined ? undefined : this.#byName.get(name)
  }

  /** All that `processor.class` may be here. */
  get names(): readonly string[] {
    return [...this.#byName.keys()].toSorted()
  }
}

function aliasOf(module: string): string {
  return module.startsWith('/') ? module : module.slice(module.lastIndexOf('/') + 1).replace(/^processor-/, '')
}
