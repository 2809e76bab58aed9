import { type Clock, type Logger, systemClock } from '@sluice/sdk'
import { kafkajsMechanism } from './kafkajs-mechanism.ts'
import { oauthBearer } from './oauthbearer.ts'
import { plain } from './plain.ts'
import type { Mechanism } from './sasl-authenticator.ts'
import { scram } from './scram.ts'
import type { SaslConfig } from './security-config.ts'

/** The mechanism that the settings ask for. What is wrong with them is added to `problems`; then there may be none. */
export function mechanismOf(
  sasl: SaslConfig,
  logger: Logger,
  problems: string[],
  clock: Clock = systemClock,
): Mechanism | undefined {
  const check = (isRight: boolean, what: string): void => void (isRight || problems.push(what))
  if ('authenticationProvider' in sasl) {
    check(typeof sasl.authenticationProvider === 'function', 'sasl.authenticationProvider is a function')
    return kafkajsMechanism(sasl, logger)
  }
  switch (sasl.mechanism) {
    case 'PLAIN':
    case 'SCRAM-SHA-256':
    case 'SCRAM-SHA-512': {
      const { username, password } = sasl
      check(typeof username === 'string' && username !== '', `sasl.username is missing for ${sasl.mechanism}`)
      const isSecret = typeof password === 'function' || (typeof password === 'string' && password !== '')
      check(isSecret, `sasl.password is missing for ${sasl.mechanism}`)
      return sasl.mechanism === 'PLAIN' ? plain(sasl) : scram(sasl)
    }
    case 'OAUTHBEARER':
      check(typeof sasl.oauthBearerProvider === 'function', 'sasl.oauthBearerProvider is a function that gives a token')
      return oauthBearer(sasl, logger, clock)
    default:
      problems.push(unknownMechanism((sasl as { readonly mechanism: unknown }).mechanism))
      return undefined
  }
}

function unknownMechanism(mechanism: unknown): string {
  const known = 'PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER'
  if (mechanism === 'GSSAPI') {
    return (
      'sasl.mechanism GSSAPI (Kerberos) needs native libraries that this client does not bring: ' +
      `use ${known}, or give an authenticationProvider that makes the GSSAPI tokens`
    )
  }
  return `sasl.mechanism is ${String(mechanism)}: it is one of ${known}, or comes with an authenticationProvider`
}
