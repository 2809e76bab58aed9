/** A registry over HTTP that is slow, broken, refuses, or is none. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Random, RawSettings } from '@sluice/sdk'
import { FakeClock } from '@sluice/sdk/testing'
import { connectRegistry, type SchemaRegistry } from '../../src/index.ts'
import { ScriptedServer } from '../support/scripted-server.ts'

const CERTS = fileURLToPath(new URL('../../../kafka/test/security/certs', import.meta.url))
/** Made by Java's keytool: authorities, and a key. */
const STORES = fileURLToPath(new URL('../../../worker/test/rest/certs', import.meta.url))
const SCHEMA = { status: 200, body: { schema: '"string"' } }

let server: ScriptedServer
let other: ScriptedServer
const opened: SchemaRegistry[] = []
let clock: FakeClock
const random: Random = { next: () => 1 }

beforeEach(async () => {
  server = await ScriptedServer.start()
  other = await ScriptedServer.start()
  clock = new FakeClock({ impatient: true })
})
afterEach(async () => {
  for (const registry of opened.splice(0)) registry.close()
  await Promise.all([server.close(), other.close()])
})

function open(settings: RawSettings = {}): SchemaRegistry {
  const registry = connectRegistry({ 'schema.registry.url': server.url, ...settings }, { clock, random })
  opened.push(registry)
  return registry
}

describe('what cannot be answered now is asked for again', () => {
  test.each([[429], [500], [502], [503], [504], [408]])('%i, and then as if nothing had happened', async (status) => {
    server.say = () => (server.heard.length < 3 ? { status, body: 'sorry' } : SCHEMA)
    expect((await open().schemaById(1)).text).toBe('"string"')
    expect(server.heard).toHaveLength(3)
  })

  test('a connection that was cut', async () => {
    server.say = () => (server.heard.length < 3 ? 'hang up' : SCHEMA)
    expect((await open().schemaById(1)).text).toBe('"string"')
  })

  test('with pauses that double, up to the longest one', async () => {
    server.say = () => ({ status: 503 })
    const began = clock.monotonic()
    const settings = { 'max.retries': '4', 'retries.wait.ms': '100', 'retries.max.wait.ms': '300' }
    await expect(open(settings).schemaById(1)).rejects.toMatchObject({ code: 'REGISTRY_UNREACHABLE', retriable: true })
    expect(clock.monotonic() - began).toBe(100 + 200 + 300 + 300)
    expect(server.heard).toHaveLength(5)
  })

  test('not before the registry wants it to', async () => {
    server.say = () => (server.heard.length === 1 ? { status: 429, headers: { 'retry-after': '7' } } : SCHEMA)
    const began = clock.monotonic()
    await open({ 'retries.wait.ms': '10' }).schemaById(1)
    expect(clock.monotonic() - began).toBe(7000)
  })

  test('but what is deleted is deleted once', async () => {
    server.say = () => ({ status: 503 })
    await expect(open().deleteSubject('s')).rejects.toMatchObject({ code: 'REGISTRY_UNREACHABLE' })
    expect(server.heard).toHaveLength(1)
  })

  test('an answer that does not come is not waited for', async () => {
    server.say = () => 'mute'
    const settings = { 'http.read.timeout.ms': '50', 'max.retries': '1' }
    await expect(open(settings).schemaById(1)).rejects.toMatchObject({
      code: 'REGISTRY_UNREACHABLE',
      retriable: true,
      cause: { message: 'no answer within 50 ms' },
    })
    expect(server.heard).toHaveLength(2)
  })

  test('nobody listens', async () => {
    const { url } = other
    await other.close()
    const registry = open({ 'schema.registry.url': url, 'max.retries': '0' })
    await expect(registry.schemaById(1)).rejects.toMatchObject({ code: 'REGISTRY_UNREACHABLE', retriable: true })
    other = await ScriptedServer.start()
  })
})

