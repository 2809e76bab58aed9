import { DataError, Password, SluiceError } from '@sluice/sdk'
import { openObjectStore, s3Settings } from '@sluice/object-store'
import type { ObjectStore, ObjectStoreOptions, S3Settings } from '@sluice/object-store'
import type { TenantRules } from './tenant-settings.ts'

/** A tenant's own settings: `lake.url`, and any of the store's. */
type TenantSettings = Readonly<Record<string, string>>

/**
 * What the setting `tenants` says: JSON, an object per tenant with the settings that are its own.
 * @throws SluiceError SETTINGS_INVALID; no value is in the message, for some are secret
 */
export function parseTenants(text: string): ReadonlyMap<string, TenantSettings> {
  if (text.trim() === '') return new Map()
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    throw refused('it is no JSON')
  }
  if (!isObject(parsed)) throw refused('it is no object')
  return new Map(
    Object.entries(parsed).map(([tenant, own]) => {
      if (!isObject(own)) throw refused(`${tenant} is no object`)
      for (const [name, value] of Object.entries(own)) {
        if (typeof value !== 'string') throw refused(`${tenant}: ${name} is no text`)
        if (name !== 'lake.url' && !Object.hasOwn(s3Settings.declarations, name))
          throw refused(`${tenant}: there is no setting ${name} of a store`)
      }
      const [problem] = s3Settings.problems(own as TenantSettings)
      if (problem !== undefined) throw refused(`${tenant}: ${problem.setting} is not right`)
      return [tenant, own as TenantSettings]
    }),
  )
}

/** The stores of tenants, each opened when its first row comes. */
export class TenantStores {
  readonly #tenants: ReadonlyMap<string, TenantSettings>
  readonly #pattern: RegExp
  readonly #url: string
  readonly #shared: S3Settings
  readonly #ports: Pick<ObjectStoreOptions, 'clock' | 'random'>

  /** @param url of the store of all, with `shared` settings */
  constructor(
    rules: Pick<TenantRules, 'tenants' | 'topic.pattern'>,
    url: string,
    shared: S3Settings,
    ports: Pick<ObjectStoreOptions, 'clock' | 'random'>,
  ) {
    this.#tenants = parseTenants(rules.tenants?.value() ?? '')
    this.#pattern = new RegExp(`^(?:${rules['topic.pattern']})$`, 'u')
    this.#url = url
    this.#shared = shared
    this.#ports = ports
  }

  /** Whether each topic must name a tenant. */
  get areSeveral(): boolean {
    return this.#tenants.size > 0
  }

  /** Empty when there are no tenants. @throws DataError when the topic names none, or one that is not among them */
  tenantOf(topic: string): string {
    if (!this.areSeveral) return ''
    const tenant = this.#pattern.exec(topic)?.groups?.['tenant'] ?? ''
    this.assertKnown(tenant)
    return tenant
  }

  /** @throws DataError for a tenant that is not among them */
  assertKnown(tenant: string): void {
    if (!this.areSeveral || this.#tenants.has(tenant)) return
    throw new DataError(`There is no tenant ${JSON.stringify(tenant)}`, {
      remedy: 'Add it to tenants, or leave its topics out of topics.',
    })
  }

  /** The tenant's store; the one of all when there are no tenants. A tenant without an URL of its own has a folder of its name. */
  open(tenant: string): ObjectStore {
    const own = this.#tenants.get(tenant)
    if (own === undefined) return openObjectStore(this.#url, { ...this.#ports, s3: this.#shared })
    const { 'lake.url': url = `${this.#url.replace(/\/$/, '')}/${tenant}`, ...more } = own
    return openObjectStore(url, { ...this.#ports, settings: { ...textsOf(this.#shared), ...more } })
  }
}

function textsOf(settings: S3Settings): Record<string, string> {
  return Object.fromEntries(
    Object.keys(s3Settings.declarations).flatMap((name): (readonly [string, string])[] => {
      const value = settings[name as keyof S3Settings]
      if (value === null) return []
      return [[name, value instanceof Password ? value.value() : String(value)]]
    }),
  )
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function refused(why: string): SluiceError {
  return new SluiceError('SETTINGS_INVALID', `tenants must be JSON, as in {"acme": {"lake.url": "s3://acme"}}: ${why}`)
}
