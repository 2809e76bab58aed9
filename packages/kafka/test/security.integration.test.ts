/** Every listener of a secured Apache Kafka 4.3.1, which this file starts itself where Java, Maven and openssl are found. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import { createRequire } from 'node:module'
import os from 'node:os'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { SCRAM_MECHANISMS, type ScramMechanism, saltedPassword, scramNonce } from '@sluice/kafka-protocol'
import { type SluiceError, describeError, systemClock } from '@sluice/sdk'
import {
  type CustomMechanism,
  type Kafka,
  type KafkaConfig,
  type Produced,
  type SaslConfig,
  connect,
} from '../src/index.ts'
import { Connection } from '../src/wire/connection.ts'
import { dialPlain } from '../src/wire/dial.ts'

const SCRIPT = path.join(import.meta.dirname, '../../../deploy/dev/secured-kafka.sh')
const SESSION_MS = 2000
const missing = ['java', 'mvn', 'openssl'].filter((tool) => spawnSync('which', [tool]).status !== 0)
if (missing.length > 0) console.warn(`Security is not tested against a broker: ${missing.join(', ')} not found`)
const onSecuredKafka = missing.length === 0 ? describe : describe.skip
jest.setTimeout(60_000)

/** The port of each listener, as the script has them. */
const port = 10_000 + (process.pid % 1500) * 5
const LISTENERS = { PLAINTEXT: port, SASL_PLAINTEXT: port + 2, SSL: port + 3, SASL_SSL: port + 4 }
let folder: string
let broker: ChildProcess
let opened: Kafka[] = []
const cert = (name: string): string => path.join(folder, 'certs', name)

beforeAll(async () => {
  if (missing.length > 0) return
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-secured-kafka-'))
  const settings = ['4.3.1', `connections.max.reauth.ms=${SESSION_MS}`]
  broker = spawn('bash', [SCRIPT, 'hold', folder, String(port), ...settings], { stdio: ['pipe', 'pipe', 'inherit'] })
  await new Promise((resolve, reject) => {
    broker.stdout!.once('data', resolve)
    broker.once('exit', () => reject(new Error('the secured Kafka did not start')))
  })
  for (const mechanism of Object.keys(SCRAM_MECHANISMS) as ScramMechanism[]) {
    for (const name of ['alice', 'a,l=ice']) await createScramUser(name, `${name}-secret`, mechanism)
  }
})
afterEach(async () => {
  for (const kafka of opened) await kafka.close()
  opened = []
})
afterAll(async () => {
  if (missing.length > 0) return
  const gone = new Promise((resolve) => broker.once('exit', resolve))
  broker.stdin!.end()
  await gone
  fs.rmSync(folder, { recursive: true, force: true })
})

async function createScramUser(name: string, password: string, mechanism: ScramMechanism): Promise<void> {
  const timeouts = { connectTimeoutMs: 5000, requestTimeoutMs: 5000 }
  const options = { clientId: 'test', ...timeouts, dial: dialPlain, clock: systemClock }
  const connection = await Connection.open('the broker', { host: '127.0.0.1', port: LISTENERS.PLAINTEXT }, options)
  const salt = Buffer.from(scramNonce())
  const salted = await saltedPassword(mechanism, password, salt, 8192)
  const upsertion = {
    name,
    mechanism: SCRAM_MECHANISMS[mechanism].type,
    iterations: 8192,
    salt,
    saltedPassword: salted,
  }
  const answer = await connection.send('AlterUserScramCredentials', 0, { deletions: [], upsertions: [upsertion] })
  expect(answer.results[0]).toMatchObject({ errorCode: 0 })
  connection.close()
}

async function open(listener: keyof typeof LISTENERS, config: Partial<KafkaConfig> = {}): Promise<Kafka> {
  const bootstrapServers = `127.0.0.1:${LISTENERS[listener]}`
  const ssl = listener.endsWith('SSL') ? { ssl: { ca: cert('ca.pem') } } : {}
  const kafka = await connect({ bootstrapServers, requestTimeoutMs: 10_000, ...ssl, ...config })
  opened.push(kafka)
  return kafka
}