describe('of several registries', () => {
  test('the next one is asked at once, and stays the one', async () => {
    server.say = () => ({ status: 500 })
    other.say = () => SCHEMA
    const registry = open({ 'schema.registry.url': `${server.url},${other.url}/` })
    const began = clock.monotonic()
    await registry.schemaById(1)
    await registry.schemaById(2)
    expect([server.heard.length, other.heard.length]).toEqual([1, 2])
    expect(clock.monotonic()).toBe(began)
  })

  test('what one of them refuses for good no other one is asked', async () => {
    server.say = () => ({ status: 404, body: { error_code: 40403, message: 'Schema 1 not found' } })
    const registry = open({ 'schema.registry.url': `${server.url},${other.url}` })
    await expect(registry.schemaById(1)).rejects.toMatchObject({ code: 'SCHEMA_UNKNOWN' })
    expect(other.heard).toHaveLength(0)
  })
})

describe('what is refused', () => {
  test.each([
    [401, {}, 'REGISTRY_AUTHENTICATION'],
    [403, {}, 'REGISTRY_AUTHENTICATION'],
    [404, { error_code: 40401 }, 'SUBJECT_UNKNOWN'],
    [404, { error_code: 40402 }, 'SCHEMA_UNKNOWN'],
    [404, {}, 'REGISTRY_REFUSED'],
    [409, { error_code: 409, message: 'TYPE_MISMATCH' }, 'SCHEMA_INCOMPATIBLE'],
    [422, { error_code: 42201 }, 'SCHEMA_INVALID'],
    [422, { error_code: 42205 }, 'REGISTRY_REFUSED'],
    [302, {}, 'REGISTRY_REFUSED'],
  ])('with %i %j is %s, once', async (status, body, code) => {
    server.say = () => ({ status, body })
    await expect(open().register('s', { type: 'AVRO', text: '"string"' })).rejects.toMatchObject({
      code,
      retriable: false,
    })
    expect(server.heard).toHaveLength(1)
  })

  test.each([
    ['<html>'],
    [[]],
    [{}],
    [{ schema: 7 }],
    [{ schema: '"int"', schemaType: 'XML' }],
    [{ schema: '"int"', references: [{}] }],
  ])('an answer of %j is that of no registry', async (body) => {
    server.say = () => ({ status: 200, body })
    await expect(open().schemaById(1)).rejects.toMatchObject({ code: 'REGISTRY_REFUSED' })
  })

  test('references that go round in a circle are no schema', async () => {
    const references = [{ name: 'a', subject: 'a', version: 1 }]
    server.say = () => ({ status: 200, body: { id: 1, version: 1, subject: 'a', schema: '"int"', references } })
    await expect(open().schemaById(1)).rejects.toMatchObject({ code: 'REGISTRY_REFUSED' })
  })
})

describe('who asks says who it is:', () => {
  test.each<[string, RawSettings, string]>([
    [
      'a user',
      { 'basic.auth.credentials.source': 'USER_INFO', 'basic.auth.user.info': 'me:pass:word' },
      'Basic bWU6cGFzczp3b3Jk',
    ],
    [
      'a user, under the longer names',
      { 'schema.registry.basic.auth.credentials.source': 'USER_INFO', 'schema.registry.basic.auth.user.info': 'me:x' },
      'Basic bWU6eA==',
    ],
    ['a token', { 'bearer.auth.token': 'abc' }, 'Bearer abc'],
  ])('%s', async (_, settings, authorization) => {
    server.say = () => SCHEMA
    await open(settings).schemaById(1)
    expect(server.heard[0]!.headers.authorization).toBe(authorization)
  })

  test('a user in the url, who is in no message', async () => {
    server.say = () => ({ status: 401 })
    const registry = open({ 'schema.registry.url': server.url.replace('//', '//me:secret%21@') })
    const error: unknown = await registry.schemaById(1).catch((caught: unknown) => caught)
    expect(server.heard[0]!.headers.authorization).toBe(`Basic ${Buffer.from('me:secret!').toString('base64')}`)
    expect(String(error)).not.toContain('secret')
  })

  test('a path in the url goes before all others, and subjects may have any name', async () => {
    server.say = () => ({ status: 200, body: [1] })
    await open({ 'schema.registry.url': `${server.url}/registry/` }).versions('a/b c?-ä')
    expect(server.heard[0]!.path).toBe('/registry/subjects/a%2Fb%20c%3F-%C3%A4/versions')
  })
})

