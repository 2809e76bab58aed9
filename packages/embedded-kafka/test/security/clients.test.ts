/** Our own client on every kind of listener: the list that it passes on a secured Apache Kafka. */
import { once } from 'node:events'
import net from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { type EmbeddedKafka, startEmbeddedKafka } from '@sluice/embedded-kafka'
import type { Kafka, KafkaConfig, Produced, SaslConfig } from '@sluice/kafka'
import { type SluiceError, describeError } from '@sluice/sdk'
import { ALICE, LISTENERS, type ListenerName, TRUST, connectTo, pem, roundTrip, startSecured } from './secured.ts'

jest.setTimeout(60_000)

const SESSION_MS = 2000
const LOGINS: readonly SaslConfig[] = [
  { mechanism: 'PLAIN', username: 'alice', password: 'alice-secret' },
  { mechanism: 'SCRAM-SHA-256', username: 'alice', password: 'alice-secret' },
  { mechanism: 'SCRAM-SHA-512', username: 'alice', password: 'alice-secret' },
]

const brokers = new Map<ListenerName, EmbeddedKafka>()
const opened: Kafka[] = []
beforeAll(async () => {
  const configs = { 'connections.max.reauth.ms': String(SESSION_MS) }
  for (const listener of LISTENERS) brokers.set(listener, await startSecured(listener, { configs }))
})
afterEach(async () => {
  for (const kafka of opened.splice(0)) await kafka.close()
})
afterAll(async () => {
  for (const broker of brokers.values()) await broker.close()
})

async function open(listener: ListenerName, config: Partial<KafkaConfig> = {}): Promise<Kafka> {
  const kafka = await connectTo(brokers.get(listener)!, listener, config)
  opened.push(kafka)
  return kafka
}

const refusal = (work: Promise<unknown>): Promise<SluiceError> =>
  work.then(
    () => Promise.reject(new Error('was not refused')),
    (error: SluiceError) => error,
  )

let serial = 0
const freshTopic = (): string => `secured-${serial++}`

describe('records pass', () => {
  describe.each(['SASL_PLAINTEXT', 'SASL_SSL'] as const)('by %s', (listener) => {
    test.each(LOGINS)('and $mechanism', async (sasl) => {
      expect(await roundTrip(await open(listener, { sasl }), freshTopic())).toEqual(['well kept'])
    })
  })

  test('by SSL with a client certificate', async () => {
    expect(await roundTrip(await open('SSL', { ssl: ALICE }), freshTopic())).toEqual(['well kept'])
  })

  test('of a user whose name has a comma and an equals sign', async () => {
    const sasl: SaslConfig = { mechanism: 'SCRAM-SHA-256', username: 'a,l=ice', password: 'a,l=ice-secret' }
    expect(await roundTrip(await open('SASL_PLAINTEXT', { sasl }), freshTopic())).toEqual(['well kept'])
  })

  test('of a user who was made while the broker ran, until the user is deleted', async () => {
    const kafka = await open('SASL_PLAINTEXT', { sasl: LOGINS[0]! })
    const [user, mechanism, password] = ['carol', 'SCRAM-SHA-512', 'carol-secret'] as const
    await kafka.admin.quotas.alterScramUsers([{ user, mechanism, password }])
    const carol = { sasl: { mechanism, username: user, password } }
    expect(await roundTrip(await open('SASL_PLAINTEXT', carol), freshTopic())).toEqual(['well kept'])
    const other = refusal(open('SASL_PLAINTEXT', { sasl: { ...carol.sasl, mechanism: 'SCRAM-SHA-256' } }))
    expect(await other).toMatchObject({ code: 'KAFKA_AUTHENTICATION' })
    await kafka.admin.quotas.alterScramUsers([{ user, mechanism, isDeleted: true }])
    expect(await refusal(open('SASL_PLAINTEXT', carol))).toMatchObject({ code: 'KAFKA_AUTHENTICATION' })
  })

  test('of a user given at the start by the password that was set since', async () => {
    const kafka = await open('SASL_PLAINTEXT', { sasl: LOGINS[0]! })
    const [user, mechanism, password] = ['bob', 'SCRAM-SHA-256', 'new-secret'] as const
    await kafka.admin.quotas.alterScramUsers([{ user, mechanism, password }])
    const bob = { mechanism, username: user, password }
    expect(await roundTrip(await open('SASL_PLAINTEXT', { sasl: bob }), freshTopic())).toEqual(['well kept'])
    const old = refusal(open('SASL_PLAINTEXT', { sasl: { ...bob, password: 'bob-secret' } }))
    expect(await old).toMatchObject({ code: 'KAFKA_AUTHENTICATION' })
  })
})