let serial = 0
/** Produces and reads back: every connection that a client makes is of the same kind. */
async function roundTrip(kafka: Kafka): Promise<string[]> {
  const topic = `secured-${process.pid}-${serial++}`
  await kafka.admin.ensureTopics([{ topic, partitions: 1 }])
  const producer = kafka.producer()
  const value = Buffer.from('well kept')
  await producer.produce([{ topic, partition: 0, key: null, value, timestamp: null, headers: null }])
  await producer.close()
  const fetcher = kafka.fetcher()
  fetcher.assign([{ topic, partition: 0, offset: 0 }])
  const found: string[] = []
  for (let i = 0; i < 20 && found.length === 0; i++) {
    for (const { batches } of await fetcher.poll(500)) {
      for (const records of batches) found.push(Buffer.from(records.value(0)!).toString())
    }
  }
  await fetcher.close()
  return found
}

const refusal = (work: Promise<unknown>): Promise<SluiceError> =>
  work.then(
    () => Promise.reject(new Error('was not refused')),
    (error: SluiceError) => error,
  )

const base64 = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
/** What the broker's trial validator takes: not signed. */
const oauthBearerProvider = (): Promise<{ value: string; lifetimeMs: number }> => {
  const iat = Math.floor(Date.now() / 1000)
  const value = `${base64({ alg: 'none' })}.${base64({ sub: 'alice', iat, exp: iat + 3600 })}.`
  return Promise.resolve({ value, lifetimeMs: (iat + 3600) * 1000 })
}

const LOGINS: readonly SaslConfig[] = [
  { mechanism: 'PLAIN', username: 'alice', password: 'alice-secret' },
  { mechanism: 'SCRAM-SHA-256', username: 'alice', password: 'alice-secret' },
  { mechanism: 'SCRAM-SHA-512', username: 'alice', password: 'alice-secret' },
  { mechanism: 'OAUTHBEARER', oauthBearerProvider },
]

onSecuredKafka('records pass', () => {
  describe.each(['SASL_PLAINTEXT', 'SASL_SSL'] as const)('by %s', (listener) => {
    test.each(LOGINS)('and $mechanism', async (sasl) => {
      expect(await roundTrip(await open(listener, { sasl }))).toEqual(['well kept'])
    })
  })

  test('by SSL with a client certificate', async () => {
    const ssl = { ca: cert('ca.pem'), cert: cert('alice.pem'), key: cert('alice.key') }
    expect(await roundTrip(await open('SSL', { ssl }))).toEqual(['well kept'])
  })

  test('of a user whose name has a comma and an equals sign', async () => {
    const sasl: SaslConfig = { mechanism: 'SCRAM-SHA-256', username: 'a,l=ice', password: 'a,l=ice-secret' }
    expect(await roundTrip(await open('SASL_PLAINTEXT', { sasl }))).toEqual(['well kept'])
  })

  test.each(['plain', 'scram256', 'scram512', 'oauthBearer'])('with what kafkajs brings for %s', async (name) => {
    type Provider = (sasl: object) => CustomMechanism['authenticationProvider']
    const provider = createRequire(import.meta.url)(`kafkajs/src/broker/saslAuthenticator/${name}`) as Provider
    const authenticationProvider = provider({ username: 'alice', password: 'alice-secret', oauthBearerProvider })
    const mechanism = { plain: 'plain', scram256: 'scram-sha-256', scram512: 'scram-sha-512' }[name] ?? 'oauthbearer'
    const kafka = await open('SASL_PLAINTEXT', { sasl: { mechanism, authenticationProvider } })
    expect(await roundTrip(kafka)).toEqual(['well kept'])
  })
})

onSecuredKafka('a session that ends is renewed on the same connection', () => {
  test.each(LOGINS)('by $mechanism: no record is lost, none waits for a new connection', async (sasl) => {
    const kafka = await open('SASL_SSL', { sasl })
    const topic = `renewed-${process.pid}-${serial++}`
    await kafka.admin.ensureTopics([{ topic, partitions: 1 }])
    const producer = kafka.producer()
    const until = performance.now() + SESSION_MS * 2.5
    const record = { topic, partition: 0, key: null, value: Buffer.from('v'), timestamp: null, headers: null }
    // Several requests are always under way, so that renewals come in between.
    const pending: Promise<readonly Produced[]>[] = []
    for (let next = 0; performance.now() < until; next++) {
      while (pending.length < 4) {
        pending.push(producer.produce([record]))
        await new Promise(setImmediate)
      }
      expect((await pending.shift()!)[0]!.firstOffset).toBe(next)
    }
    await Promise.all(pending)
    const { values } = kafka.metrics().find(({ group }) => group === 'producer-metrics')!
    expect(values['successful-reauthentication-total']).toBeGreaterThanOrEqual(2)
    expect(values).toMatchObject({ 'connection-creation-total': 1, 'failed-reauthentication-total': 0 })
    await producer.close()
  })
})