describe('settings that are wrong are told at once:', () => {
  test.each<[string, RawSettings]>([
    ['no url', { 'schema.registry.url': '' }],
    ['what is no url', { 'schema.registry.url': 'localhost:8081' }],
    ['a user that is missing', { 'basic.auth.credentials.source': 'USER_INFO' }],
    [
      'a trust store that is not there',
      { 'schema.registry.url': 'https://x', 'schema.registry.ssl.truststore.location': '/nowhere' },
    ],
    [
      'a trust store that is none',
      { 'schema.registry.url': 'https://x', 'schema.registry.ssl.truststore.location': fileURLToPath(import.meta.url) },
    ],
    [
      'a password that does not open a trust store',
      {
        'schema.registry.url': 'https://x',
        'schema.registry.ssl.truststore.location': path.join(STORES, 'trust.jks'),
        'schema.registry.ssl.truststore.password': 'wrong',
      },
    ],
    ['a key that is none', { 'schema.registry.url': 'https://x', 'schema.registry.ssl.keystore.key': 'key' }],
  ])('%s', (_, settings) => {
    expect(() => open(settings)).toThrow(expect.objectContaining({ code: 'SETTINGS_INVALID' }))
  })

  test.each(['user:s3cret@host:8081', 'htp://user:s3cret@host', 'http://user:s3cret@host:none', '//user:s3cret@host'])(
    'a url that is none, without the password in it: %s',
    (url) => {
      expect(() => open({ 'schema.registry.url': url })).toThrow(/^schema\.registry\.url has '(?!.*s3cret).*host/)
    },
  )
})

describe('over TLS', () => {
  const pem = (name: string): string => readFileSync(path.join(CERTS, name), 'utf8')
  const trust = { 'schema.registry.ssl.truststore.location': path.join(CERTS, 'ca.pem') }
  let secure: ScriptedServer

  beforeEach(async () => {
    const mutual = { ca: pem('ca.pem'), requestCert: true, rejectUnauthorized: true }
    secure = await ScriptedServer.start({ key: pem('broker.key'), cert: pem('broker.pem'), ...mutual })
    secure.say = () => SCHEMA
  })
  afterEach(() => secure.close())

  const me = {
    'schema.registry.ssl.keystore.certificate.chain': pem('alice.pem'),
    'schema.registry.ssl.keystore.key': pem('alice.key'),
  }

  test('a registry is asked that shows, and sees, a certificate that is trusted', async () => {
    const registry = open({ 'schema.registry.url': secure.url, ...trust, ...me })
    expect((await registry.schemaById(1)).text).toBe('"string"')
  })

  const password = { 'schema.registry.ssl.truststore.password': 'changeit' }
  const mine = {
    'schema.registry.ssl.keystore.location': path.join(STORES, 'worker.jks'),
    'schema.registry.ssl.keystore.password': 'changeit',
    'schema.registry.ssl.key.password': 'different',
    'schema.registry.ssl.keystore.type': 'JKS',
  }

  test.each(['trust.jks', 'trust-java.p12', 'trust-openssl.p12'])(
    "with Java's stores as they are: %s",
    async (name) => {
      const theirs = { 'schema.registry.ssl.truststore.location': path.join(STORES, name), ...password }
      const registry = open({ 'schema.registry.url': secure.url, ...theirs, ...mine })
      expect((await registry.schemaById(1)).text).toBe('"string"')
    },
  )

  test.each<[string, RawSettings]>([
    ['that nobody vouches for', me],
    ['that wants to see a certificate', trust],
  ])('a registry %s is not asked', async (_, settings) => {
    const registry = open({ 'schema.registry.url': secure.url, 'max.retries': '0', ...settings })
    await expect(registry.schemaById(1)).rejects.toMatchObject({ code: 'REGISTRY_UNREACHABLE' })
    expect(secure.heard).toHaveLength(0)
  })
})
