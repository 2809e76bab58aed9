/** What only a client of bad manners, or a clock in the hand, brings about. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { type EmbeddedKafka, fault } from '@sluice/embedded-kafka'
import {
  authMessage,
  clientFinal,
  clientFinalWithoutProof,
  clientFirst,
  clientProof,
  parseServerFirst,
  saltedPassword,
} from '@sluice/kafka-protocol'
import { RawClient } from '../support/raw-client.ts'
import { errorOf, logIn, plainToken } from './security-scribe.ts'
import { startSecured } from './secured.ts'

const METADATA = { topics: [], allowAutoTopicCreation: false }
const SCRAM = 'SCRAM-SHA-256'

let broker: EmbeddedKafka
let client: RawClient
beforeEach(async () => {
  const configs = { 'connections.max.reauth.ms': '60000', 'connection.failed.authentication.delay.ms': '0' }
  broker = await startSecured('SASL_PLAINTEXT', { configs })
  client = await RawClient.open(broker.addresses[0]!.port)
})
afterEach(async () => {
  client.close()
  await broker.close()
})

describe('a session', () => {
  test('that has ended ends the connection at the next request', async () => {
    broker.freezeClock()
    await logIn(client, 'alice', 'alice-secret')
    broker.advanceClock(59_999)
    await client.send('Metadata', METADATA)
    broker.advanceClock(1)
    await expect(client.send('Metadata', METADATA)).rejects.toThrow('closed')
  })

  test('that has ended can still be renewed, as often as one likes but not twice in a second', async () => {
    broker.freezeClock()
    await logIn(client, 'alice', 'alice-secret')
    for (let i = 0; i < 3; i++) {
      broker.advanceClock(70_000)
      await logIn(client, 'alice', 'alice-secret')
      await client.send('Metadata', METADATA)
    }
    broker.advanceClock(999)
    expect(errorOf((await client.send('SaslHandshake', { mechanism: 'PLAIN' })).errorCode)).toBe('ILLEGAL_SASL_STATE')
    await client.send('Metadata', METADATA)
  })

  test('cannot be renewed by somebody else', async () => {
    await logIn(client, 'alice', 'alice-secret')
    await client.send('SaslHandshake', { mechanism: 'PLAIN' }, 1)
    const answer = await client.send('SaslAuthenticate', { authBytes: plainToken('bob', 'bob-secret') })
    expect(errorOf(answer.errorCode)).toBe('SASL_AUTHENTICATION_FAILED')
    await client.closed
  })
})

describe('SCRAM', () => {
  /** Logs in up to the last message, which is `alter`ed. */
  async function authenticate(alter: (nonce: string) => string): Promise<string> {
    await client.send('SaslHandshake', { mechanism: SCRAM }, 1)
    const begin = clientFirst('alice', 'client-nonce')
    const answer = await client.send('SaslAuthenticate', { authBytes: Buffer.from(begin.message) })
    const first = Buffer.from(answer.authBytes).toString()
    const { nonce, salt, iterations } = parseServerFirst(first)
    const salted = await saltedPassword(SCRAM, 'alice-secret', salt, iterations)
    const withoutProof = clientFinalWithoutProof(alter(nonce))
    const proof = clientProof(SCRAM, salted, authMessage(begin.bare, first, withoutProof))
    const final = Buffer.from(clientFinal(withoutProof, proof))
    return errorOf((await client.send('SaslAuthenticate', { authBytes: final })).errorCode)
  }

  test('takes a proof for the nonce of this conversation', async () => {
    expect(await authenticate((nonce) => nonce)).toBe('NONE')
  })

  test.each([
    ['another', () => 'another-nonce'],
    ['only the client’s', () => 'client-nonce'],
    ['a longer', (nonce: string) => `${nonce}x`],
  ])('takes no proof for %s nonce, however good it is', async (_, alter) => {
    expect(await authenticate(alter)).toBe('SASL_AUTHENTICATION_FAILED')
    await client.closed
  })
})

describe('a stranger', () => {
  test('cannot make the broker hold a large request', async () => {
    const length = Buffer.alloc(4)
    length.writeInt32BE((512 << 10) + 1)
    client.write(length)
    await client.closed
    expect(broker.heldBytes).toBe(0)
  })

  test('can send as much as anybody once it has logged in', async () => {
    await logIn(client, 'alice', 'alice-secret')
    const topics = Array.from({ length: 20_000 }, (_, i) => ({ name: `${'topic'.repeat(10)}-${i}` }))
    expect((await client.send('Metadata', { ...METADATA, topics })).topics).toHaveLength(20_000)
  })

  test('loses its login to a fault like any other request', async () => {
    broker.intercept('SaslAuthenticate', () => fault.drop)
    await client.send('SaslHandshake', { mechanism: 'PLAIN' }, 1)
    const answer = client.send('SaslAuthenticate', { authBytes: plainToken('alice', 'alice-secret') })
    await expect(answer).rejects.toThrow('closed')
  })
})
