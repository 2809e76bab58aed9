import { type ApiName, apiVersions } from '@sluice/kafka-protocol'
import type { EmulatedRelease } from '../options.ts'
import type { ApiHandler } from './handler.ts'
import { RELEASES } from './releases.ts'

export type VersionRange = readonly [lowest: number, highest: number]
/** Caps by API: a range, or null to withhold it. */
export type VersionCaps = { readonly [N in ApiName]?: VersionRange | null }

/** Which APIs are served in which versions: what there is a handler for, within what the emulated release has, within the caps. */
export class ApiRegistry {
  readonly #handlers: (ApiHandler | undefined)[] = []
  readonly #release: EmulatedRelease
  #caps: VersionCaps = {}
  #offered: ReadonlyMap<number, VersionRange>

  constructor(handlers: readonly ApiHandler[], release: EmulatedRelease) {
    this.#release = release
    for (const handler of handlers) {
      const { key } = apiVersions(handler.api)
      if (this.#handlers[key] !== undefined) throw new TypeError(`${handler.api} has two handlers`)
      this.#handlers[key] = handler
    }
    this.#offered = this.#compute()
  }

  /** The API versions offered now: key → lowest and highest. */
  get offered(): ReadonlyMap<number, VersionRange> {
    return this.#offered
  }

  /** The handler that serves this version of an API. */
  find(key: number, version: number): ApiHandler | undefined {
    const range = this.#offered.get(key)
    return range !== undefined && version >= range[0] && version <= range[1] ? this.#handlers[key] : undefined
  }

  /** Replaces the caps; clients see them when they next ask for versions, requests above them are not served from now on. */
  cap(caps: VersionCaps): void {
    this.#caps = caps
    this.#offered = this.#compute()
  }

  #compute(): Map<number, VersionRange> {
    const offered = new Map<number, VersionRange>()
    const release = RELEASES[this.#release].apis
    this.#handlers.forEach((handler, key) => {
      if (handler === undefined) return
      const cap = this.#caps[handler.api]
      const inRelease = release.get(key)
      if (inRelease === undefined || cap === null) return
      const lowest = Math.max(lowestOf(handler), inRelease[0], cap?.[0] ?? 0)
      const highest = Math.min(handler.versions[1], inRelease[1], cap?.[1] ?? Number.POSITIVE_INFINITY)
      if (lowest <= highest) offered.set(key, [lowest, highest])
    })
    return offered
  }
}

/**
 * The lowest version that is both handled and in the message table. As in Kafka, Produce is advertised from 0 on although it is served
 * from 3 on: librdkafka takes a higher lowest version for a broker without compression (KIP-896).
 */
function lowestOf({ api, versions }: ApiHandler): number {
  return api === 'Produce' ? versions[0] : Math.max(versions[0], apiVersions(api).minVersion)
}
