/** Kafka's key and trust stores: PEM as text or as a file, and PKCS #12; Java's own format is told how to be converted. */
import fs from 'node:fs'
import type { SslConfig } from '@sluice/kafka'
import type { SluiceError } from '@sluice/sdk'
import { DerError } from './der.ts'
import { trustedCertificates } from './pkcs12.ts'
import { wrong, type Reading } from './setting-reading.ts'

type Format = 'PEM' | 'PKCS12' | 'JKS'

/** What a file of Java's own format begins with. */
const JKS_MAGIC = Buffer.from([0xfe, 0xed, 0xfe, 0xed])
const DER_SEQUENCE = 0x30
const JKS_IS_JAVAS = "it is in Java's own JKS format"

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
  const why = format === 'JKS' ? JKS_IS_JAVAS : readPkcs12(location, password)
  if (typeof why !== 'string') return why
  const command = `keytool -exportcert -rfc -alias ALIAS -keystore ${location} >> truststore.pem`
  throw notReadable('ssl.truststore.location', location, why, command, 'with ssl.truststore.type=PEM')
}

/** Its certificates, or what is wrong with it. Read once: a store that changes is seen by the next start. */
function readPkcs12(location: string, password: string | undefined): Pick<SslConfig, 'ca'> | string {
  try {
    return { ca: trustedCertificates(fs.readFileSync(location), password ?? '') }
  } catch (error) {
    if (error instanceof DerError) return error.message
    throw error
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
  throw notReadable('ssl.keystore.location', location, JKS_IS_JAVAS, command, 'with ssl.keystore.type=PKCS12')
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
  if (head.subarray(0, 4).equals(JKS_MAGIC)) return 'JKS'
  if (head[0] === DER_SEQUENCE) return 'PKCS12'
  if (head.includes('-----BEGIN ')) return 'PEM'
  throw wrong(setting, `is ${location}, which is neither PEM nor PKCS #12`)
}

function notReadable(setting: string, location: string, why: string, command: string, how: string): SluiceError {
  return wrong(
    setting,
    `is ${location}, which cannot be read: ${why}`,
    `Convert it with: ${command} ; then name the new file ${how}.`,
  )
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
