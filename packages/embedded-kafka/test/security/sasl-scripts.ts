import { type SecurityScribe, errorOf, plainToken } from './security-scribe.ts'

const METADATA = { topics: [], allowAutoTopicCreation: false }
const VERSIONS = { clientSoftwareName: 'raw', clientSoftwareVersion: '1' }

/** What happens to clients that log in, or do not. */
export const SASL_SCRIPTS: Readonly<Record<string, (scribe: SecurityScribe) => Promise<void>>> = {
  async 'nothing is served before a login but versions and the handshake'(scribe) {
    const asks = await scribe.stranger()
    await scribe.ask('Metadata', asks, 'Metadata', METADATA, () => 'answered')
    const authenticates = await scribe.stranger()
    const authBytes = plainToken('alice', 'alice-secret')
    await scribe.ask('SaslAuthenticate', authenticates, 'SaslAuthenticate', { authBytes }, ({ errorCode }) =>
      errorOf(errorCode),
    )
    const greets = await scribe.stranger()
    await scribe.ask('ApiVersions', greets, 'ApiVersions', VERSIONS, ({ errorCode }) => errorOf(errorCode), 4)
    await scribe.ask('Metadata', greets, 'Metadata', METADATA, () => 'answered')
  },

  async 'a login that is broken off ends the connection'(scribe) {
    const client = await scribe.stranger()
    await handshake(scribe, client, 'PLAIN')
    await scribe.ask('Metadata', client, 'Metadata', METADATA, () => 'answered')
  },

  async 'a mechanism that is not offered is refused with those that are'(scribe) {
    const client = await scribe.stranger()
    await scribe.ask('SaslHandshake', client, 'SaslHandshake', { mechanism: 'GSSAPI' }, ({ errorCode, mechanisms }) => {
      const known = mechanisms.filter((mechanism) => mechanism !== 'OAUTHBEARER')
      return `${errorOf(errorCode)} ${known.toSorted().join(' ')}`
    })
    await client.closed
    scribe.note('afterwards', 'closed')
  },

  async 'wrong passwords'(scribe) {
    const tokens = {
      wrong: plainToken('alice', 'wrong'),
      unknown: plainToken('nobody', 'alice-secret'),
      nameless: plainToken('', 'alice-secret'),
      empty: plainToken('alice', ''),
      'for another': plainToken('alice', 'alice-secret', 'bob'),
      'for herself': plainToken('alice', 'alice-secret', 'alice'),
      'no token': Buffer.from('alice'),
      'too many': Buffer.from('\0alice\0alice-secret\0more'),
    }
    for (const [what, authBytes] of Object.entries(tokens)) {
      const client = await scribe.stranger()
      await client.send('SaslHandshake', { mechanism: 'PLAIN' }, 1)
      await authenticate(scribe, client, what, authBytes)
      await scribe.ask('afterwards', client, 'Metadata', METADATA, () => 'served')
    }
  },

  async 'wrong words of SCRAM'(scribe) {
    const tokens = {
      unknown: 'n,,n=nobody,r=abcdefgh',
      garbage: 'what?',
      'for another': 'n,a=bob,n=nobody,r=abcdefgh',
      empty: '',
    }
    for (const [what, token] of Object.entries(tokens)) {
      const client = await scribe.stranger()
      await client.send('SaslHandshake', { mechanism: 'SCRAM-SHA-256' }, 1)
      await authenticate(scribe, client, what, Buffer.from(token))
      await client.closed
      scribe.note('afterwards', 'closed')
    }
  },

  async 'SASL after a login'(scribe) {
    const client = await scribe.alice()
    await authenticate(scribe, client, 'no handshake', plainToken('alice', 'alice-secret'))
    await scribe.ask('afterwards', client, 'Metadata', METADATA, () => 'served')
    await handshake(scribe, client, 'PLAIN')
    await authenticate(scribe, client, 'again', plainToken('alice', 'alice-secret'))
    await handshake(scribe, client, 'PLAIN')
    await scribe.ask('too early', client, 'Metadata', METADATA, () => 'served')
  },

  async 'a renewal keeps the mechanism'(scribe) {
    const client = await scribe.alice()
    await handshake(scribe, client, 'SCRAM-SHA-256')
    // Kafka hangs up without a word; the embedded broker says why first.
    await client.send('SaslAuthenticate', { authBytes: Buffer.from('n,,n=alice,r=abcdefgh') }).catch(() => {})
    await client.closed
    scribe.note('afterwards', 'closed')
  },

  async 'tokens without headers, after the first version of the handshake'(scribe) {
    const client = await scribe.stranger()
    await handshake(scribe, client, 'PLAIN', 0)
    const token = plainToken('alice', 'alice-secret')
    const answer = new Promise<Buffer>((resolve) => client.socket.once('data', resolve))
    const length = Buffer.alloc(4)
    length.writeInt32BE(token.length)
    client.write(Buffer.concat([length, token]))
    scribe.note('answer', (await answer).toString('hex'))
    await scribe.ask('afterwards', client, 'Metadata', METADATA, () => 'served')
  },
}

type Client = SecurityScribe['admin']

async function handshake(scribe: SecurityScribe, client: Client, mechanism: string, version = 1): Promise<void> {
  const tell = ({ errorCode, mechanisms }: { errorCode: number; mechanisms: readonly string[] }): string =>
    `${errorOf(errorCode)} ${mechanisms.length > 0 ? 'mechanisms' : 'none'}`
  await scribe.ask(`SaslHandshake ${mechanism}`, client, 'SaslHandshake', { mechanism }, tell, version)
}

async function authenticate(scribe: SecurityScribe, client: Client, what: string, authBytes: Buffer): Promise<void> {
  await scribe.ask(`SaslAuthenticate ${what}`, client, 'SaslAuthenticate', { authBytes }, (answer) => {
    const { errorCode, errorMessage, sessionLifetimeMs } = answer
    return `${errorOf(errorCode)} ${errorMessage} ${sessionLifetimeMs}`
  })
}
