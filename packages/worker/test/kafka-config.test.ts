/** Kafka's names of client settings, in the port's. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import fs from 'node:fs'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import type { OAuthBearerConfig } from '@sluice/kafka'
import { SluiceError, type RawSettings } from '@sluice/sdk'
import { DerError, isConnectionSetting, kafkaConfig, trustedCertificates } from '@sluice/kafka/properties'
import { CERTIFICATE, PKCS12 } from './support/trust-stores.ts'

const BROKERS = { 'bootstrap.servers': 'a:1,b:2' }

function configOf(raw: RawSettings): ReturnType<typeof kafkaConfig>['config'] {
  return kafkaConfig({ ...BROKERS, ...raw }).config
}

function refusalOf(raw: RawSettings): SluiceError {
  try {
    configOf(raw)
  } catch (error) {
    return error as SluiceError
  }
  throw new Error('it was taken')
}

function plain(options: string): RawSettings {
  return {
    'security.protocol': 'SASL_PLAINTEXT',
    'sasl.mechanism': 'PLAIN',
    'sasl.jaas.config': `org.apache.kafka.common.security.plain.PlainLoginModule required ${options};`,
  }
}

describe('a connection', () => {
  test('without security is plain; times are the port’s; what is not about connections is kept aside', () => {
    const { config, unknown } = kafkaConfig({
      ...BROKERS,
      'client.id': 'me',
      'request.timeout.ms': '100',
      'reconnect.backoff.max.ms': '7',
      'connections.max.idle.ms': '-1',
      'max.block.ms': '5',
      'interceptor.classes': 'x',
    })
    expect(config).toEqual({
      bootstrapServers: 'a:1,b:2',
      clientId: 'me',
      requestTimeoutMs: 100,
      reconnectBackoffMaxMs: 7,
      connectionsMaxIdleMs: -1,
      securityProtocol: 'PLAINTEXT',
    })
    expect(unknown).toEqual({ 'max.block.ms': '5', 'interceptor.classes': 'x' })
  })

  test('settings of TLS and SASL that the protocol does not use are left alone', () => {
    expect(configOf({ ...plain('username="u" password="p"'), 'security.protocol': 'PLAINTEXT' })).toEqual({
      bootstrapServers: 'a:1,b:2',
      securityProtocol: 'PLAINTEXT',
    })
  })

  test.each([
    [{ 'security.protocol': 'TLS' }, 'security.protocol'],
    [{ 'request.timeout.ms': 'soon' }, 'request.timeout.ms'],
    [{ 'bootstrap.servers': '' }, 'bootstrap.servers'],
    [{ 'security.protocol': 'SASL_SSL' }, 'GSSAPI'],
    [{ ...plain('username="u"') }, 'password'],
    [{ ...plain('username="u" password="p"'), 'sasl.mechanism': 'GSSAPI' }, 'GSSAPI'],
    [{ ...plain('username="u" password="p"'), 'sasl.mechanism': 'SCRAM-SHA-256' }, 'ScramLoginModule'],
    [{ ...plain('username="u" password="p" oops') }, 'name="value"'],
    [{ ...plain(''), 'sasl.jaas.config': 'PlainLoginModule required username="u" password="secret"' }, 'semicolon'],
    [
      { ...plain(''), 'sasl.jaas.config': 'com.sun.security.auth.module.JndiLoginModule required a="secret";' },
      'JndiLoginModule',
    ],
  ])('%j is refused with a sentence, without secrets', (raw: RawSettings, what) => {
    const refusal = refusalOf(raw)
    expect(refusal).toMatchObject({ code: 'SETTINGS_INVALID' })
    expect(refusal.message).toContain(what)
    expect(refusal.message).not.toContain('secret')
  })

  test('which settings lead to another cluster or login is known', () => {
    const yes = ['bootstrap.servers', 'security.protocol', 'ssl.truststore.location', 'sasl.jaas.config']
    expect(yes.every(isConnectionSetting)).toBe(true)
    expect(['client.id', 'batch.size', 'request.timeout.ms'].some(isConnectionSetting)).toBe(false)
  })
})

describe('a login', () => {
  test('PLAIN, with quotes and backslashes as Java writes them', () => {
    expect(configOf(plain(`username='u v' password="a\\"b\\\\c;=d"`)).sasl).toEqual({
      mechanism: 'PLAIN',
      username: 'u v',
      password: 'a"b\\c;=d',
    })
  })

  test.each(['SCRAM-SHA-256', 'SCRAM-SHA-512'])('%s, also with a delegation token', (mechanism) => {
    const jaas = 'org.apache.kafka.common.security.scram.ScramLoginModule required username=u password="p"'
    const settings = (more: string): RawSettings => ({
      'security.protocol': 'SASL_PLAINTEXT',
      'sasl.mechanism': mechanism,
      'sasl.jaas.config': `${jaas} ${more};`,
    })
    expect(configOf(settings('')).sasl).toEqual({ mechanism, username: 'u', password: 'p' })
    expect(configOf(settings('tokenauth="true"')).sasl).toMatchObject({ mechanism, isDelegationToken: true })
  })

  describe('OAUTHBEARER', () => {
    let server: http.Server
    let url = ''
    const asked: string[] = []
    let answer: { status: number; body: string } = { status: 200, body: '' }
    beforeAll(async () => {
      server = http.createServer((request, response) => {
        let body = ''
        request.on('data', (part: Buffer) => (body += part.toString()))
        request.on('end', () => {
          asked.push(`${request.method} ${request.headers.authorization} ${body}`)
          response.writeHead(answer.status).end(answer.body)
        })
      })
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`
    })
    afterAll(() => void server.close())

    const provider = (): OAuthBearerConfig['oauthBearerProvider'] => {
      const { sasl } = configOf({
        'security.protocol': 'SASL_PLAINTEXT',
        'sasl.mechanism': 'OAUTHBEARER',
        'sasl.oauthbearer.token.endpoint.url': url,
        'sasl.jaas.config':
          'org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required clientId="id" clientSecret="s" scope="a b";',
      })
      return (sasl as OAuthBearerConfig).oauthBearerProvider
    }

    test('asks the endpoint for a token by client credentials', async () => {
      answer = { status: 200, body: JSON.stringify({ access_token: 'tok', expires_in: 60 }) }
      const token = await provider()()
      expect(token.value).toBe('tok')
      expect(token.lifetimeMs! - Date.now()).toBeGreaterThan(50_000)
      expect(asked.at(-1)).toBe(
        `POST Basic ${Buffer.from('id:s').toString('base64')} grant_type=client_credentials&scope=a%20b`,
      )
    })

    test.each([
      { status: 401, body: 'no' },
      { status: 200, body: '{}' },
    ])('says what is wrong with an answer of %j', async (wrong) => {
      answer = wrong
      await expect(provider()()).rejects.toMatchObject({ code: 'KAFKA_AUTHENTICATION' })
    })
  })
})

describe('stores of keys and certificates', () => {
  let dir = ''
  beforeAll(() => {
    dir = fs.mkdtempSync(path.join(os.tmpdir(), 'stores-'))
    fs.writeFileSync(path.join(dir, 'ca.pem'), '-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----\n')
    fs.writeFileSync(path.join(dir, 'half.jks'), Buffer.from([0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2]))
    fs.writeFileSync(path.join(dir, 'store.p12'), Buffer.from([0x30, 0x82, 0x01, 0x00]))
    for (const [maker, bytes] of Object.entries(PKCS12)) fs.writeFileSync(path.join(dir, `${maker}.p12`), bytes)
    fs.writeFileSync(path.join(dir, 'store.txt'), 'what is this')
  })
  afterAll(() => fs.rmSync(dir, { recursive: true }))
  const ssl = (raw: RawSettings): unknown => configOf({ 'security.protocol': 'SSL', ...raw }).ssl

  test('nothing given: the authorities that Node trusts', () => {
    expect(ssl({})).toEqual({})
  })

  test('PEM as text, also on one line, as it stands in properties files', () => {
    const long = 'A'.repeat(70)
    const lines = `-----BEGIN CERTIFICATE-----\n${'A'.repeat(64)}\n${'A'.repeat(6)}\n-----END CERTIFICATE-----\n`
    expect(
      ssl({
        'ssl.truststore.type': 'PEM',
        'ssl.truststore.certificates': `-----BEGIN CERTIFICATE----- ${long} -----END CERTIFICATE-----`,
        'ssl.keystore.key': '-----BEGIN PRIVATE KEY----- QUJD -----END PRIVATE KEY-----',
        'ssl.keystore.certificate.chain': lines,
        'ssl.key.password': 'pw',
      }),
    ).toEqual({
      ca: lines,
      key: '-----BEGIN PRIVATE KEY-----\nQUJD\n-----END PRIVATE KEY-----\n',
      cert: lines,
      passphrase: 'pw',
    })
  })

  test('PEM files: one holds both the key and its chain', () => {
    const pem = path.join(dir, 'ca.pem')
    expect(ssl({ 'ssl.truststore.location': pem, 'ssl.keystore.location': pem })).toEqual({
      ca: pem,
      cert: pem,
      key: pem,
    })
  })

  test('a PKCS #12 key store, by its content, whatever its type is called', () => {
    const p12 = path.join(dir, 'store.p12')
    const settings = { 'ssl.keystore.location': p12, 'ssl.keystore.password': 'pw', 'ssl.key.password': 'pw' }
    expect(ssl({ ...settings, 'ssl.keystore.type': 'JKS' })).toEqual({ pfx: p12, passphrase: 'pw' })
  })

  test.each([
    ['ssl.keystore.location', 'half.jks', 'keytool -importkeystore'],
    ['ssl.truststore.location', 'half.jks', 'keytool -exportcert'],
    ['ssl.truststore.location', 'store.p12', 'keytool -exportcert'],
    ['ssl.truststore.location', 'legacy.p12', 'keytool -exportcert'],
    ['ssl.keystore.location', 'store.txt', ''],
    ['ssl.keystore.location', 'not-there', ''],
  ])('%s = %s is refused, with the command that converts it', (setting, file, command) => {
    const refusal = refusalOf({ 'security.protocol': 'SSL', [setting]: path.join(dir, file) })
    expect(refusal).toMatchObject({ code: 'SETTINGS_INVALID' })
    expect(refusal.message).toContain(setting)
    expect(refusal.remedy ?? '').toContain(command)
  })

  test('Java’s own stores: a key with its chain, and authorities', () => {
    const stores = path.join(import.meta.dirname, 'rest/certs')
    const settings = {
      'ssl.keystore.location': path.join(stores, 'worker.jks'),
      'ssl.keystore.password': 'changeit',
      'ssl.key.password': 'different',
      'ssl.truststore.location': path.join(stores, 'trust.jks'),
      'ssl.truststore.password': 'changeit',
    }
    expect(ssl(settings)).toEqual({
      key: expect.stringMatching(/^-----BEGIN PRIVATE KEY-----\n/),
      cert: expect.stringMatching(/^-----BEGIN CERTIFICATE-----\n/),
      ca: fs.readFileSync(path.join(import.meta.dirname, '../../kafka/test/security/certs/ca.pem'), 'utf8'),
    })
    for (const [setting, what] of [
      ['ssl.keystore.password', 'the password does not fit'],
      ['ssl.key.password', 'the password does not open its key'],
      ['ssl.truststore.password', 'the password does not fit'],
    ] as const) {
      const refusal = refusalOf({ 'security.protocol': 'SSL', ...settings, [setting]: 'wrong' })
      expect(refusal.message).toContain(what)
    }
  })

  test.each(['java', 'openssl', 'des'])('a PKCS #12 trust store as %s makes it', (maker) => {
    const settings = { 'ssl.truststore.location': path.join(dir, `${maker}.p12`) }
    expect(ssl({ ...settings, 'ssl.truststore.password': 'changeit' })).toEqual({ ca: CERTIFICATE })
    for (const password of ['wrong', '']) {
      const refusal = refusalOf({ 'security.protocol': 'SSL', ...settings, 'ssl.truststore.password': password })
      expect(refusal.message).toContain('the password does not fit')
    }
  })

  test('a trust store that was changed by somebody without the password is refused, wherever that was', () => {
    for (let at = 0; at < PKCS12.openssl.length; at += 7) {
      const changed = Uint8Array.from(PKCS12.openssl)
      changed[at]! ^= 0x01
      let ca = ''
      try {
        ca = trustedCertificates(changed, 'changeit')
      } catch (error) {
        expect(error).toBeInstanceOf(DerError)
      }
      expect(['', CERTIFICATE]).toContain(ca)
    }
  })

  test('a trust store that was cut off anywhere is refused', () => {
    for (let length = 0; length < PKCS12.openssl.length; length += 5)
      expect(() => trustedCertificates(PKCS12.openssl.subarray(0, length), 'changeit')).toThrow(DerError)
  })

  test('an empty algorithm switches the check of names off, as in Kafka; https, or nothing, leaves it on', () => {
    expect(ssl({ 'ssl.endpoint.identification.algorithm': '' })).toEqual({ endpointIdentification: false })
    expect(ssl({ 'ssl.endpoint.identification.algorithm': 'https' })).toEqual({})
  })

  test('half a key store is refused', () => {
    expect(refusalOf({ 'security.protocol': 'SSL', 'ssl.keystore.key': 'x' }).message).toContain('certificate.chain')
  })
})
