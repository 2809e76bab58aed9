import { type Logger, SluiceError } from '@sluice/sdk'
import { type BrokerAddress, type Dial, dialPlain } from '../wire/dial.ts'
import { dialTls } from './dial-tls.ts'
import { type Authenticator, SaslAuthenticator } from './sasl-authenticator.ts'
import { mechanismOf } from './sasl-mechanisms.ts'
import type { SecurityConfig, SecurityProtocol } from './security-config.ts'
import { tlsFault } from './tls-faults.ts'
import { TlsMaterial } from './tls-material.ts'

/** How this client reaches brokers, and how it tells them who it is. */
export interface Security {
  readonly dial: Dial
  readonly authenticator: Authenticator | undefined
  /** The error for what ended a connection, if trying again cannot help. */
  readonly fault: (cause: unknown, address: BrokerAddress) => SluiceError | undefined
}

const PROTOCOLS: Readonly<Record<string, { readonly isTls: boolean; readonly isSasl: boolean }>> = {
  PLAINTEXT: { isTls: false, isSasl: false },
  SSL: { isTls: true, isSasl: false },
  SASL_PLAINTEXT: { isTls: false, isSasl: true },
  SASL_SSL: { isTls: true, isSasl: true },
} satisfies Record<SecurityProtocol, unknown>

/**
 * Reads the settings that are about security. Files are read when a connection is made.
 * @throws SluiceError SETTINGS_INVALID when they contradict each other, with all contradictions
 */
export function resolveSecurity(config: SecurityConfig, logger: Logger): Security {
  const { sasl } = config
  const ssl = config.ssl === true ? {} : config.ssl === false ? undefined : config.ssl
  const problems: string[] = []
  const check = (isRight: boolean, what: string): void => void (isRight || problems.push(what))
  const derived = `${sasl === undefined ? '' : 'SASL_'}${ssl === undefined ? 'PLAINTEXT' : 'SSL'}`
  const name: string = config.securityProtocol ?? derived
  const protocol = PROTOCOLS[name]
  const isTls = protocol?.isTls ?? ssl !== undefined
  check(protocol !== undefined, `securityProtocol is ${name}: it is one of ${Object.keys(PROTOCOLS).join(', ')}`)
  check(protocol?.isSasl !== true || sasl !== undefined, `securityProtocol is ${name}, but sasl is not set`)
  check(protocol?.isSasl !== false || sasl === undefined, `sasl is set, but securityProtocol is ${name}`)
  check(isTls || ssl === undefined, `ssl is set, but securityProtocol is ${name}`)
  check((ssl?.cert === undefined) === (ssl?.key === undefined), 'ssl.cert and ssl.key belong together')
  check(ssl?.pfx === undefined || ssl.cert === undefined, 'ssl.pfx and ssl.cert exclude each other')
  const mechanism = sasl === undefined ? undefined : mechanismOf(sasl, logger, problems)
  if (problems.length > 0) {
    throw new SluiceError('SETTINGS_INVALID', `The security settings are wrong: ${problems.join('; ')}`)
  }
  const authenticator = mechanism === undefined ? undefined : new SaslAuthenticator(mechanism)
  if (!isTls) return { dial: dialPlain, authenticator, fault: () => undefined }
  const material = new TlsMaterial(ssl ?? {}, logger)
  return {
    dial: dialTls(material),
    authenticator,
    fault: (cause, address) => tlsFault(cause, address, material.hasCertificate),
  }
}