test('a session that ends is renewed on the same connection, by every mechanism: no record is lost, none waits for a new connection', async () => {
  await Promise.all(LOGINS.map(renewed))
})

async function renewed(sasl: SaslConfig): Promise<void> {
  const kafka = await open('SASL_SSL', { sasl })
  const topic = freshTopic()
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
}

describe('is refused at once, for good, and told why:', () => {
  test.each(LOGINS)('a wrong password by $mechanism', async (login) => {
    for (const listener of ['SASL_PLAINTEXT', 'SASL_SSL'] as const) {
      const error = await refusal(open(listener, { sasl: { ...login, password: 'wrong-secret' } as SaslConfig }))
      expect(error).toMatchObject({ code: 'KAFKA_AUTHENTICATION', retriable: false })
      expect(error.message).toContain(`refused the credentials given by ${login.mechanism}: Authentication failed`)
      expect(describeError(error)).not.toContain('wrong-secret')
    }
  })

  test('whoever brings no client certificate to a listener that asks for one', async () => {
    const error = await refusal(open('SSL'))
    expect(error).toMatchObject({ code: 'KAFKA_AUTHENTICATION', remedy: 'Give ssl.cert and ssl.key.' })
  })

  test('a broker whose certificate nobody here trusts', async () => {
    const error = await refusal(open('SASL_SSL', { ssl: true, sasl: LOGINS[0]! }))
    expect(error).toMatchObject({ code: 'KAFKA_AUTHENTICATION', retriable: false })
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

describe('what may be a broker on its way up is tried for the time given, and then told:', () => {
  const briefly = { requestTimeoutMs: 1000 }

  test('TLS to a listener without it', async () => {
    const error = await refusal(open('PLAINTEXT', { ssl: TRUST, ...briefly }))
    expect(error).toMatchObject({ code: 'KAFKA_UNREACHABLE', retriable: true })
  })

  // OpenSSL hangs up where Java sends an alert.
  test('plaintext to a TLS listener', async () => {
    const error = await refusal(open('SASL_SSL', { ssl: false, sasl: LOGINS[0]!, ...briefly }))
    expect(error).toMatchObject({ code: 'KAFKA_UNREACHABLE', retriable: true })
  })

  test('no SASL to a listener that wants it', async () => {
    const error = await refusal(open('SASL_PLAINTEXT', briefly))
    expect(error).toMatchObject({ code: 'KAFKA_UNREACHABLE', retriable: true })
    expect(describeError(error)).toContain('Check that the security protocol fits this listener')
  })

  test('a client certificate of an authority that the broker does not know', async () => {
    const tls = { cert: pem('broker.pem'), key: pem('broker.key'), ca: pem('stranger.pem') }
    for (const clientAuth of ['requested', 'required'] as const) {
      await using broker = await startEmbeddedKafka({ listener: { tls: { ...tls, clientAuth } } })
      const error = await refusal(connectTo(broker, 'SSL', { ssl: ALICE, ...briefly }))
      expect(error).toMatchObject({ code: 'KAFKA_UNREACHABLE', retriable: true })
    }
  })
})

test('who is only asked for a certificate may come without one', async () => {
  const tls = { cert: pem('broker.pem'), key: pem('broker.key'), ca: pem('ca.pem'), clientAuth: 'requested' } as const
  await using broker = await startEmbeddedKafka({ listener: { tls } })
  for (const ssl of [TRUST, ALICE]) {
    const kafka = await connectTo(broker, 'SSL', { ssl })
    opened.push(kafka)
    expect(await roundTrip(kafka, freshTopic())).toEqual(['well kept'])
  }
})

test('key and certificate that do not belong together stop the start, with a remedy', async () => {
  const tls = { cert: pem('broker.pem'), key: pem('alice.key') }
  await expect(startEmbeddedKafka({ listener: { tls } })).rejects.toMatchObject({
    name: 'BrokerStartError',
    remedy: expect.stringContaining('belongs together'),
  })
})

test('a client that never finishes its greeting holds up no end of the broker', async () => {
  const broker = await startSecured('SASL_SSL')
  const socket = net.connect(broker.addresses[0]!.port, '127.0.0.1')
  await once(socket, 'connect')
  const gone = once(socket, 'close')
  socket.on('error', () => {})
  await broker.close()
  await gone
})
