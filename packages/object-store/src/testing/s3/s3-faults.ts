import { SeededRandom } from '@sluice/sdk/testing'
import type { S3Operation, S3Target } from './s3-request.ts'

/**
 * | effect | is it done? | what the client sees |
 * |---|---|---|
 * | slow-down | no | 503 SlowDown |
 * | unavailable | no | 503 without a body, as from a proxy |
 * | internal-error | no | 500 InternalError |
 * | conflict | no | 409 ConditionalRequestConflict |
 * | precondition-failed | no | 412 PreconditionFailed |
 * | forbidden | no | 403 AccessDenied |
 * | clock-skew | no | 403 RequestTimeTooSkewed |
 * | cut-upload | no | the connection is cut in the middle of the request's body |
 * | hang | no | no answer, until the client or the server closes |
 * | lose-answer | yes | the connection is cut instead of an answer |
 * | error-after | yes | 500 InternalError |
 * | hang-after | yes | no answer, until the client or the server closes |
 * | cut-answer | yes | headers and half of the body, then the connection is cut |
 * | garble-answer | yes | one bit of the body is wrong |
 * | none | yes | the true answer: for a fault that is only a delay or a `meanwhile` |
 */
export type S3Effect =
  | 'slow-down'
  | 'unavailable'
  | 'internal-error'
  | 'conflict'
  | 'precondition-failed'
  | 'forbidden'
  | 'clock-skew'
  | 'cut-upload'
  | 'hang'
  | 'lose-answer'
  | 'error-after'
  | 'hang-after'
  | 'cut-answer'
  | 'garble-answer'
  | 'none'

export interface S3Fault {
  readonly effect: S3Effect
  /** Which requests it is about; default: all. */
  readonly on?: S3Operation
  /** The object's key; requests without one have the key ''. */
  readonly key?: RegExp
  /** The first of those requests that it strikes, from 1. Default 1. */
  readonly nth?: number
  /** How many requests in a row it strikes; Infinity until `clear`. Default 1. */
  readonly times?: number
  /** How long the server waits before it does or refuses anything. Default 0. */
  readonly delayMs?: number
  /** What somebody else does just before the request is carried out or refused. */
  readonly meanwhile?: () => Promise<unknown>
}

/** Which requests fail, and how: by plan, or by chance from a seed. The plan may be changed while requests come. */
export class S3Faults {
  #entries: { readonly fault: S3Fault; met: number }[] = []
  #chance: (() => S3Effect | undefined) | undefined

  add(...faults: readonly S3Fault[]): void {
    this.#entries.push(...faults.map((fault) => ({ fault, met: 0 })))
  }

  /** From now on nothing fails. */
  clear(): void {
    this.#entries = []
    this.#chance = undefined
  }

  /**
   * Each request that no planned fault strikes fails with probability `rate`, by one of `effects`. The same seed fails the
   * same requests, if they come in the same order.
   */
  seed(seed: number, rate: number, effects: readonly S3Effect[] = PASSING): void {
    const random = new SeededRandom(seed)
    this.#chance = () => (random.chance(rate) ? random.pick(effects) : undefined)
  }

  /** The fault of this request. To be asked once for each. */
  strike(target: S3Target): S3Fault | undefined {
    let striking: S3Fault | undefined
    for (const entry of this.#entries) {
      const { fault } = entry
      if (fault.on !== undefined && fault.on !== target.operation) continue
      if (fault.key !== undefined && !fault.key.test(target.key)) continue
      entry.met++
      const first = fault.nth ?? 1
      if (entry.met >= first && entry.met < first + (fault.times ?? 1)) striking ??= fault
    }
    if (striking !== undefined) return striking
    const effect = this.#chance?.()
    return effect === undefined ? undefined : { effect }
  }
}

/** What a store recovers from by itself, and a client survives by trying again. */
const PASSING: readonly S3Effect[] = [
  'slow-down',
  'unavailable',
  'internal-error',
  'cut-upload',
  'lose-answer',
  'error-after',
  'cut-answer',
]
