/** Kafka's key and trust stores: PEM as text or as a file, PKCS #12, and Java's own format. */
import fs from 'node:fs'
import type { SslConfig } from '../security/security-config.ts'
import { DerError } from './der.ts'
import { isJks, jksCertificates, jksKey } from './jks.ts'
import { trustedCertificates } from './pkcs12.ts'
import { wrong, type Reading } from './setting-reading.ts'

type Format = 'PEM' | 'PKCS12' | 'JKS'

const DER_SEQUENCE = 0x30

/** Authorities that may sign a broker's certificate. */
export function trustStoreOf(read: Reading): Pick<SslConfig, 'ca'> {
  const text = read.take('ssl.truststore.certificates')
  const location = read.take('ssl.truststore.location')
  const password = read.take('ssl.truststore.password')
  read.take('ssl.truststore.type')
  if (text !== undefined) return { ca: wrapped(text) }
  if (location === undefined) return {}
  const format = formatOf('ssl.truststore.location', location)
  if (format === 'PEM') return { ca: location }
  const command = `keytool -exportcert -rfc -alias ALIAS -keystore ${location} >> truststore.pem`
  return readStore('ssl.truststore.location', location, command, (bytes) => ({
    ca: format === 'JKS' ? jksCertificates(bytes, password) : trustedCertificates(bytes, password ?? ''),
  }))
}

/** Read once: a store that changes is seen by the next start. `command` makes PEM of what cannot be read. */
function readStore<T>(setting: string, location: string, command: string, read: (bytes: Uint8Array) => T): T {
  try {
    return read(fs.readFileSync(location))
  } catch (error) {
    if (!(error instanceof DerError)) throw error
    throw wrong(
      setting,
      `is ${location}, which cannot be read: ${error.message}`,
      `Give the right password; or convert it with: ${command} ; then name the new file.`,
    )
  }
}

/** This client's key, with the chain of certificates from its own to the authority's. */
export function keyStoreOf(read: Reading): Pick<SslConfig, 'cert' | 'key' | 'pfx' | 'passphrase'> {
  const [key, chain] = [read.take('ssl.keystore.key'), read.take('ssl.keystore.certificate.chain')]
  const location = read.take('ssl.keystore.location')
  const [storePassword, keyPassword] = [read.take('ssl.keystore.password'), read.take('ssl.key.password')]
  read.take('ssl.keystore.type')
  if (key !== undefined || chain !== undefined) {
    if (key === undefined) throw wrong('ssl.keystore.key', 'is missing beside ssl.keystore.certificate.chain')
    if (chain === undefined) throw wrong('ssl.keystore.certificate.chain', 'is missing beside ssl.keystore.key')
    return { cert: wrapped(chain), key: wrapped(key), ...passphraseOf(keyPassword) }
  }
  if (location === undefined) return {}
  const format = formatOf('ssl.keystore.location', location)
  // One file holds both.
  if (format === 'PEM') return { cert: location, key: location, ...passphraseOf(keyPassword) }
  if (format === 'PKCS12') return { pfx: location, ...passphraseOf(storePassword ?? keyPassword) }
  const command = `keytool -importkeystore -srckeystore ${location} -destkeystore keystore.p12 -deststoretype PKCS12`
  return readStore('ssl.keystore.location', location, command, (bytes) => jksKey(bytes, storePassword, keyPassword))
}

function passphraseOf(passphrase: string | undefined): Pick<SslConfig, 'passphrase'> {
  return passphrase === undefined ? {} : { passphrase }
}

/** By its content: Java takes a PKCS #12 file for JKS, too, which is what `ssl.*.type` says when nobody says anything. */
function formatOf(setting: string, location: string): Format {
  let head: Buffer
  try {
    const file = fs.openSync(location, 'r')
    try {
      head = Buffer.alloc(4096)
      head = head.subarray(0, fs.readSync(file, head, 0, head.length, 0))
    } finally {
      fs.closeSync(file)
    }
  } catch (cause) {
    throw wrong(setting, `is ${location}, which cannot be read: ${(cause as Error).message}`)
  }
  if (isJks(head)) return 'JKS'
  if (head[0] === DER_SEQUENCE) return 'PKCS12'
  if (head.includes('-----BEGIN ')) return 'PEM'
  throw wrong(setting, `is ${location}, which is neither PEM nor PKCS #12 nor JKS`)
}

/** PEM in a properties file is often one long line; everybody but Java wants lines of 64 characters. */
function wrapped(pem: string): string {
  return pem.replaceAll(/-----BEGIN ([A-Z0-9 ]+)-----([^-]*)-----END \1-----/g, (whole, what: string, body: string) => {
    // Keys encrypted the old way have lines of text before their content.
    if (body.includes(':')) return whole
    const lines = body.replaceAll(/\s/g, '').match(/.{1,64}/g) ?? []
    return `-----BEGIN ${what}-----\n${lines.join('\n')}\n-----END ${what}-----\n`
  })
}
