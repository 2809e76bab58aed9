import { SchemaError, describeError } from '@sluice/sdk'
import type { ParsedSchema } from '../formats/parsed-schema.ts'
import { parseSchema } from '../formats/parse-schema.ts'
import type { ResolvedReference, SchemaReference } from '../registry-port.ts'
import { refusals } from './refusal.ts'
import type { RegistryState, SchemaContent, StoredVersion } from './registry-state.ts'

/** Referenced schemas of referenced schemas, and so on. */
const REFERENCES_MAX = 1000

/** Reads what is stored, each schema once while it is in use, and what is to be stored. */
export class StoredSchemas {
  readonly #state: RegistryState
  readonly #parsed = new WeakMap<StoredVersion, ParsedSchema | null>()

  constructor(state: RegistryState) {
    this.#state = state
  }

  /** @throws RegistryRefusal 42201 */
  parse(content: Pick<SchemaContent, 'type' | 'text' | 'references'>): ParsedSchema {
    const dependencies = this.#resolved(content.references)
    try {
      return parseSchema(content, dependencies)
    } catch (error) {
      if (error instanceof SchemaError) throw refusals.invalidSchema(describeError(error))
      throw error
    }
  }

  /** Null: another registry took for a schema what cannot be read here; it is served as it is, and nothing is said against it. */
  parsed(stored: StoredVersion): ParsedSchema | null {
    let parsed = this.#parsed.get(stored)
    if (parsed === undefined) {
      try {
        parsed = this.parse(stored)
      } catch {
        parsed = null
      }
      this.#parsed.set(stored, parsed)
    }
    return parsed
  }

  /** Every schema that is needed, each behind those that it needs itself. */
  #resolved(references: readonly SchemaReference[]): readonly ResolvedReference[] {
    const found = new Map<string, ResolvedReference>()
    const visit = (list: readonly SchemaReference[]): void => {
      for (const { name, subject, version } of list) {
        const key = JSON.stringify([name, subject, version])
        if (found.has(key)) continue
        const stored = this.#state.version(subject, version)
        if (stored === undefined || found.size >= REFERENCES_MAX)
          throw refusals.invalidSchema(`no schema reference found for subject "${subject}" and version ${version}`)
        // A version can only refer to older ones, so that this ends; the set keeps it from being written twice.
        visit(stored.references)
        found.set(key, { name, subject, version, text: stored.text })
      }
    }
    visit(references)
    return [...found.values()]
  }
}
