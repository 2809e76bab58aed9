import {
  type ApiName,
  type KafkaErrorName,
  type RequestBody,
  type ResponseInput,
  kafkaErrorCode,
} from '@sluice/kafka-protocol'
import type { Broker, Client } from '../broker.ts'

/** A decoded request on its way through the broker. */
export interface BrokerRequest<N extends ApiName> {
  readonly api: N
  readonly version: number
  readonly correlationId: number
  readonly clientId: string | null
  readonly body: RequestBody<N>
  /** The virtual node that was asked. */
  readonly node: number
  readonly client: Client
}

/** What a handler answers when nothing is to be sent (acks=0). */
export const NO_ANSWER: unique symbol = Symbol('no answer')
/** What a handler answers when the connection is to be closed instead (acks=0 and the records are refused). */
export const HANG_UP: unique symbol = Symbol('hang up')
export type Answer<N extends ApiName> = ResponseInput<N> | typeof NO_ANSWER | typeof HANG_UP

/** One API: which versions are served, and what a request comes to. */
export interface ApiHandler<N extends ApiName = ApiName> {
  readonly api: N
  /** Lowest and highest version that is advertised. */
  readonly versions: readonly [number, number]
  /**
   * Answers a request. State changes happen synchronously in the call; a promise only waits (a delayed fetch, a rebalance).
   * What concerns one topic, partition or group is answered in its place; an `ApiError` thrown refuses the whole request.
   */
  handle(request: BrokerRequest<N>, broker: Broker): Answer<N> | Promise<Answer<N>>
  /** The answer that refuses the whole request with this error, in the form of this API. */
  refuse(request: BrokerRequest<N>, errorCode: number, message: string | null): Answer<N>
}

/** Declares a handler with its types inferred from the name. */
export function handler<const N extends ApiName>(definition: ApiHandler<N>): ApiHandler<N> {
  return definition
}

/** An error of Kafka's catalogue. */
export class ApiError extends Error {
  readonly errorCode: number

  constructor(name: KafkaErrorName, message?: string) {
    super(message ?? name)
    this.name = name
    this.errorCode = kafkaErrorCode(name)
  }
}

/** The error code of anything thrown; what is no ApiError is an UNKNOWN_SERVER_ERROR (-1). */
export function errorCodeOf(error: unknown): number {
  return error instanceof ApiError ? error.errorCode : -1
}
