import type { Outcome } from './admin-port.ts'

/** Whom a quota is for, as in `{ user: 'alice', 'client-id': null }`: null is the default of that kind. Also `ip`. */
export type QuotaEntity = Readonly<Record<string, string | null>>

export interface ClientQuota {
  readonly entity: QuotaEntity
  /** As in `producer_byte_rate`, `consumer_byte_rate`, `request_percentage`, `controller_mutation_rate`. */
  readonly limits: Readonly<Record<string, number>>
}

/** Per kind of entity: a name, `default`, or `any`. */
export type QuotaFilter = Readonly<Record<string, { readonly name: string } | 'default' | 'any'>>

export type ScramMechanism = 'SCRAM-SHA-256' | 'SCRAM-SHA-512'

export interface ScramCredential {
  readonly mechanism: ScramMechanism
  readonly iterations: number
}

export type ScramChange =
  | {
      readonly user: string
      readonly mechanism: ScramMechanism
      /** Salted and hashed here: the cluster never sees it. */
      readonly password: string
      /** Default 8192. */
      readonly iterations?: number
    }
  | { readonly user: string; readonly mechanism: ScramMechanism; readonly isDeleted: true }

export interface QuotasAdmin {
  /** `isStrict`: only entities of exactly these kinds. Without a filter all quotas. */
  describe(filter?: QuotaFilter, options?: { readonly isStrict?: boolean }): Promise<readonly ClientQuota[]>
  /** A limit of null is taken away. */
  alter<Q extends { readonly entity: QuotaEntity; readonly limits: Readonly<Record<string, number | null>> }>(
    quotas: readonly Q[],
    options?: { readonly validateOnly?: boolean },
  ): Promise<readonly Outcome<Q>[]>
  /** SCRAM users and what they have; without names all of them. RESOURCE_NOT_FOUND for one that has none. */
  describeScramUsers(users?: readonly string[]): Promise<readonly Outcome<string, readonly ScramCredential[]>[]>
  alterScramUsers<C extends ScramChange>(changes: readonly C[]): Promise<readonly Outcome<C>[]>
}
