import type { SinkTaskContext, SluiceError, TopicPartition } from '@sluice/sdk'
import { probeObjectStore } from '@sluice/object-store'
import type { ObjectStore } from '@sluice/object-store'
import { encoderThreads } from '@sluice/lake'
import type { EncoderUser } from '@sluice/lake'
import type { CommitGroups } from './group-commit.ts'
import { HeldPartitions } from './held-partitions.ts'
import { ParkedTenants } from './parked-tenants.ts'
import type { RowShape } from './row-shape.ts'
import type { LakeSettings } from './settings.ts'
import type { Route } from './table-route.ts'
import { keyOf } from './table-route.ts'
import { Target } from './target.ts'
import { TenantStores } from './tenants.ts'

/** The tables that a task writes to, in the stores of tenants; and what happens when one of these stores refuses for good. */
export class Tables {
  readonly stores: TenantStores
  readonly #settings: LakeSettings
  readonly #context: SinkTaskContext
  /** Instead of those that the settings name. */
  readonly #given: ObjectStore | undefined
  readonly #groups: CommitGroups
  /** By tenant; probed. */
  readonly #opened = new Map<string, ObjectStore>()
  readonly #targets = new Map<string, Target>()
  readonly #parked: ParkedTenants
  readonly #held: HeldPartitions
  /** The process's threads that encode files, where some are asked for. */
  #encoders: EncoderUser | undefined
  /** Those that are being closed. */
  readonly #closing = new Set<Promise<void>>()

  constructor(settings: LakeSettings, context: SinkTaskContext, given: ObjectStore | undefined, groups: CommitGroups) {
    this.#groups = groups
    this.#settings = settings
    this.#context = context
    this.#given = given
    this.stores = new TenantStores(settings, settings['lake.url'], settings, context)
    this.#parked = new ParkedTenants(settings, context)
    this.#held = new HeldPartitions(context)
  }

  /** @throws SluiceError STORE_UNAVAILABLE where there is one store of all, and it is not fit for tables */
  async start(signal: AbortSignal): Promise<void> {
    const threads = this.#settings['encoder.threads']
    if (threads > 0) this.#encoders = encoderThreads.use(threads)
    // Those of tenants are looked at when the first row comes: one that is away is no matter of the others.
    if (!this.stores.areSeveral) await this.#storeOf('', signal)
  }

  get all(): Target[] {
    return [...this.#targets.values()]
  }

  get(route: Route): Target | undefined {
    return this.#targets.get(keyOf(route))
  }

  /** The table if it is there; made for rows of that shape if one is given. */
  async open(route: Route, shape: RowShape | undefined, signal: AbortSignal): Promise<Target | undefined> {
    const store = await this.#storeOf(route.tenant, signal)
    const target = await Target.open(
      store,
      route,
      shape,
      this.#settings,
      this.#context,
      this.#groups,
      this.#encoders,
      signal,
    )
    if (target !== undefined) this.#targets.set(keyOf(route), target)
    return target
  }

  /** Gives up a table, with what it holds. */
  forget(target: Target): void {
    for (const [key, known] of this.#targets) if (known === target) this.#targets.delete(key)
    const closed = target.close().finally(() => this.#closing.delete(closed))
    this.#closing.add(closed)
  }

  async close(): Promise<void> {
    for (const target of this.all) this.forget(target)
    await Promise.all(this.#closing)
    await this.#encoders?.release()
    this.#parked.clear()
  }

  /** Does something for a tenant; where its store refuses for good, the tenant is parked. */
  async sparingOthers(tenant: string, work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      this.park(tenant, error)
    }
  }

  /**
   * The tenant's tables are given up; what they held in memory is read again.
   * @returns why @throws what is no matter of one tenant
   */
  park(tenant: string, error: unknown): SluiceError {
    const refusal = this.#parked.park(tenant, error)
    this.#opened.delete(tenant)
    for (const target of this.all) {
      if (target.tenant !== tenant) continue
      this.forget(target)
      for (const [partition, lane] of target.lanes())
        if (lane.moved) this.#hold(partition, tenant, lane.committed === undefined ? lane.begin! : lane.committed + 1)
    }
    return refusal
  }

  /** Why the tenant is parked; undefined: it is not. */
  parkedFor(tenant: string): SluiceError | undefined {
    return this.#parked.errorOf(tenant)
  }

  /** Whether records of that tenant, which is parked, are bad records now; otherwise they come again, from that offset on. */
  isReported(tenant: string, partition: TopicPartition, offset: number): boolean {
    if (this.#parked.areReported && this.#held.offsetOf(partition) === undefined) return true
    this.#hold(partition, tenant, offset)
    return false
  }

  /** To be called before records are taken: the worker has gone back where it was asked to, and tenants may be due again. */
  takeBack(): void {
    this.#held.settle()
    for (const tenant of this.#parked.takeDue()) this.#held.release(tenant)
  }

  /** From where on records of the partition come again; undefined: they do not. */
  heldFrom(partition: TopicPartition): number | undefined {
    return this.#held.offsetOf(partition)
  }

  /** The partition is somebody else's now. */
  leave(partition: TopicPartition): void {
    this.#held.delete(partition)
  }

  #hold(partition: TopicPartition, tenant: string, offset: number): void {
    this.#held.hold(partition, tenant, offset, !this.#parked.areReported)
  }

  async #storeOf(tenant: string, signal: AbortSignal): Promise<ObjectStore> {
    let store = this.#opened.get(tenant)
    if (store !== undefined) return store
    store = this.#given ?? this.stores.open(tenant)
    await probeObjectStore(store, { signal })
    this.#opened.set(tenant, store)
    return store
  }
}
