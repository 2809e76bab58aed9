import { SluiceError } from '@sluice/sdk'
import type { TaskContext } from '@sluice/sdk'
import type { TenantRules } from './tenant-settings.ts'

interface Parked {
  readonly error: SluiceError
  /** By the monotonic clock. */
  readonly until: number
}

/** Tenants whose stores refuse for good. They alone suffer from it, and are tried again after a while. */
export class ParkedTenants {
  readonly #rules: Pick<TenantRules, 'behavior.on.tenant.errors' | 'tenant.retry.ms'>
  readonly #context: Pick<TaskContext, 'clock' | 'logger' | 'metrics' | 'connector' | 'task'>
  readonly #parked = new Map<string, Parked>()

  constructor(
    rules: Pick<TenantRules, 'behavior.on.tenant.errors' | 'tenant.retry.ms'>,
    context: Pick<TaskContext, 'clock' | 'logger' | 'metrics' | 'connector' | 'task'>,
  ) {
    this.#rules = rules
    this.#context = context
  }

  /** Whether records of parked tenants are bad records; otherwise they wait. */
  get areReported(): boolean {
    return this.#rules['behavior.on.tenant.errors'] === 'report'
  }

  /** Why the tenant is parked; undefined: it is not. */
  errorOf(tenant: string): SluiceError | undefined {
    return this.#parked.get(tenant)?.error
  }

  /**
   * Parks the tenant for what its store said.
   * @param tenant empty: there are none
   * @returns that error
   * @throws the very error where it is no store's refusal for good, and where it shall fail the task
   */
  park(tenant: string, error: unknown): SluiceError {
    if (tenant === '' || !isRefusal(error) || this.#rules['behavior.on.tenant.errors'] === 'fail') throw error
    const { clock, logger } = this.#context
    const retryMs = this.#rules['tenant.retry.ms']
    const isNew = !this.#parked.has(tenant)
    this.#parked.set(tenant, { error, until: clock.monotonic() + retryMs })
    this.#show(tenant, 1)
    if (!isNew) return error
    const what = this.areReported ? 'its records are bad records' : 'its records wait'
    logger.error(`The store of a tenant refuses; ${what}, the others go on, and it is tried again later`, {
      tenant,
      reason: error.message,
      ...(error.remedy === undefined ? {} : { remedy: error.remedy }),
      retryMs,
    })
    return error
  }

  /** The tenants whose time has come to be tried again; they are no longer parked. */
  takeDue(): string[] {
    if (this.#parked.size === 0) return []
    const now = this.#context.clock.monotonic()
    const due = Array.from(this.#parked).flatMap(([tenant, { until }]) => (until <= now ? [tenant] : []))
    for (const tenant of due) {
      this.#parked.delete(tenant)
      this.#show(tenant, 0)
      this.#context.logger.info('The store of a tenant that was parked is tried again', { tenant })
    }
    return due
  }

  /** Forgets all of them. */
  clear(): void {
    for (const tenant of this.#parked.keys()) this.#show(tenant, 0)
    this.#parked.clear()
  }

  #show(tenant: string, isParked: 0 | 1): void {
    const { metrics, connector, task } = this.#context
    metrics.gauge('sluice_lake_tenant_parked', { connector, task: String(task), tenant }).set(isParked)
  }
}

function isRefusal(error: unknown): error is SluiceError {
  return error instanceof SluiceError && error.code === 'STORE_UNAVAILABLE' && !error.retriable
}
