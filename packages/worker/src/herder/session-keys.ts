import type { Clock } from '@sluice/sdk'
import { newSessionKey, verifySignature } from '../rest/signatures.ts'
import type { ConfigStore } from '../storage/config-store.ts'
import { HerderError, type InternalRequest } from './herder.ts'

export interface SessionKeySettings {
  /** `inter.worker.key.generation.algorithm` */
  readonly algorithm: string
  /** `inter.worker.key.size`, in bits; null: the algorithm's own. */
  readonly sizeBits: number | null
  /** `inter.worker.key.ttl.ms`; 0: for ever. */
  readonly ttlMs: number
  /** `inter.worker.signature.algorithm` */
  readonly signature: string
  /** `inter.worker.verification.algorithms` */
  readonly verification: readonly string[]
}

export interface SessionKeyParts {
  readonly settings: SessionKeySettings
  readonly config: ConfigStore
  /** Whether the group signs its internal requests. */
  readonly isSigning: () => boolean
  readonly clock: Clock
}

/** The key that internal requests are signed with (KIP-507): the leader makes it and renews it, all read it from the config topic. */
export class SessionKeys {
  readonly #parts: SessionKeyParts
  #keyBytes: number | null = null

  constructor(parts: SessionKeyParts) {
    this.#parts = parts
  }

  /** What requests to the leader are signed with; null where the group does not sign. @throws HerderError 503 when there is no key yet */
  signing(): { readonly key: Uint8Array; readonly algorithm: string } | null {
    if (!this.#parts.isSigning()) return null
    const { key } = this.#parts.config.snapshot().sessionKey ?? refuseKeyless()
    return { key, algorithm: this.#parts.settings.signature }
  }

  /** Whether the leader has to make a new one. */
  get isDue(): boolean {
    const { config, clock, isSigning, settings } = this.#parts
    if (!isSigning()) return false
    const key = config.snapshot().sessionKey
    this.#keyBytes ??= this.#newKey().length
    if (key === null || key.algorithm !== settings.algorithm || key.key.length !== this.#keyBytes) return true
    return settings.ttlMs > 0 && clock.now() - key.createdAt >= settings.ttlMs
  }

  /** Makes a new one. */
  async rotate(): Promise<void> {
    const { config, clock, settings } = this.#parts
    await config.putSessionKey({
      key: this.#newKey(),
      algorithm: settings.algorithm,
      createdAt: clock.now(),
    })
  }

  /** @throws HerderError 400, 403 or 503, in Kafka Connect's words */
  verify(request: InternalRequest | null): void {
    const { config, isSigning, settings } = this.#parts
    if (request === null || !isSigning()) return
    const sessionKey = config.snapshot().sessionKey?.key ?? null
    verifySignature(request, { sessionKey, algorithms: settings.verification })
  }

  #newKey(): Uint8Array {
    return newSessionKey(this.#parts.settings.algorithm, this.#parts.settings.sizeBits)
  }
}

function refuseKeyless(): never {
  throw new HerderError(
    503,
    'This worker is still starting up and has not been able to read a session key from the config topic yet',
  )
}
