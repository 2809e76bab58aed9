import { createRequire } from 'node:module'
import { inspect } from 'node:util'
import { afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { type ScramCredential, saltedPassword, scramCredential } from '@sluice/kafka-protocol'
import { type SluiceError, describeError, silentLogger, systemClock } from '@sluice/sdk'
import { connect } from '../../src/cluster.ts'
import { resolveSecurity } from '../../src/security/security.ts'
import type { CustomMechanism, SaslConfig } from '../../src/security/security-config.ts'
import { Connection } from '../../src/wire/connection.ts'
import { SaslServer, type SaslServerOptions, plainServer, scramServer } from '../fake/sasl-server.ts'

const PASSWORD = 'open-sesame'
const MECHANISMS = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512', 'OAUTHBEARER', 'AWS']
const METADATA = { topics: [], allowAutoTopicCreation: false }

let server: SaslServer | undefined
let connection: Connection | undefined
afterEach(async () => {
  connection?.close()
  await server?.stop()
})

async function open(sasl: SaslConfig, options: SaslServerOptions, requestTimeoutMs = 30_000): Promise<Connection> {
  server = await SaslServer.listen({ mechanisms: MECHANISMS, ...options })
  const { dial, authenticator } = resolveSecurity({ sasl }, silentLogger)
  const timeouts = { connectTimeoutMs: requestTimeoutMs, requestTimeoutMs }
  const settings = { clientId: 'test', ...timeouts, dial, authenticator, clock: systemClock }
  connection = await Connection.open('broker 1', { host: '127.0.0.1', port: server.port }, settings)
  return connection
}

/** The refusal; and the secret is nowhere in it. */
async function refusal(work: Promise<unknown>): Promise<SluiceError> {
  const error = await work.then(
    () => Promise.reject(new Error('was not refused')),
    (cause: SluiceError) => cause,
  )
  expect(inspect(error, { depth: 20, showHidden: true })).not.toContain(PASSWORD)
  return error
}

const alice = (mechanism: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512'): SaslConfig =>
  ({ mechanism, username: 'alice', password: PASSWORD }) as SaslConfig

test('PLAIN: the right password opens the connection', async () => {
  const found = await open(alice('PLAIN'), { converse: plainServer('alice', PASSWORD) })
  expect((await found.send('Metadata', 12, METADATA)).clusterId).toBe('sasl')
  expect(server!.requests).toEqual(['ApiVersions:1', 'SaslHandshake:1', 'SaslAuthenticate:1', 'Metadata:1'])
})

test('a wrong password is an error for good that names broker, mechanism and remedy, and not the password', async () => {
  const error = await refusal(open(alice('PLAIN'), { converse: plainServer('alice', 'other') }))
  expect(error).toMatchObject({ code: 'KAFKA_AUTHENTICATION', retriable: false, place: { mechanism: 'PLAIN' } })
  expect(error.message).toMatch(
    /broker 1 at 127\.0\.0\.1:\d+ refused .* PLAIN: Authentication failed: Invalid username/,
  )
  expect(error.remedy).toMatch(/Check user name and password/)
})

test('a client shows its password to nobody who looks at it', async () => {
  server = await SaslServer.listen({ mechanisms: MECHANISMS, converse: plainServer('alice', PASSWORD) })
  const kafka = await connect({ bootstrapServers: `127.0.0.1:${server.port}`, sasl: alice('PLAIN') })
  const seen = [kafka, kafka.admin, kafka.metrics(), kafka.requestLog()].map((one) =>
    inspect(one, { depth: 20, showHidden: true, maxArrayLength: null }),
  )
  expect(seen.join()).not.toContain(PASSWORD)
  expect(seen.join()).toContain('SaslAuthenticate')
  await kafka.close()
})

test('a password may be asked for each time', async () => {
  const asked: string[] = []
  const password = (): Promise<string> => {
    asked.push('asked')
    return Promise.resolve(PASSWORD)
  }
  await open({ mechanism: 'PLAIN', username: 'alice', password }, { converse: plainServer('alice', PASSWORD) })
  expect(asked).toEqual(['asked'])
})

test('a mechanism that the broker lacks is an error that says which ones it offers', async () => {
  const error = await refusal(open(alice('SCRAM-SHA-512'), { mechanisms: ['PLAIN', 'GSSAPI'] }))
  expect(error).toMatchObject({ code: 'KAFKA_AUTHENTICATION', retriable: false })
  expect(error.message).toContain('does not accept the mechanism SCRAM-SHA-512: it offers PLAIN, GSSAPI')
})

describe.each(['SCRAM-SHA-256', 'SCRAM-SHA-512'] as const)('%s', (mechanism) => {
  let credential: ScramCredential
  beforeAll(async () => {
    const salt = Buffer.from('0123456789abcdef')
    credential = scramCredential(mechanism, await saltedPassword(mechanism, PASSWORD, salt, 4096), salt, 4096)
  })

  test('both sides prove that they know the password', async () => {
    const found = await open(alice(mechanism), { converse: scramServer(mechanism, credential) })
    expect((await found.send('Metadata', 12, METADATA)).clusterId).toBe('sasl')
  })

  test('a wrong password is refused by the broker', async () => {
    const sasl: SaslConfig = { mechanism, username: 'alice', password: `${PASSWORD}?` }
    const error = await refusal(open(sasl, { converse: scramServer(mechanism, credential) }))
    expect(error).toMatchObject({ code: 'KAFKA_AUTHENTICATION', retriable: false })
    expect(error.message).toContain('invalid credentials')
  })

  test.each([
    ['a signature that does not fit', { final: () => 'v=AAAA' }, /signature is wrong/],
    ['a signature of another length', { final: (truth: string) => truth.slice(0, -4) }, /signature|server-final/],
    ['an error instead of a signature', { final: () => 'e=other-error' }, /ended with the error other-error/],
    ['a nonce that is not ours', { nonce: () => 'stranger' }, /does not continue ours/],
    ['our nonce and nothing of its own', { nonce: (truth: string) => truth.slice(0, -6) }, /does not continue ours/],
    ['fewer iterations than Kafka allows', { iterations: 4095 }, /asks for 4095 iterations/],
    ['so many iterations that we would be busy for ever', { iterations: 2_000_000_000 }, /asks for 2000000000/],
    ['something that is not SCRAM', { first: () => 'hello' }, /not a server-first message/],
    ['nothing', { first: () => '' }, /not a server-first message/],
  ])('a server that answers %s is not talked to', async (_, lie, message) => {
    const error = await refusal(open(alice(mechanism), { converse: scramServer(mechanism, credential, lie) }))
    expect(error).toMatchObject({ code: 'KAFKA_AUTHENTICATION', retriable: false })
    expect(describeError(error)).toMatch(message)
    expect(server!.count('Metadata')).toBe(0)
  })
})

describe('whatever happens in the middle, nobody hangs', () => {
  test('a broker that falls silent', async () => {
    const error = await refusal(open(alice('PLAIN'), { converse: () => () => ({ do: 'hang' }) }, 100))
    expect(error).toMatchObject({ code: 'KAFKA_TIMEOUT', retriable: true })
  })

  test('a broker that hangs up', async () => {
    const error = await refusal(open(alice('PLAIN'), { converse: () => () => ({ do: 'drop' }) }))
    expect(error).toMatchObject({ code: 'KAFKA_UNREACHABLE', retriable: true })
  })

  test('a broker that sends garbage', async () => {
    const error = await refusal(open(alice('PLAIN'), { converse: () => () => ({ do: 'garbage' }) }))
    expect(error).toMatchObject({ code: 'KAFKA_PROTOCOL', retriable: false })
  })

  test('somebody who never gives the password', async () => {
    const password = (): Promise<string> => new Promise(() => undefined)
    const error = await refusal(open({ mechanism: 'PLAIN', username: 'alice', password }, {}, 100))
    expect(error).toMatchObject({ code: 'KAFKA_TIMEOUT', retriable: true })
    expect(error.message).toMatch(/Authentication to broker 1 at .* took more than 100 ms/)
  })
})

describe('mechanisms written for kafkajs', () => {
  const require = createRequire(import.meta.url)
  const theirs = (name: string, sasl: object): CustomMechanism['authenticationProvider'] => {
    const provider = require(`kafkajs/src/broker/saslAuthenticator/${name}`) as (
      sasl: object,
    ) => CustomMechanism['authenticationProvider']
    return provider(sasl)
  }
  const login = { username: 'alice', password: PASSWORD }

  test('its own PLAIN works here', async () => {
    const sasl: SaslConfig = { mechanism: 'plain', authenticationProvider: theirs('plain', login) }
    const found = await open(sasl, { converse: plainServer('alice', PASSWORD) })
    expect((await found.send('Metadata', 12, METADATA)).clusterId).toBe('sasl')
  })

  test('its own SCRAM works here: answers are decoded and parsed as it expects', async () => {
    const salt = Buffer.from('0123456789abcdef')
    const salted = await saltedPassword('SCRAM-SHA-256', PASSWORD, salt, 4096)
    const credential = scramCredential('SCRAM-SHA-256', salted, salt, 4096)
    const sasl: SaslConfig = { mechanism: 'scram-sha-256', authenticationProvider: theirs('scram256', login) }
    const found = await open(sasl, { converse: scramServer('SCRAM-SHA-256', credential) })
    expect(found.isOpen).toBe(true)
  })

  test('its own AWS login sends what it sends there', async () => {
    const keys = { authorizationIdentity: 'id', accessKeyId: 'key', secretAccessKey: PASSWORD, sessionToken: 'session' }
    const sasl: SaslConfig = { mechanism: 'AWS', authenticationProvider: theirs('awsIam', keys) }
    const sent: string[] = []
    await open(sasl, { converse: () => (bytes) => (sent.push(bytes.toString()), '') })
    expect(sent).toEqual([`id\0key\0${PASSWORD}\0session`])
  })

  test('when the broker refuses, its words come through', async () => {
    const sasl: SaslConfig = { mechanism: 'PLAIN', authenticationProvider: theirs('plain', login) }
    const error = await refusal(open(sasl, { converse: plainServer('alice', 'other') }))
    expect(error).toMatchObject({ code: 'KAFKA_AUTHENTICATION', retriable: false })
    expect(error.message).toContain('Invalid username or password')
  })

  test('what a provider throws is the cause', async () => {
    const authenticationProvider = (): { authenticate(): Promise<void> } => ({
      authenticate: () => Promise.reject(new Error('no metadata service here')),
    })
    const error = await refusal(open({ mechanism: 'AWS', authenticationProvider }, {}))
    expect(error.code).toBe('KAFKA_AUTHENTICATION')
    expect(describeError(error)).toContain('no metadata service here')
  })
})
