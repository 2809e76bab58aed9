import { type ApiName, type KafkaErrorName, type ResponseInput, kafkaErrorCode } from '@sluice/kafka-protocol'
import type { BrokerRequest } from '../api/handler.ts'

/** What becomes of a request that a fault looks at, whatever its API. */
type PlainVerdict =
  | { readonly do: 'pass' }
  | { readonly do: 'error'; readonly errorCode: number }
  | { readonly do: 'drop' }
  | { readonly do: 'hang' }
  | { readonly do: 'delay'; readonly ms: number }

/** What becomes of a request that a fault looks at. Made by `fault`. */
export type Verdict<N extends ApiName> =
  | PlainVerdict
  | { readonly do: 'reply'; readonly response: ResponseInput<N> }
  | { readonly do: 'after'; readonly alter: Alter<N> }

/** Sees the answer after the broker acted. `drop` closes the connection: the client never learns what happened. */
export type Alter<N extends ApiName> = (
  response: ResponseInput<N>,
) => ResponseInput<N> | 'drop' | 'hang' | Promise<ResponseInput<N> | 'drop' | 'hang'>

/** The verdicts. */
export const fault = {
  /** As if no fault had been there; does not use the fault up. */
  pass: { do: 'pass' },
  /** Close the connection; the broker never saw the request. */
  drop: { do: 'drop' },
  /** Never answer; what comes behind it on this connection waits too. */
  hang: { do: 'hang' },
  /** Answer this; the broker never saw the request. */
  reply: <N extends ApiName>(response: ResponseInput<N>): Verdict<N> => ({ do: 'reply', response }),
  /** Refuse with this error, in every place of the answer that has one. */
  error: (name: KafkaErrorName): PlainVerdict => ({ do: 'error', errorCode: kafkaErrorCode(name) }),
  /** Let the broker see the request this much later. */
  delay: (ms: number): PlainVerdict => ({ do: 'delay', ms }),
  /** Let the broker act, then alter, delay (by a promise) or lose its answer. */
  after: <N extends ApiName>(alter: Alter<N>): Verdict<N> => ({ do: 'after', alter }),
} as const

/** What an intercept sees. Records lie in memory that is used again once the request is answered: copy what you keep. */
export type InterceptedRequest<N extends ApiName> = BrokerRequest<N>

export interface InterceptOptions {
  /** How many requests it acts on; `Infinity` keeps it. Default 1. Passing is not acting. */
  readonly times?: number
}

export interface Intercept {
  /** Requests it has acted on. */
  readonly count: number
  /** Requests it has looked at, passed ones included. */
  readonly seen: number
  remove(): void
}

interface Active {
  readonly api: ApiName | '*'
  readonly judge: (request: BrokerRequest<ApiName>) => Verdict<ApiName>
  left: number
  count: number
  seen: number
}

/** The intercepts that are set. The first one that does not pass decides. */
export class Intercepts {
  #active: readonly Active[] = []

  get isEmpty(): boolean {
    return this.#active.length === 0
  }

  add<N extends ApiName>(
    api: N | '*',
    judge: (request: BrokerRequest<N>) => Verdict<N>,
    { times = 1 }: InterceptOptions = {},
  ): Intercept {
    const active: Active = { api, judge: judge as unknown as Active['judge'], left: times, count: 0, seen: 0 }
    this.#active = [...this.#active, active]
    return {
      get count() {
        return active.count
      },
      get seen() {
        return active.seen
      },
      remove: () => this.#remove(active),
    }
  }

  /** What becomes of a request; undefined when nothing stands in its way. */
  judge<N extends ApiName>(request: BrokerRequest<N>): Verdict<N> | undefined {
    for (const active of this.#active) {
      if (active.api !== '*' && active.api !== request.api) continue
      active.seen++
      const verdict = active.judge(request)
      if (verdict.do === 'pass') continue
      active.count++
      if (--active.left <= 0) this.#remove(active)
      return verdict as unknown as Verdict<N>
    }
    return undefined
  }

  clear(): void {
    this.#active = []
  }

  #remove(active: Active): void {
    this.#active = this.#active.filter((one) => one !== active)
  }
}
