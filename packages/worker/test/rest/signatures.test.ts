import { describe, expect, test } from '@jest/globals'
import { newSessionKey, signatureAlgorithms, signatureHeaders, verifySignature } from '../../src/rest/signatures.ts'

const key = Buffer.from('0123456789abcdef0123456789abcdef')
const body = Buffer.from('[{"a":"b"}]')
const keys = { sessionKey: key, algorithms: ['HmacSHA256'] }

function signed(
  text: Uint8Array = body,
  by: Uint8Array = key,
  algorithm = 'HmacSHA256',
): Parameters<typeof verifySignature>[0] {
  const headers = signatureHeaders(text, by, algorithm)
  return {
    body,
    signature: headers['X-Connect-Authorization'],
    algorithm: headers['X-Connect-Request-Signature-Algorithm'],
  }
}

describe('a signature', () => {
  test('is the HMAC of the raw body in base64: RFC 4231’s second case', () => {
    const { 'X-Connect-Authorization': signature } = signatureHeaders(
      Buffer.from('what do ya want for nothing?'),
      Buffer.from('Jefe'),
      'HmacSHA256',
    )
    expect(Buffer.from(signature, 'base64').toString('hex')).toBe(
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    )
  })

  test('is accepted for the same body, key and a permitted algorithm', () => {
    expect(() => verifySignature(signed(), keys)).not.toThrow()
    const empty = { ...signed(new Uint8Array(0)), body: new Uint8Array(0) }
    expect(() => verifySignature(empty, keys)).not.toThrow()
  })

  test.each([
    ['none', { body, signature: null, algorithm: null }, keys, 400, 'Internal request missing required signature'],
    ['no algorithm', { ...signed(), algorithm: null }, keys, 400, 'Internal request missing required signature'],
    [
      'of an algorithm that is not permitted',
      signed(body, key, 'HmacSHA512'),
      keys,
      400,
      "This worker does not support the 'HmacSHA512' key signing algorithm used by other workers. This worker is currently configured to use: [HmacSHA256]. Check that",
    ],
    ['before there is a key', signed(), { ...keys, sessionKey: null }, 503, 'This worker is still starting up'],
    ['by another key', signed(body, Buffer.from('other')), keys, 403, 'Internal request contained invalid signature.'],
    ['of another body', signed(Buffer.from('[]')), keys, 403, 'Internal request contained invalid signature.'],
    ['that is no base64', { ...signed(), signature: '!' }, keys, 403, 'Internal request contained invalid signature.'],
  ] as const)('%s is refused', (_, request, against, status, message) => {
    expect(() => verifySignature(request, against)).toThrow(
      expect.objectContaining({ status, message: expect.stringContaining(message) as unknown }),
    )
  })
})

test('keys have the length that is asked for, or that Java would choose, and are never the same', () => {
  expect(newSessionKey('HmacSHA256', null)).toHaveLength(32)
  expect(newSessionKey('HmacMD5', null)).toHaveLength(64)
  expect(newSessionKey('HmacSHA256', 128)).toHaveLength(16)
  expect(newSessionKey('HmacSHA256', null)).not.toEqual(newSessionKey('HmacSHA256', null))
  expect(() => newSessionKey('HmacNone', null)).toThrow('HmacNone Mac not available')
})

test('every algorithm that is offered signs', () => {
  for (const algorithm of signatureAlgorithms)
    expect(() =>
      verifySignature(signed(body, key, algorithm), { sessionKey: key, algorithms: [algorithm] }),
    ).not.toThrow()
})
