/** What a worker asks of its leader in the group's own business: signed, and again while the key may have changed under way. */
import type { Clock, RawSettings } from '@sluice/sdk'
import { HerderError } from '../herder/herder.ts'
import { signatureHeaders } from './signatures.ts'
import type { WorkerClient } from './worker-client.ts'

export interface LeaderClientParts {
  readonly client: WorkerClient
  /** Asked at each attempt; null while nobody knows. */
  leaderUrl(): string | null
  /** Asked at each attempt; null: requests are not signed. */
  signing(): { readonly key: Uint8Array; readonly algorithm: string } | null
  readonly clock: Clock
}

const KEY_MAY_BE_OLD_MS = 60_000
const RETRY_FIRST_MS = 250
const RETRY_MAX_MS = 60_000

export class LeaderClient {
  readonly #parts: LeaderClientParts

  constructor(parts: LeaderClientParts) {
    this.#parts = parts
  }

  /** Hands over what a connector's tasks are to do. @throws HerderError */
  putTaskConfigs(connector: string, configs: readonly RawSettings[], signal: AbortSignal): Promise<void> {
    return this.#ask('POST', connector, 'tasks', Buffer.from(JSON.stringify(configs)), signal)
  }

  /** Has the transactions of a source's older tasks ended (KIP-618). @throws HerderError */
  fenceZombies(connector: string, signal: AbortSignal): Promise<void> {
    return this.#ask('PUT', connector, 'fence', Buffer.alloc(0), signal)
  }

  /** 403 within a minute: the session key was renewed, and not every worker has read it yet (KIP-507). */
  async #ask(method: string, connector: string, what: string, body: Buffer, signal: AbortSignal): Promise<void> {
    const { clock } = this.#parts
    const begun = clock.monotonic()
    for (let delayMs = RETRY_FIRST_MS; ; delayMs = Math.min(delayMs * 2, RETRY_MAX_MS)) {
      try {
        return await this.#attempt(method, `connectors/${encodeURIComponent(connector)}/${what}`, body)
      } catch (error) {
        const mayPass = error instanceof HerderError && error.status === 403
        if (!mayPass || clock.monotonic() - begun > KEY_MAY_BE_OLD_MS || signal.aborted) throw error
        await clock.sleep(delayMs, signal)
        if (signal.aborted) throw error
      }
    }
  }

  async #attempt(method: string, path: string, body: Buffer): Promise<void> {
    const leader = this.#parts.leaderUrl()
    if (leader === null || leader === '')
      throw new HerderError(
        409,
        'Cannot complete request momentarily due to no known leader URL, likely because a rebalance was underway.',
      )
    const signing = this.#parts.signing()
    const headers = signing === null ? {} : signatureHeaders(body, signing.key, signing.algorithm)
    await this.#parts.client.send({ url: `${leader.replace(/\/$/, '')}/${path}`, method, headers, body })
  }
}
