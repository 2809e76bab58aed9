import { readFileSync } from 'node:fs'
import type https from 'node:https'
import { type Password, SluiceError } from '@sluice/sdk'
import type { RegistrySettings } from './registry-settings.ts'

/** How TLS is spoken with a registry. @throws SluiceError SETTINGS_INVALID for a file that cannot be read */
export function tlsOf(settings: RegistrySettings): https.AgentOptions {
  const ca = textOf(settings['schema.registry.ssl.truststore.certificates'])
  const trustStore = settings['schema.registry.ssl.truststore.location']
  const chain = textOf(settings['schema.registry.ssl.keystore.certificate.chain'])
  const key = textOf(settings['schema.registry.ssl.keystore.key'])
  const keyStore = settings['schema.registry.ssl.keystore.location']
  const keyPassword = textOf(settings['schema.registry.ssl.key.password'])
  const isAnyName = settings['schema.registry.ssl.endpoint.identification.algorithm'] === ''
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(trustStore === null ? {} : { ca: contents('schema.registry.ssl.truststore.location', trustStore) }),
    ...(chain === undefined ? {} : { cert: chain }),
    ...(key === undefined ? {} : { key }),
    ...(keyStore === null ? {} : keyStoreOf(settings, keyStore)),
    ...(keyPassword === undefined ? {} : { passphrase: keyPassword }),
    ...(isAnyName ? { checkServerIdentity: () => undefined } : {}),
  }
}

function keyStoreOf(settings: RegistrySettings, file: string): https.AgentOptions {
  const bytes = contents('schema.registry.ssl.keystore.location', file)
  if (settings['schema.registry.ssl.keystore.type'] === 'PEM') return { cert: bytes, key: bytes }
  const passphrase = textOf(settings['schema.registry.ssl.keystore.password'])
  return { pfx: bytes, ...(passphrase === undefined ? {} : { passphrase }) }
}

function textOf(password: Password | null): string | undefined {
  return password === null ? undefined : password.value()
}

function contents(setting: string, file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (cause) {
    throw new SluiceError('SETTINGS_INVALID', `${setting} is '${file}', which cannot be read`, {
      cause,
      remedy: 'Give the path of a file that is there.',
    })
  }
}
