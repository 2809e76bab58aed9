import { apis } from '@sluice/kafka-protocol'
import { ApiError } from '../api/handler.ts'
import type { BrokerClock } from '../clock.ts'
import type { Conversation } from './mechanisms.ts'
import { ANONYMOUS } from './tls.ts'

/** What a login needs of its listener. */
export interface LoginTerms {
  readonly clock: BrokerClock
  readonly mechanisms: readonly string[]
  converse(mechanism: string): Conversation
  /** `connections.max.reauth.ms`; 0: a login counts as long as its connection. */
  sessionMs(): number
}

/** Nobody renews more often: what comes earlier is refused (KIP-368). */
const RENEWAL_MS_MIN = 1000
/** Of a request, before it is known who sends it. */
const STRANGER_BYTES_MAX = 512 << 10

/** The SASL conversation of one connection: from a stranger to a user, and again before a session ends (KIP-368). */
export class Login {
  readonly #terms: LoginTerms
  #state: 'greeting' | 'talking' | 'done' = 'greeting'
  #conversation: Conversation | null = null
  #mechanism = ''
  #user: string | null = null
  #expiresAt = Number.POSITIVE_INFINITY
  #renewalBegan = Number.NEGATIVE_INFINITY
  #hasRawTokens = false
  #failure: string | null = null

  constructor(terms: LoginTerms) {
    this.#terms = terms
  }

  /** `User:alice`; anonymous before it is proved. */
  get principal(): string {
    return this.#user === null ? ANONYMOUS : `User:${this.#user}`
  }

  /** Whether the next frame is a bare token of the mechanism, without a header: after SaslHandshake 0 (KIP-43). */
  get expectsToken(): boolean {
    return this.#hasRawTokens && this.#state === 'talking'
  }

  /** Why the connection is to be closed once the client was answered; null while it is not. */
  get failure(): string | null {
    return this.#failure
  }

  /** The largest request that is taken now; undefined: any that the broker takes. */
  get requestBytesMax(): number | undefined {
    return this.#user === null ? STRANGER_BYTES_MAX : undefined
  }

  /**
   * Why the connection is closed because of a request; null when it is to be answered. Before it is settled who asks, only what
   * settles it is answered; what breaks a login off is refused in its own form, and is the last (`failure`).
   */
  refusal(apiKey: number): string | null {
    const isHandshake = apiKey === apis.SaslHandshake.key
    if (this.#state === 'done') {
      if (isHandshake || this.#terms.clock.now() < this.#expiresAt) return null
      return `the login of ${this.principal} has expired`
    }
    if (this.#state === 'greeting') {
      return isHandshake || apiKey === apis.ApiVersions.key ? null : 'it has to log in by SASL first'
    }
    if (apiKey !== apis.SaslAuthenticate.key) this.#failure = 'it broke its login off'
    return null
  }

  /** Chooses the mechanism. @throws ApiError UNSUPPORTED_SASL_MECHANISM, ILLEGAL_SASL_STATE */
  handshake(mechanism: string, hasRawTokens: boolean): void {
    const { mechanisms, clock } = this.#terms
    if (this.#state === 'done') {
      if (clock.now() - this.#renewalBegan < RENEWAL_MS_MIN) throw new ApiError('ILLEGAL_SASL_STATE')
      this.#renewalBegan = clock.now()
    }
    if (!mechanisms.includes(mechanism)) {
      this.#failure = `it asked for the mechanism ${mechanism}`
      throw new ApiError('UNSUPPORTED_SASL_MECHANISM')
    }
    const isOther = this.#user !== null && mechanism !== this.#mechanism
    this.#conversation = isOther ? refusing(mechanism, this.#mechanism) : this.#terms.converse(mechanism)
    if (!isOther) this.#mechanism = mechanism
    this.#hasRawTokens = hasRawTokens
    this.#state = 'talking'
  }

  /**
   * One message of the mechanism. Resolves to the broker's, and to how long the login counts (milliseconds; 0: no end is set).
   * @throws ApiError SASL_AUTHENTICATION_FAILED, after which the connection is to be closed; ILLEGAL_SASL_STATE
   */
  async authenticate(message: Buffer): Promise<{ readonly challenge: Buffer; readonly sessionMs: number }> {
    const converse = this.#conversation
    if (this.#state !== 'talking' || converse === null) {
      throw new ApiError('ILLEGAL_SASL_STATE', 'SaslAuthenticate request received after successful authentication')
    }
    try {
      const { challenge, user } = await converse(message)
      return { challenge, sessionMs: user === null ? 0 : this.#succeeded(user) }
    } catch (error) {
      this.#failure = `its login failed: ${error instanceof Error ? error.message : String(error)}`
      throw error
    }
  }

  #succeeded(user: string): number {
    if (this.#user !== null && this.#user !== user) {
      const reason = `Cannot change principals during re-authentication from User.${this.#user}: User.${user}`
      throw new ApiError('SASL_AUTHENTICATION_FAILED', reason)
    }
    const sessionMs = this.#terms.sessionMs()
    this.#expiresAt = sessionMs > 0 ? this.#terms.clock.now() + sessionMs : Number.POSITIVE_INFINITY
    this.#user = user
    this.#conversation = null
    this.#state = 'done'
    return sessionMs
  }
}

/** The mechanism stays what it was. Kafka hangs up at the first message; this one says why before it does. */
function refusing(requested: string, before: string): Conversation {
  return () => {
    const reason = `SASL mechanism '${requested}' requested by client is not supported for re-authentication of mechanism '${before}'`
    throw new ApiError('SASL_AUTHENTICATION_FAILED', reason)
  }
}
