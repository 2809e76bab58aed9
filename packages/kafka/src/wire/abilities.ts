import { type ApiName, type ResponseBody, apiVersions, negotiateVersion } from '@sluice/kafka-protocol'
import { SluiceError } from '@sluice/sdk'

/** The versions of an API that the calling code is written for. */
export interface Versions {
  readonly lowest?: number
  readonly highest?: number
}

/** What the broker at the other end of one connection can do. A broker that was upgraded in between says so anew. */
export class Abilities {
  readonly #broker: string
  readonly #place: Readonly<Record<string, string | number>>
  readonly #theirs = new Map<number, { readonly minVersion: number; readonly maxVersion: number }>()
  readonly #features = new Map<string, number>()
  readonly #agreed = new Map<string, number>()

  /** The broker's name and place go into errors. */
  constructor(broker: string, place: Readonly<Record<string, string | number>>) {
    this.#broker = broker
    this.#place = place
  }

  learn({ apiKeys, finalizedFeatures }: ResponseBody<'ApiVersions'>): void {
    for (const { apiKey, minVersion, maxVersion } of apiKeys) this.#theirs.set(apiKey, { minVersion, maxVersion })
    for (const { name, maxVersionLevel } of finalizedFeatures) this.#features.set(name, maxVersionLevel)
  }

  /** The level at which the cluster has finalised a feature (KIP-584); 0 where it has not. */
  feature(name: string): number {
    return this.#features.get(name) ?? 0
  }

  speaks(api: ApiName, version: number): boolean {
    const theirs = this.#theirs.get(apiVersions(api).key)
    return theirs !== undefined && theirs.minVersion <= version && version <= theirs.maxVersion
  }

  /**
   * The highest that the broker, the message table and the caller's code speak.
   * @throws SluiceError KAFKA_REFUSED when there is none
   */
  version(api: ApiName, { lowest = 0, highest = 32767 }: Versions): number {
    const key = `${api} ${lowest} ${highest}`
    let version = this.#agreed.get(key)
    if (version === undefined) {
      const theirs = this.#theirs.get(apiVersions(api).key)
      version = theirs === undefined ? undefined : negotiateVersion(api, theirs, highest)
      if (version === undefined || version < lowest) throw this.#unsupported(api, lowest, highest)
      this.#agreed.set(key, version)
    }
    return version
  }

  #unsupported(api: ApiName, lowest: number, highest: number): SluiceError {
    const theirs = this.#theirs.get(apiVersions(api).key)
    const has = theirs === undefined ? 'does not have it' : `has versions ${theirs.minVersion} to ${theirs.maxVersion}`
    const message = `${api} in version ${lowest} to ${highest} is needed, but ${this.#broker} ${has}`
    return new SluiceError('KAFKA_REFUSED', message, {
      place: { ...this.#place, error: 'UNSUPPORTED_VERSION' },
      remedy: 'Use Apache Kafka 3.0 or later.',
    })
  }
}
