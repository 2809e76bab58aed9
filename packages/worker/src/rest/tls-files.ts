/** Keys and certificates of REST, from Kafka's `ssl.*` settings: for the server, and for requests to other workers. */
import fs from 'node:fs'
import type tls from 'node:tls'
import { DerError, isJks, jksCertificates, jksKey, trustedCertificates } from '@sluice/kafka/properties'
import { SluiceError, type RawSettings } from '@sluice/sdk'
import { sslSettings, type SslSettings } from './rest-settings.ts'

/** Settings under the prefix, if any is there: then those alone; else the ones without it. As in Kafka Connect. */
export function sslSettingsOf(raw: RawSettings, prefix: 'listeners.https.' | 'admin.listeners.https.'): SslSettings {
  const under = Object.entries(raw).flatMap(([name, value]) =>
    name.startsWith(prefix) ? [[name.slice(prefix.length), value] as const] : [],
  )
  return sslSettings.parse(under.length === 0 ? raw : Object.fromEntries(under))
}

export class TlsFiles {
  readonly #settings: SslSettings
  /** As of the files' last stamp: a password costs thousands of turns, and each request to another worker asks. */
  #last: { readonly stamp: string; readonly options: tls.SecureContextOptions } | null = null

  constructor(settings: SslSettings) {
    this.#settings = settings
  }

  /** Changes when a file does. */
  stamp(): string {
    const { 'ssl.keystore.location': keys, 'ssl.truststore.location': trust } = this.#settings
    return [keys, trust]
      .filter((file) => file !== null)
      .map((file) => {
        const { mtimeMs, size, ino } = fs.statSync(file)
        return `${file} ${mtimeMs} ${size} ${ino}`
      })
      .join()
  }

  /** @throws SluiceError SETTINGS_INVALID that names what cannot be used */
  serverOptions(): tls.TlsOptions {
    const options = this.#checked(true)
    const clientAuth = this.#settings['ssl.client.auth']
    return { ...options, requestCert: clientAuth !== 'none', rejectUnauthorized: clientAuth === 'required' }
  }

  /** @throws SluiceError SETTINGS_INVALID that names what cannot be used */
  clientOptions(): tls.ConnectionOptions {
    const isNameChecked = this.#settings['ssl.endpoint.identification.algorithm'] !== ''
    return { ...this.#checked(false), ...(!isNameChecked && { checkServerIdentity: () => undefined }) }
  }

  #checked(isKeyNeeded: boolean): tls.SecureContextOptions {
    try {
      const stamp = this.stamp()
      if (this.#last?.stamp !== stamp) this.#last = { stamp, options: usable(this.#contextOptions()) }
      const { options } = this.#last
      if (isKeyNeeded && options.pfx === undefined && options.key === undefined)
        throw new Error('an https listener needs ssl.keystore.location, or ssl.keystore.key and its certificate chain')
      return options
    } catch (cause) {
      throw new SluiceError('SETTINGS_INVALID', 'The keys and certificates of REST cannot be used', {
        cause,
        remedy:
          'Give PEM, PKCS12 or JKS files that are readable, whose key and certificate belong together, and the passwords that open them.',
      })
    }
  }

  #contextOptions(): tls.SecureContextOptions {
    const settings = this.#settings
    const suites = settings['ssl.cipher.suites']
    const versions = settings['ssl.enabled.protocols'].filter(isTlsVersion).toSorted()
    return {
      minVersion: versions[0] ?? 'TLSv1.2',
      maxVersion: versions.at(-1) ?? 'TLSv1.3',
      ...(suites.length > 0 && { ciphers: suites.join(':') }),
      ...this.#identity(),
      ...this.#authorities(),
    }
  }

  #identity(): tls.SecureContextOptions {
    const settings = this.#settings
    const location = settings['ssl.keystore.location']
    const keyPassword = settings['ssl.key.password']?.value()
    const storePassword = settings['ssl.keystore.password']?.value()
    if (location !== null) {
      const bytes = fs.readFileSync(location)
      if (isJks(bytes)) return read(location, () => jksKey(bytes, storePassword, keyPassword))
      if (!isPem(bytes)) return { pfx: bytes, ...(storePassword !== undefined && { passphrase: storePassword }) }
      return { key: bytes, cert: bytes, ...(keyPassword !== undefined && { passphrase: keyPassword }) }
    }
    const key = settings['ssl.keystore.key']?.value()
    const cert = settings['ssl.keystore.certificate.chain']?.value()
    if (key === undefined || cert === undefined) return {}
    return { key, cert, ...(keyPassword !== undefined && { passphrase: keyPassword }) }
  }

  #authorities(): tls.SecureContextOptions {
    const location = this.#settings['ssl.truststore.location']
    const text = this.#settings['ssl.truststore.certificates']?.value()
    if (text !== undefined) return { ca: text }
    if (location === null) return {}
    const bytes = fs.readFileSync(location)
    if (isPem(bytes)) return { ca: bytes }
    const password = this.#settings['ssl.truststore.password']?.value()
    return read(location, () => ({
      ca: isJks(bytes) ? jksCertificates(bytes, password) : trustedCertificates(bytes, password ?? ''),
    }))
  }
}

function read<T>(file: string, work: () => T): T {
  try {
    return work()
  } catch (cause) {
    if (!(cause instanceof DerError)) throw cause
    throw new Error(`${file} cannot be read: ${cause.message}`, { cause })
  }
}

function usable(options: tls.SecureContextOptions): tls.SecureContextOptions {
  process.getBuiltinModule('node:tls').createSecureContext(options)
  return options
}

function isPem(bytes: Buffer): boolean {
  return bytes.includes('-----BEGIN ')
}

function isTlsVersion(version: string): version is tls.SecureVersion {
  return version === 'TLSv1.2' || version === 'TLSv1.3'
}
