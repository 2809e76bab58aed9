import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import {
  authMessage,
  clientFinal,
  clientFinalWithoutProof,
  clientFirst,
  clientProof,
  isClientProof,
  isServerSignature,
  parseClientFinal,
  parseClientFirst,
  parseServerFinal,
  parseServerFirst,
  saltedPassword,
  scramCredential,
  scramNonce,
  serverFinal,
  serverFirst,
  serverKeyOf,
  serverSignature,
} from '../../src/index.ts'

describe('the conversation that RFC 7677 prints', () => {
  const first = 'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096'
  const { bare, message } = clientFirst('user', 'rOprNGfwEbeRWgbNEkqO')
  const { nonce, salt, iterations } = parseServerFirst(first)
  const withoutProof = clientFinalWithoutProof(nonce)
  const signed = authMessage(bare, first, withoutProof)

  test('begins as printed', () => {
    expect(message).toBe('n,,n=user,r=rOprNGfwEbeRWgbNEkqO')
    expect(serverFirst({ nonce, salt, iterations })).toBe(first)
  })

  test('has the printed proof and the printed signature', async () => {
    const salted = await saltedPassword('SCRAM-SHA-256', 'pencil', salt, iterations)
    expect(clientFinal(withoutProof, clientProof('SCRAM-SHA-256', salted, signed))).toBe(
      'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
    )
    const signature = serverSignature('SCRAM-SHA-256', serverKeyOf('SCRAM-SHA-256', salted), signed)
    expect(serverFinal({ signature })).toBe('v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=')
  })
})

describe.each(['SCRAM-SHA-256', 'SCRAM-SHA-512'] as const)('%s', (mechanism) => {
  test('a server takes the proof of the right password, and of no other', async () => {
    const salt = Buffer.from('0123456789abcdef')
    const [right, wrong] = await Promise.all([
      saltedPassword(mechanism, 'sesame', salt, 4096),
      saltedPassword(mechanism, 'Sesame', salt, 4096),
    ])
    const credential = scramCredential(mechanism, right, salt, 4096)
    expect(isClientProof(mechanism, credential, 'm', clientProof(mechanism, right, 'm'))).toBe(true)
    expect(isClientProof(mechanism, credential, 'm', clientProof(mechanism, wrong, 'm'))).toBe(false)
    expect(isClientProof(mechanism, credential, 'n', clientProof(mechanism, right, 'm'))).toBe(false)
    expect(isClientProof(mechanism, credential, 'm', Buffer.alloc(3))).toBe(false)
    const signature = serverSignature(mechanism, credential.serverKey, 'm')
    expect(isServerSignature(signature, serverSignature(mechanism, serverKeyOf(mechanism, right), 'm'))).toBe(true)
    expect(isServerSignature(signature, serverSignature(mechanism, serverKeyOf(mechanism, wrong), 'm'))).toBe(false)
  })
})

test('every user name comes back as it was, commas and equals signs too', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1, unit: 'grapheme' }), (user) => {
      const { message, bare } = clientFirst(user, 'nonce')
      expect(parseClientFirst(message)).toMatchObject({
        user,
        nonce: 'nonce',
        bare,
        authorizationId: '',
        extensions: {},
      })
    }),
  )
})

test('extensions come back', () => {
  const { message } = clientFirst('id', 'nonce', { tokenauth: 'true' })
  expect(message).toBe('n,,n=id,r=nonce,tokenauth=true')
  expect(parseClientFirst(message).extensions).toEqual({ tokenauth: 'true' })
})

test('nonces do not repeat and need no escape', () => {
  const nonces = Array.from({ length: 100 }, scramNonce)
  expect(new Set(nonces).size).toBe(100)
  for (const nonce of nonces) expect(nonce).toMatch(/^[\w-]{32}$/)
})

test('a refusal is an answer', () => {
  expect(parseServerFinal('e=invalid-proof')).toEqual({ error: 'invalid-proof' })
  expect(serverFinal({ error: 'invalid-proof' })).toBe('e=invalid-proof')
})

test.each([
  ['parseClientFirst', 'y,,n=user,r=nonce', parseClientFirst],
  ['parseClientFirst', 'n,,r=nonce,n=user', parseClientFirst],
  ['parseClientFirst', 'n,,n=us=er,r=nonce', parseClientFirst],
  ['parseClientFirst', 'n,,n=user,r=', parseClientFirst],
  ['parseServerFirst', 'r=nonce,s=!!!,i=4096', parseServerFirst],
  ['parseServerFirst', 'r=nonce,s=QUJD,i=-1', parseServerFirst],
  ['parseServerFirst', 'r=nonce,s=QUJD,i=99999999999', parseServerFirst],
  ['parseServerFirst', 'HTTP/1.1 400 Bad Request', parseServerFirst],
  ['parseClientFinal', 'c=biws,r=nonce', parseClientFinal],
  ['parseClientFinal', `c=${Buffer.from('p=tls-unique,,').toString('base64')},r=nonce,p=QUJD`, parseClientFinal],
  ['parseServerFinal', 'v=***', parseServerFinal],
  ['parseServerFinal', '', parseServerFinal],
])('%s does not take %j', (_, message, parse: (message: string) => unknown) => {
  expect(() => parse(message)).toThrow(expect.objectContaining({ code: 'MALFORMED' }))
})
