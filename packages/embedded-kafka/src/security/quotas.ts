import type { ApiName } from '@sluice/kafka-protocol'
import { ApiError } from '../api/handler.ts'
import type { Client, Quotas } from '../broker.ts'
import type { BrokerClock } from '../clock.ts'
import type { StateFile } from '../settings/state-file.ts'
import { type EntityPart, type Limits, type QuotaEntity, entityKey, entityParts, quotaEntity } from './quota-entity.ts'
import { Rate, type RateWindow } from './rate.ts'

export interface QuotaEntry {
  readonly entity: QuotaEntity
  readonly limits: Limits
}

type Saved = readonly { readonly entity: readonly EntityPart[]; readonly limits: Limits }[]

/** What a client's traffic is held against: the limit, and the rate of all who share it. */
interface Gauge {
  readonly perSecond: number
  readonly rate: Rate
}

const LIMIT_OF: Readonly<Partial<Record<ApiName, string>>> = {
  Produce: 'producer_byte_rate',
  Fetch: 'consumer_byte_rate',
}
/** Rates that are remembered; clients choose their ids freely. */
const GAUGES_MAX = 10_000

/** Quotas of clients (KIP-13, KIP-546), durable. Bytes produced and fetched are limited; the other limits are kept and told. */
export class ClientQuotas implements Quotas {
  readonly #clock: BrokerClock
  readonly #window: RateWindow
  readonly #file: StateFile
  #entries: ReadonlyMap<string, QuotaEntry>
  /** By limit, user and client id; null where nothing limits. */
  readonly #gauges = new Map<string, Gauge | null>()
  readonly #rates = new Map<string, Rate>()

  constructor(clock: BrokerClock, window: RateWindow, file: StateFile) {
    this.#clock = clock
    this.#window = window
    this.#file = file
    const saved = (file.load() ?? []) as Saved
    const entries = saved.map(({ entity, limits }) => ({ entity: quotaEntity(entity), limits }))
    this.#entries = new Map(entries.map((entry) => [entityKey(entry.entity), entry]))
  }

  get isEmpty(): boolean {
    return this.#entries.size === 0
  }

  get entries(): Iterable<QuotaEntry> {
    return this.#entries.values()
  }

  limits(entity: QuotaEntity): Limits {
    return this.#entries.get(entityKey(entity))?.limits ?? {}
  }

  /** Replaces the limits of an entity. Durable when it returns. @throws ApiError KAFKA_STORAGE_ERROR */
  replace(entity: QuotaEntity, limits: Limits): void {
    const entries = new Map(this.#entries)
    if (Object.keys(limits).length === 0) entries.delete(entityKey(entity))
    else entries.set(entityKey(entity), { entity, limits })
    try {
      const saved: Saved = Array.from(entries.values(), (entry) => ({
        entity: entityParts(entry.entity),
        limits: entry.limits,
      }))
      this.#file.save(saved)
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      throw new ApiError('KAFKA_STORAGE_ERROR', `Quotas cannot be saved: ${reason}`)
    }
    this.#entries = entries
    this.#gauges.clear()
  }

  throttleMs(client: Client, clientId: string | null, api: ApiName, bytes: number): number {
    const limit = LIMIT_OF[api]
    if (limit === undefined) return 0
    const gauge = this.#gauge(limit, client.principal, clientId ?? '')
    if (gauge === null) return 0
    const now = this.#clock.now()
    gauge.rate.record(now, bytes)
    return gauge.rate.excessMs(now, gauge.perSecond)
  }

  #gauge(limit: string, principal: string, clientId: string): Gauge | null {
    const key = `${limit} ${clientId.length} ${clientId} ${principal}`
    const known = this.#gauges.get(key)
    if (known !== undefined) return known
    const found = this.#find(limit, principal.slice(principal.indexOf(':') + 1), clientId)
    if (this.#gauges.size >= GAUGES_MAX) this.#gauges.clear()
    this.#gauges.set(key, found)
    return found
  }

  /** The most specific quota counts. Whom a default is for has it alone; what is said of a user is shared by the user's clients. */
  #find(limit: string, user: string, clientId: string): Gauge | null {
    const candidates: readonly QuotaEntity[] = [
      { user, 'client-id': clientId },
      { user, 'client-id': null },
      { user },
      { user: null, 'client-id': clientId },
      { user: null, 'client-id': null },
      { user: null },
      { 'client-id': clientId },
      { 'client-id': null },
    ]
    for (const entity of candidates) {
      const perSecond = this.limits(entity)[limit]
      if (perSecond === undefined) continue
      const sharers: QuotaEntity = {
        ...(entity.user === undefined ? {} : { user }),
        ...(entity['client-id'] === undefined ? {} : { 'client-id': clientId }),
      }
      return { perSecond, rate: this.#rate(`${limit} ${entityKey(sharers)}`) }
    }
    return null
  }

  #rate(key: string): Rate {
    const known = this.#rates.get(key)
    if (known !== undefined) return known
    if (this.#rates.size >= GAUGES_MAX) this.#rates.clear()
    const rate = new Rate(this.#window)
    this.#rates.set(key, rate)
    return rate
  }
}
