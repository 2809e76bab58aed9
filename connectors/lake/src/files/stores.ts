import type { ObjectStoreOptions } from '@sluice/object-store'
import { TenantStores } from '../tenants.ts'
import type { FilesSettings } from './settings.ts'

/** Where the files go: by `lake.url`, or by the names that Confluent's sink has for it. */
export function storesOf(settings: FilesSettings, ports: Pick<ObjectStoreOptions, 'clock' | 'random'>): TenantStores {
  const url = settings['lake.url'] ?? `s3://${settings['s3.bucket.name']}`
  const endpoint = settings['s3.endpoint'] ?? settings['store.url']
  return new TenantStores(settings, url, { ...settings, 's3.endpoint': endpoint }, ports)
}
