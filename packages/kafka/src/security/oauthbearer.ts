import { type Clock, type Logger, SluiceError, describeError } from '@sluice/sdk'
import type { Mechanism } from './sasl-authenticator.ts'
import type { OAuthBearerConfig, OAuthToken } from './security-config.ts'

/** Part of a token's life after which a new one is asked for (`sasl.login.refresh.window.factor`). */
const REFRESH_AFTER = 0.8

/** Ends each part of the message (RFC 7628). Alone, it is the client's answer to a refusal. */
const SEPARATOR = '\x01'

/** SASL OAUTHBEARER (RFC 7628, KIP-255): a token that somebody else gave us. */
export function oauthBearer(config: OAuthBearerConfig, logger: Logger, clock: Clock): Mechanism {
  const tokens = new Tokens(config, logger, clock)
  return {
    name: 'OAUTHBEARER',
    async authenticate(_, exchange) {
      const challenge = await exchange(Buffer.from(initialResponse(await tokens.current())))
      if (challenge.length === 0) return
      tokens.forget()
      // The broker says why not, and refuses for good when it has our word that we have read it.
      const refusal = refusedToken(challenge)
      await exchange(Buffer.from(SEPARATOR)).catch(() => undefined)
      throw refusal
    },
  }
}

/** The token in use, asked for once however many connections need it. */
class Tokens {
  readonly #config: OAuthBearerConfig
  readonly #logger: Logger
  readonly #clock: Clock
  #token: OAuthToken | undefined
  #refreshAt = -Infinity
  #asking: Promise<OAuthToken> | undefined

  constructor(config: OAuthBearerConfig, logger: Logger, clock: Clock) {
    this.#config = config
    this.#logger = logger
    this.#clock = clock
  }

  async current(): Promise<OAuthToken> {
    if (this.#token !== undefined && this.#clock.now() < this.#refreshAt) return this.#token
    this.#asking ??= this.#ask().finally(() => (this.#asking = undefined))
    return this.#asking
  }

  forget(): void {
    this.#refreshAt = -Infinity
    this.#token = undefined
  }

  async #ask(): Promise<OAuthToken> {
    const askedAt = this.#clock.now()
    try {
      const token = await this.#config.oauthBearerProvider()
      checkToken(token)
      this.#token = token
      const end = token.lifetimeMs
      this.#refreshAt = end === undefined ? -Infinity : askedAt + (end - askedAt) * REFRESH_AFTER
      return token
    } catch (error) {
      const former = this.#token
      if (former?.lifetimeMs === undefined || this.#clock.now() >= former.lifetimeMs) throw noToken(error)
      this.#logger.warn('No new OAuth token; the former one is used as long as it lasts', {
        error: describeError(error),
      })
      return former
    }
  }
}

function initialResponse({ value, extensions = {} }: OAuthToken): string {
  const parts = [`auth=Bearer ${value}`, ...Object.entries(extensions).map(([key, text]) => `${key}=${text}`)]
  return `n,,${SEPARATOR}${parts.join(SEPARATOR)}${SEPARATOR}${SEPARATOR}`
}

/** What cannot be sent is refused here: a separator in it would be read as something else. */
function checkToken(token: OAuthToken): void {
  if (typeof token?.value !== 'string' || !/^[A-Za-z0-9\-._~+/]+=*$/.test(token.value)) {
    throw new SluiceError('SETTINGS_INVALID', 'oauthBearerProvider did not give a bearer token as { value }')
  }
  for (const [key, text] of Object.entries(token.extensions ?? {})) {
    if (key !== 'auth' && /^[A-Za-z]+$/.test(key) && /^[\x21-\x7e \t\r\n]+$/.test(text)) continue
    throw new SluiceError('SETTINGS_INVALID', `The SASL extension ${JSON.stringify(key)} cannot be sent`, {
      remedy: 'Name extensions by letters alone, but not auth; write their values in visible ASCII.',
    })
  }
}

function noToken(cause: unknown): SluiceError {
  const isLasting = cause instanceof SluiceError && !cause.retriable
  return new SluiceError('KAFKA_AUTHENTICATION', 'There is no OAuth token to authenticate with', {
    cause,
    retriable: !isLasting,
    remedy: 'Look at what oauthBearerProvider asks: is it there, and are its credentials right?',
  })
}

function refusedToken(challenge: Buffer): SluiceError {
  return new SluiceError(
    'KAFKA_AUTHENTICATION',
    `The broker refused the token: ${challenge.toString().slice(0, 300)}`,
    {
      remedy: 'Check audience, issuer, scope and lifetime of the token, and the clock of this machine.',
    },
  )
}
