import { ApiError } from '../api/handler.ts'
import type { StateFile } from '../settings/state-file.ts'
import { type Acl, type AclFilter, matches } from './acl.ts'

/** The ACLs there are, durable. */
export class Acls {
  readonly #file: StateFile
  #acls: ReadonlyMap<string, Acl>
  #changes = 0

  constructor(file: StateFile) {
    this.#file = file
    const saved = (file.load() ?? []) as Acl[]
    this.#acls = new Map(saved.map((acl) => [keyOf(acl), acl]))
  }

  /** Goes up with every change. */
  get changes(): number {
    return this.#changes
  }

  all(): Iterable<Acl> {
    return this.#acls.values()
  }

  find(filter: AclFilter): Acl[] {
    return [...this.#acls.values()].filter((acl) => matches(filter, acl))
  }

  /** Adds; what is there already stays. Durable when it returns. @throws ApiError KAFKA_STORAGE_ERROR */
  add(acls: readonly Acl[]): void {
    const all = new Map(this.#acls)
    for (const acl of acls) if (!all.has(keyOf(acl))) all.set(keyOf(acl), acl)
    this.#save(all)
  }

  /** @throws ApiError KAFKA_STORAGE_ERROR */
  delete(acls: readonly Acl[]): void {
    const all = new Map(this.#acls)
    for (const acl of acls) all.delete(keyOf(acl))
    this.#save(all)
  }

  #save(acls: ReadonlyMap<string, Acl>): void {
    if (acls.size === this.#acls.size) return
    try {
      this.#file.save([...acls.values()])
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      throw new ApiError('KAFKA_STORAGE_ERROR', `ACLs cannot be saved: ${reason}`)
    }
    this.#acls = acls
    this.#changes++
  }
}

function keyOf(acl: Acl): string {
  const { resourceType, resourceName, patternType, principal, host, operation, permissionType } = acl
  return JSON.stringify([resourceType, patternType, resourceName, principal, host, operation, permissionType])
}
