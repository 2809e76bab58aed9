import { describe, expect, test } from '@jest/globals'
import { type SluiceError, silentLogger } from '@sluice/sdk'
import { resolveSecurity } from '../../src/security/security.ts'
import type { SaslConfig, SecurityConfig } from '../../src/security/security-config.ts'
import { dialPlain } from '../../src/wire/dial.ts'

const sasl: SaslConfig = { mechanism: 'PLAIN', username: 'alice', password: 'open-sesame' }
const resolve = (config: SecurityConfig): ReturnType<typeof resolveSecurity> => resolveSecurity(config, silentLogger)
const problems = (config: object): string => {
  try {
    resolve(config)
  } catch (error) {
    expect((error as SluiceError).code).toBe('SETTINGS_INVALID')
    return (error as SluiceError).message
  }
  throw new Error('was not refused')
}

describe('the security protocol follows from what is set', () => {
  test.each<[string, SecurityConfig, boolean, boolean]>([
    ['PLAINTEXT', {}, true, false],
    ['PLAINTEXT', { ssl: false }, true, false],
    ['SSL', { ssl: true }, false, false],
    ['SASL_PLAINTEXT', { sasl }, true, true],
    ['SASL_SSL', { ssl: {}, sasl }, false, true],
    ['SASL_SSL said aloud, TLS as Node has it', { securityProtocol: 'SASL_SSL', sasl }, false, true],
  ])('%s', (_, config, isPlain, hasSasl) => {
    const { dial, authenticator } = resolve(config)
    expect(dial === dialPlain).toBe(isPlain)
    expect(authenticator !== undefined).toBe(hasSasl)
  })
})

test('settings that contradict each other are all told at once', () => {
  const message = problems({ securityProtocol: 'PLAINTEXT', ssl: { cert: 'a.pem' }, sasl })
  expect(message).toContain('sasl is set, but securityProtocol is PLAINTEXT')
  expect(message).toContain('ssl is set, but securityProtocol is PLAINTEXT')
  expect(message).toContain('ssl.cert and ssl.key belong together')
  expect(message).not.toContain('open-sesame')
})

test.each([
  [{ securityProtocol: 'TLS' }, /securityProtocol is TLS: it is one of PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL/],
  [{ securityProtocol: 'SASL_SSL', ssl: true }, /sasl is not set/],
  [{ ssl: { pfx: 'a.p12', cert: 'a.pem', key: 'a.key' } }, /ssl\.pfx and ssl\.cert exclude each other/],
  [{ sasl: { mechanism: 'PLAIN', password: 'x' } }, /sasl\.username is missing for PLAIN/],
  [{ sasl: { mechanism: 'SCRAM-SHA-512', username: 'alice' } }, /sasl\.password is missing for SCRAM-SHA-512/],
  [{ sasl: { mechanism: 'OAUTHBEARER' } }, /oauthBearerProvider/],
  [{ sasl: { mechanism: 'DIGEST-MD5' } }, /sasl\.mechanism is DIGEST-MD5: it is one of PLAIN/],
])('%j is refused', (config, message) => {
  expect(problems(config)).toMatch(message)
})

test('GSSAPI is refused with what to do instead, but taken from whoever brings the tokens', () => {
  expect(problems({ sasl: { mechanism: 'GSSAPI' } })).toMatch(/native libraries.*authenticationProvider/)
  const authenticationProvider = (): { authenticate(): Promise<void> } => ({ authenticate: () => Promise.resolve() })
  expect(resolve({ sasl: { mechanism: 'GSSAPI', authenticationProvider } }).authenticator).toBeDefined()
})
