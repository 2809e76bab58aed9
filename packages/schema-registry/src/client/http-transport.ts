import { type Clock, type Random, SluiceError } from '@sluice/sdk'
import type { RestAnswer, RestRequest, Transport } from '../rest.ts'
import { type HttpAnswer, type HttpPeer, httpRequest } from './http-request.ts'
import { isWorthAnotherTry } from './registry-errors.ts'

export interface HttpTransportOptions {
  /** At least one. */
  readonly peers: readonly HttpPeer[]
  /** Rounds through all peers, after the first. */
  readonly retriesMax: number
  readonly waitMs: number
  readonly waitMaxMs: number
  readonly clock: Clock
  readonly random: Random
}

/** Asks one registry of several, and another one, or the same again, while none is able to answer. */
export class HttpTransport implements Transport {
  readonly #options: HttpTransportOptions
  readonly #closing = new AbortController()
  /** The peer that answered last. */
  #at = 0

  constructor(options: HttpTransportOptions) {
    this.#options = options
  }

  /** A last answer that is worth another try is given as it is: who asked knows what it means. */
  async send(request: RestRequest): Promise<RestAnswer> {
    const { retriesMax, clock } = this.#options
    for (let round = 0; ; round++) {
      const outcome = await this.#round(request)
      // What may have been deleted already would be told to be unknown.
      const isLast = round >= retriesMax || request.method === 'DELETE'
      if ('status' in outcome && (isLast || !isWorthAnotherTry(outcome))) return outcome
      if (isLast) throw this.#unreachable(request, (outcome as Silence).cause)
      await clock.sleep(
        this.#waitMs(round, 'status' in outcome ? outcome.retryAfterMs : undefined),
        this.#closing.signal,
      )
      if (this.#closing.signal.aborted) throw closed()
    }
  }

  close(): void {
    this.#closing.abort()
    for (const { agent } of this.#options.peers) agent.destroy()
  }

  /** Every peer once, beginning with the one that answered last; the first answer that is one. */
  async #round(request: RestRequest): Promise<HttpAnswer | Silence> {
    const { peers } = this.#options
    let last: HttpAnswer | Silence = { cause: undefined }
    for (const _ of peers) {
      if (this.#closing.signal.aborted) throw closed()
      try {
        last = await httpRequest(peers[this.#at]!, request)
        if (!isWorthAnotherTry(last)) return last
      } catch (cause) {
        last = { cause }
      }
      this.#at = (this.#at + 1) % peers.length
    }
    return last
  }

  #waitMs(round: number, askedMs = 0): number {
    const { waitMs, waitMaxMs, random } = this.#options
    const grown = waitMs * 2 ** round
    // Between half of it and all of it: those that failed together do not come back together.
    return Math.min(waitMaxMs, Math.max(askedMs, grown * (0.5 + random.next() / 2)))
  }

  #unreachable({ method, path }: RestRequest, cause: unknown): SluiceError {
    const urls = this.#options.peers.map(({ url }) => url.origin).join(', ')
    return new SluiceError('REGISTRY_UNREACHABLE', `No schema registry answered ${method} ${path} at ${urls}`, {
      cause,
      retriable: true,
      remedy: 'Check schema.registry.url, and that the registry runs and can be reached from here.',
    })
  }
}

/** No answer at all. */
interface Silence {
  readonly cause: unknown
}

function closed(): SluiceError {
  return new SluiceError('INTERRUPTED', 'The way to the schema registry was closed')
}
