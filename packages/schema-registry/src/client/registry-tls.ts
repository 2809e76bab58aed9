import { readFileSync } from 'node:fs'
import type https from 'node:https'
import type tls from 'node:tls'
import { DerError, isJks, jksCertificates, jksKey, trustedCertificates } from '@sluice/kafka/properties'
import { type Password, SluiceError } from '@sluice/sdk'
import type { RegistrySettings } from './registry-settings.ts'

/** How TLS is spoken with a registry. @throws SluiceError SETTINGS_INVALID for files that cannot be read or used */
export function tlsOf(settings: RegistrySettings): https.AgentOptions {
  const isAnyName = settings['schema.registry.ssl.endpoint.identification.algorithm'] === ''
  return {
    ...usable({ ...authorities(settings), ...identity(settings) }),
    ...(isAnyName ? { checkServerIdentity: () => undefined } : {}),
  }
}

function authorities(settings: RegistrySettings): tls.SecureContextOptions {
  const location = settings['schema.registry.ssl.truststore.location']
  const text = textOf(settings['schema.registry.ssl.truststore.certificates'])
  if (location === null) return text === undefined ? {} : { ca: text }
  const password = textOf(settings['schema.registry.ssl.truststore.password'])
  return stored('schema.registry.ssl.truststore.location', location, (bytes) => {
    if (isPem(bytes)) return { ca: bytes }
    return { ca: isJks(bytes) ? jksCertificates(bytes, password) : trustedCertificates(bytes, password ?? '') }
  })
}

function identity(settings: RegistrySettings): tls.SecureContextOptions {
  const location = settings['schema.registry.ssl.keystore.location']
  const [keyPassword, password] = [
    textOf(settings['schema.registry.ssl.key.password']),
    textOf(settings['schema.registry.ssl.keystore.password']),
  ]
  if (location === null) {
    const chain = textOf(settings['schema.registry.ssl.keystore.certificate.chain'])
    const key = textOf(settings['schema.registry.ssl.keystore.key'])
    return {
      ...(chain === undefined ? {} : { cert: chain }),
      ...(key === undefined ? {} : { key }),
      ...passphraseOf(keyPassword),
    }
  }
  return stored('schema.registry.ssl.keystore.location', location, (bytes) => {
    if (isJks(bytes)) return jksKey(bytes, password, keyPassword)
    if (isPem(bytes)) return { cert: bytes, key: bytes, ...passphraseOf(keyPassword) }
    return { pfx: bytes, ...passphraseOf(password ?? keyPassword) }
  })
}

function passphraseOf(passphrase: string | undefined): tls.SecureContextOptions {
  return passphrase === undefined ? {} : { passphrase }
}

/** Java's stores are told apart by their content, whatever the settings say they are: so does Java, of two of the three. */
function isPem(bytes: Buffer): boolean {
  return bytes.includes('-----BEGIN ')
}

function textOf(password: Password | null): string | undefined {
  return password === null ? undefined : password.value()
}

function stored(
  setting: string,
  file: string,
  read: (bytes: Buffer) => tls.SecureContextOptions,
): tls.SecureContextOptions {
  let bytes: Buffer
  try {
    bytes = readFileSync(file)
  } catch (cause) {
    throw new SluiceError('SETTINGS_INVALID', `${setting} is '${file}', which cannot be read`, {
      cause,
      remedy: 'Give the path of a file that is there.',
    })
  }
  try {
    return read(bytes)
  } catch (cause) {
    if (!(cause instanceof DerError)) throw cause
    throw new SluiceError('SETTINGS_INVALID', `${setting} is '${file}', which cannot be read: ${cause.message}`, {
      cause,
      remedy: 'Give a PEM, PKCS12 or JKS file, and the password that opens it.',
    })
  }
}

/** Tried at once: Node would say it of each connection, as if the registry could not be reached. */
function usable(options: tls.SecureContextOptions): tls.SecureContextOptions {
  try {
    process.getBuiltinModule('node:tls').createSecureContext(options)
    return options
  } catch (cause) {
    throw new SluiceError('SETTINGS_INVALID', 'The settings schema.registry.ssl.… cannot be used', {
      cause,
      remedy:
        'Give PEM, PKCS12 or JKS files, a key and a certificate that belong together, and the passwords that open them.',
    })
  }
}
