import type { ApiName, RequestInput, ResponseBody } from '@sluice/kafka-protocol'
import { SluiceError } from '@sluice/sdk'
import { errorName } from '../kafka-errors.ts'
import type { BrokerAddress } from '../wire/dial.ts'

/** Sends bytes of a mechanism and gets those of the broker. Rejects when the broker refuses. */
export type Exchange = (bytes: Uint8Array) => Promise<Buffer>

/** One way to tell a broker who we are. */
export interface Mechanism {
  /** Kafka's name. */
  readonly name: string
  /** Holds the conversation. Rejects when the broker, or what it claims to be, is not accepted. */
  authenticate(broker: BrokerAddress, exchange: Exchange): Promise<void>
}

/** A connection, as far as authentication needs it: requests go out at once, before any that wait. */
export interface SaslPeer {
  /** As in `broker 1 at kafka:9092`. */
  readonly name: string
  readonly address: BrokerAddress
  version(api: ApiName, versions: { readonly lowest?: number; readonly highest?: number }): number
  ask<N extends ApiName>(api: N, version: number, body: RequestInput<N>): Promise<ResponseBody<N>>
}

export interface Authenticator {
  /**
   * Resolves to how long the broker accepts this for, in milliseconds; 0: as long as the connection lasts (KIP-368).
   * @throws SluiceError KAFKA_AUTHENTICATION, or what ended the connection
   */
  authenticate(peer: SaslPeer): Promise<number>
}

const UNSUPPORTED_SASL_MECHANISM = 33
const ILLEGAL_SASL_STATE = 34
const SASL_AUTHENTICATION_FAILED = 58

/** SaslHandshake names the mechanism, SaslAuthenticate carries its bytes (KIP-43, KIP-152). */
export class SaslAuthenticator implements Authenticator {
  readonly #mechanism: Mechanism

  constructor(mechanism: Mechanism) {
    this.#mechanism = mechanism
  }

  async authenticate(peer: SaslPeer): Promise<number> {
    const { name } = this.#mechanism
    const handshake = await peer.ask('SaslHandshake', 1, { mechanism: name })
    if (handshake.errorCode !== 0) throw this.#notOffered(peer, handshake)
    const version = peer.version('SaslAuthenticate', { lowest: 0, highest: 2 })
    let lifetimeMs = 0
    let refusal: unknown
    const exchange: Exchange = async (authBytes) => {
      try {
        const answer = await peer.ask('SaslAuthenticate', version, { authBytes: Buffer.from(authBytes) })
        if (answer.errorCode !== 0) throw this.#refused(peer, answer)
        lifetimeMs = Number(answer.sessionLifetimeMs)
        return Buffer.from(answer.authBytes)
      } catch (error) {
        refusal ??= error
        throw error
      }
    }
    try {
      await this.#mechanism.authenticate(peer.address, exchange)
    } catch (error) {
      // What somebody else's mechanism makes of a refusal says less than the broker's own words.
      if (refusal !== undefined && (error === refusal || !(error instanceof SluiceError))) throw refusal
      throw this.#failed(peer, error)
    }
    return lifetimeMs
  }

  #notOffered(peer: SaslPeer, { errorCode, mechanisms }: ResponseBody<'SaslHandshake'>): SluiceError {
    const { name } = this.#mechanism
    const place = placeOf(peer, name, errorCode)
    if (errorCode === ILLEGAL_SASL_STATE) {
      return new SluiceError('KAFKA_AUTHENTICATION', `${peer.name} does not want SASL on this listener`, {
        place,
        remedy: 'Leave out sasl, or use the port of a SASL_PLAINTEXT or SASL_SSL listener.',
      })
    }
    const isUnsupported = errorCode === UNSUPPORTED_SASL_MECHANISM
    const why = isUnsupported ? `it offers ${mechanisms.join(', ') || 'none'}` : errorName(errorCode)
    return new SluiceError('KAFKA_AUTHENTICATION', `${peer.name} does not accept the mechanism ${name}: ${why}`, {
      place,
      remedy: "Use one of the mechanisms it offers, or add this one to the broker's sasl.enabled.mechanisms.",
    })
  }

  #refused(peer: SaslPeer, { errorCode, errorMessage }: ResponseBody<'SaslAuthenticate'>): SluiceError {
    const { name } = this.#mechanism
    const why = errorMessage ?? errorName(errorCode)
    return new SluiceError('KAFKA_AUTHENTICATION', `${peer.name} refused the credentials given by ${name}: ${why}`, {
      place: placeOf(peer, name, errorCode),
      remedy:
        errorCode === SASL_AUTHENTICATION_FAILED
          ? 'Check user name and password (or the token), and that the broker knows this user for this mechanism.'
          : "Look at the broker's log.",
    })
  }

  #failed(peer: SaslPeer, cause: unknown): SluiceError {
    const { name } = this.#mechanism
    const facts = cause instanceof SluiceError ? { retriable: cause.retriable } : {}
    return new SluiceError('KAFKA_AUTHENTICATION', `Cannot authenticate to ${peer.name} by ${name}`, {
      ...facts,
      cause,
      place: { mechanism: name },
    })
  }
}

function placeOf(peer: SaslPeer, mechanism: string, errorCode: number): Record<string, string | number> {
  return { broker: `${peer.address.host}:${peer.address.port}`, mechanism, error: errorName(errorCode) }
}
