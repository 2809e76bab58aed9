import { topologyInvalid } from './topology-invalid.ts'

/** Kafka's rule for topic names; node and store names keep it too, because topics are named after them. */
const LEGAL_NAME = /^[a-zA-Z0-9._-]{1,249}$/

export function isLegalName(name: string): boolean {
  return LEGAL_NAME.test(name) && name !== '.' && name !== '..'
}

/** @throws SluiceError TOPOLOGY_INVALID */
export function checkName(what: string, name: string): void {
  if (isLegalName(name)) return
  throw topologyInvalid(
    `${what} ${JSON.stringify(name)} is not legal`,
    'Use 1 to 249 ASCII letters, digits, dots, underscores and hyphens.',
  )
}

/**
 * The names of a topology that is being written: Kafka Streams' own, a prefix and ten digits of one counter, which nodes and stores
 * share. What has a given name uses up a number wherever it would have been generated one, so that naming it leaves the names behind
 * it alone.
 */
export class Names {
  readonly #generated = new Set<string>()
  #counter = 0

  constructor(from?: Names) {
    if (from === undefined) return
    this.#counter = from.#counter
    for (const name of from.#generated) this.#generated.add(name)
  }

  /** @throws SluiceError TOPOLOGY_INVALID for a given name that is not legal */
  node(given: string | undefined, prefix: string): string {
    return this.suffixed(given, '', prefix)
  }

  /** The name of one of several nodes that share a given name. */
  suffixed(given: string | undefined, suffix: string, prefix: string): string {
    const generated = this.next(prefix)
    if (given === undefined) return generated
    checkName('Node name', given)
    return given + suffix
  }

  store(prefix: string): string {
    return this.next(`${prefix}STATE-STORE-`)
  }

  next(prefix: string): string {
    const name = prefix + String(this.#counter++).padStart(10, '0')
    this.#generated.add(name)
    return name
  }

  /** Whether a name, or what it begins with, was generated: it then changes with whatever is inserted before it. */
  isGenerated(name: string): boolean {
    if (this.#generated.has(name)) return true
    for (const generated of this.#generated) if (name.startsWith(generated)) return true
    return false
  }
}
