import { expect, test } from '@jest/globals'
import { type Clock, describeError, silentLogger, systemClock } from '@sluice/sdk'
import { oauthBearer } from '../../src/security/oauthbearer.ts'
import type { OAuthToken } from '../../src/security/security-config.ts'

const BROKER = { host: 'broker', port: 9092 }

/** A mechanism on a clock that the test turns, and what it has sent. */
function trial(give: () => OAuthToken | Promise<OAuthToken>, answer: (text: string) => string = () => '') {
  const sent: string[] = []
  const time = { now: 1_000_000 }
  const clock: Clock = { ...systemClock, now: () => time.now }
  let asked = 0
  const oauthBearerProvider = async (): Promise<OAuthToken> => {
    asked++
    return give()
  }
  const mechanism = oauthBearer({ mechanism: 'OAUTHBEARER', oauthBearerProvider }, silentLogger, clock)
  const authenticate = (): Promise<void> =>
    mechanism.authenticate(BROKER, (bytes) => {
      sent.push(Buffer.from(bytes).toString())
      return Promise.resolve(Buffer.from(answer(sent.at(-1)!)))
    })
  return { authenticate, sent, time, asked: () => asked }
}

test('a token is sent as RFC 7628 says, with its extensions', async () => {
  const { authenticate, sent } = trial(() => ({
    value: 'abc.def',
    extensions: { logicalCluster: 'lkc-1', poolId: 'p' },
  }))
  await authenticate()
  expect(sent).toEqual(['n,,\x01auth=Bearer abc.def\x01logicalCluster=lkc-1\x01poolId=p\x01\x01'])
})

test('a token is used until four fifths of its life are over', async () => {
  let serial = 0
  const { authenticate, sent, time, asked } = trial(() => ({ value: `t${serial++}`, lifetimeMs: time.now + 1000 }))
  await authenticate()
  time.now += 799
  await authenticate()
  expect(asked()).toBe(1)
  time.now += 1
  await authenticate()
  expect(sent.map((text) => /t\d/.exec(text)![0])).toEqual(['t0', 't0', 't1'])
})

test('a token without an end is asked for each time', async () => {
  const { authenticate, asked } = trial(() => ({ value: 't' }))
  await authenticate()
  await authenticate()
  expect(asked()).toBe(2)
})

test('connections that need a token at the same time ask once', async () => {
  const { authenticate, asked, time } = trial(() => ({ value: 't', lifetimeMs: time.now + 1000 }))
  await Promise.all([authenticate(), authenticate(), authenticate()])
  expect(asked()).toBe(1)
})

test('while no new token can be had the former one is used, but not beyond its end', async () => {
  let isDown = false
  const { authenticate, sent, time } = trial(() => {
    if (isDown) throw new Error('the identity provider is down')
    return { value: 't', lifetimeMs: 1_001_000 }
  })
  await authenticate()
  isDown = true
  time.now += 900
  await authenticate()
  expect(sent).toHaveLength(2)
  time.now += 100
  const error = await authenticate().catch((cause: unknown) => cause)
  expect(error).toMatchObject({ code: 'KAFKA_AUTHENTICATION', retriable: true })
  expect(describeError(error)).toContain('the identity provider is down')
})

test('a refusal is read, acknowledged, and told; the token is not used again', async () => {
  const { authenticate, sent, asked, time } = trial(
    () => ({ value: 't', lifetimeMs: time.now + 1000 }),
    (text) => (text === '\x01' ? '' : '{"status":"invalid_token","scope":"kafka"}'),
  )
  const error = await authenticate().catch((cause: unknown) => cause)
  expect(error).toMatchObject({ code: 'KAFKA_AUTHENTICATION', retriable: false })
  expect(describeError(error)).toContain('"status":"invalid_token"')
  expect(sent[1]).toBe('\x01')
  await authenticate().catch(() => undefined)
  expect(asked()).toBe(2)
})

test.each([
  ['a token with a separator in it', { value: 'a\x01b' }],
  ['a token with a space in it', { value: 'Bearer abc' }],
  ['no token', {} as OAuthToken],
  ['an extension called auth', { value: 't', extensions: { auth: 'x' } }],
  ['an extension with a separator in it', { value: 't', extensions: { a: 'x\x01b=c' } }],
])('%s is not sent', async (_, token) => {
  const { authenticate, sent } = trial(() => token)
  expect(await authenticate().catch((cause: unknown) => cause)).toMatchObject({ code: 'KAFKA_AUTHENTICATION' })
  expect(sent).toEqual([])
})
