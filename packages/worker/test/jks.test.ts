import { describe, expect, test } from '@jest/globals'
import crypto from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import { DerError, jksCertificates, jksKey } from '@sluice/kafka/properties'

/** Made by keytool 17: an authority; and what it has signed, with a key whose password is `different`. */
const file = (name: string): Uint8Array => fs.readFileSync(path.join(import.meta.dirname, 'rest/certs', name))
const trust = file('trust.jks')
const worker = file('worker.jks')
const ca = fs.readFileSync(path.join(import.meta.dirname, '../../kafka/test/security/certs/ca.pem'), 'utf8')

describe('a store of Java’s own', () => {
  test('gives its authorities; without a password nobody looks whether it is as it was made, as in Java', () => {
    expect(jksCertificates(trust, 'changeit')).toBe(ca)
    expect(jksCertificates(trust, undefined)).toBe(ca)
    expect(() => jksCertificates(trust, '')).toThrow('the password does not fit')
  })

  test('gives its key, which fits its certificate', () => {
    const { key, cert } = jksKey(worker, 'changeit', 'different')
    const own = new crypto.X509Certificate(cert)
    expect(own.checkPrivateKey(crypto.createPrivateKey(key))).toBe(true)
    expect(() => jksKey(worker, 'changeit', undefined)).toThrow('the password does not open its key')
    expect(() => jksKey(trust, 'changeit', undefined)).toThrow('there is no key in it')
  })

  test('trusts also the certificate of its key, as Java does', () => {
    const { cert } = jksKey(worker, 'changeit', 'different')
    expect(cert.startsWith(jksCertificates(worker, 'changeit'))).toBe(true)
  })

  test('that was changed by somebody without the password is refused, wherever that was', () => {
    for (let at = 0; at < trust.length; at++) {
      const changed = Uint8Array.from(trust)
      changed[at]! ^= 0x01
      expect(() => jksCertificates(changed, 'changeit')).toThrow(DerError)
    }
  })

  test('that was cut off or changed anywhere is read or refused, and nothing else, also without a password', () => {
    for (let at = 0; at < worker.length; at++) {
      const changed = Uint8Array.from(worker)
      changed[at]! ^= 0xff
      for (const bytes of [changed, worker.subarray(0, at)]) {
        try {
          jksKey(bytes, undefined, 'different')
        } catch (error) {
          expect(error).toBeInstanceOf(DerError)
        }
      }
    }
  })
})