onSecuredKafka('is refused at once, for good, and told why:', () => {
  test.each(LOGINS.slice(0, 3))('a wrong password by $mechanism', async (login) => {
    const sasl = { ...login, password: 'wrong-secret' } as SaslConfig
    const error = await refusal(open('SASL_PLAINTEXT', { sasl }))
    expect(error).toMatchObject({ code: 'KAFKA_AUTHENTICATION', retriable: false })
    expect(error.message).toContain(`refused the credentials given by ${login.mechanism}: Authentication failed`)
    expect(describeError(error)).not.toContain('wrong-secret')
  })

  test('a token that the broker cannot read', async () => {
    const provider = (): Promise<{ value: string }> => Promise.resolve({ value: 'not.a.token' })
    const sasl: SaslConfig = { mechanism: 'OAUTHBEARER', oauthBearerProvider: provider }
    const error = await refusal(open('SASL_SSL', { sasl }))
    expect(error).toMatchObject({ code: 'KAFKA_AUTHENTICATION', retriable: false })
    expect(describeError(error)).toContain('invalid_token')
  })

  test('whoever brings no client certificate to a listener that asks for one', async () => {
    const error = await refusal(open('SSL'))
    expect(error).toMatchObject({
      code: 'KAFKA_AUTHENTICATION',
      retriable: false,
      remedy: 'Give ssl.cert and ssl.key.',
    })
  })

  test('a client certificate of an authority that the broker does not know', async () => {
    const stranger = (name: string): string => path.join(import.meta.dirname, 'security/certs', name)
    const ssl = { ca: cert('ca.pem'), cert: stranger('alice.pem'), key: stranger('alice.key') }
    const error = await refusal(open('SSL', { ssl }))
    expect(error).toMatchObject({ code: 'KAFKA_AUTHENTICATION', retriable: false })
    expect(error.message).toContain('does not accept the certificate of this client')
  })

  test('a broker whose certificate nobody here trusts', async () => {
    const error = await refusal(open('SASL_SSL', { ssl: true, sasl: LOGINS[0]! }))
    expect(error).toMatchObject({ code: 'KAFKA_AUTHENTICATION', retriable: false })
  })

  test('plaintext to a TLS listener', async () => {
    const error = await refusal(open('SSL', { ssl: false }))
    expect(error).toMatchObject({ code: 'KAFKA_PROTOCOL', retriable: false })
    expect(describeError(error)).toContain('The peer answers in TLS')
  })

  test('SASL to a listener that does not want it', async () => {
    const error = await refusal(open('PLAINTEXT', { sasl: LOGINS[0]! }))
    expect(error).toMatchObject({ code: 'KAFKA_AUTHENTICATION', retriable: false })
    expect(error.message).toContain('does not want SASL on this listener')
  })

  test('a mechanism that the broker does not offer', async () => {
    const authenticationProvider = (): { authenticate(): Promise<void> } => ({ authenticate: () => Promise.resolve() })
    const error = await refusal(open('SASL_PLAINTEXT', { sasl: { mechanism: 'AWS', authenticationProvider } }))
    expect(error.message).toMatch(/AWS: it offers .*SCRAM-SHA-512/)
  })
})

onSecuredKafka('what may be a broker on its way up is tried for the time given, and then told:', () => {
  test('TLS to a listener without it', async () => {
    const error = await refusal(open('PLAINTEXT', { ssl: true, requestTimeoutMs: 1000 }))
    expect(error).toMatchObject({ code: 'KAFKA_UNREACHABLE', retriable: true })
    expect(describeError(error)).toContain('hung up on the greeting of TLS')
  })

  test('no SASL to a listener that wants it', async () => {
    const error = await refusal(open('SASL_PLAINTEXT', { requestTimeoutMs: 1000 }))
    expect(error).toMatchObject({ code: 'KAFKA_UNREACHABLE', retriable: true })
    expect(describeError(error)).toContain('Check that the security protocol fits this listener')
  })
})
