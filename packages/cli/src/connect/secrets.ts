/** Which settings of a connector are secret, and how they are shown. */
import { SluiceError } from '@sluice/sdk'
import type { ConfigShown, ConnectClient } from '@sluice/worker/client'
import type { Options } from '../command-line/declaration.ts'

export const HIDDEN = '[hidden]'

export const secretsOptions = {
  'show-secrets': { type: 'flag', documentation: 'With the values of passwords and keys' },
} as const satisfies Options

/** Settings that no definition covers, as those of Kafka clients behind `producer.override.`: by how they are called. */
const SOUNDS_SECRET =
  /password|passwd|passphrase|secret|credential|token|private[._-]?key|access[._-]?key|api[._-]?key|sasl\.jaas\.config|user\.info|keystore\.key$/i
const PLACEHOLDER = /^\s*\$\{[^}]*\}\s*$/

/** Names of secret settings: by the worker's definitions where it can say, and by how they sound. */
export async function secretNames(
  client: ConnectClient,
  config: ConfigShown,
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const names = new Set(Object.keys(config).filter((name) => SOUNDS_SECRET.test(name)))
  const plugin = config['connector.class']
  if (plugin === undefined) return names
  try {
    const { configs } = await client.call('validateConfig', { path: { plugin }, body: config }, signal)
    for (const { definition } of configs) if (definition?.type === 'PASSWORD') names.add(definition.name)
  } catch (error) {
    // A plugin that is no longer there: then names are all there is to go by.
    const isAboutPlugin =
      error instanceof SluiceError && ['CONNECT_UNKNOWN', 'CONNECT_INVALID', 'WORKER_REFUSED'].includes(error.code)
    if (!isAboutPlugin) throw error
  }
  return names
}

/** A placeholder of a config provider is no secret: it says where the secret is. */
export function isHidden(name: string, value: string, secrets: ReadonlySet<string>): boolean {
  return secrets.has(name) && value !== '' && !PLACEHOLDER.test(value)
}

export function masked(config: ConfigShown, secrets: ReadonlySet<string>): ConfigShown {
  return Object.fromEntries(
    Object.entries(config).map(([name, value]) => [name, isHidden(name, value, secrets) ? HIDDEN : value]),
  )
}

/** As `masked`, with what the worker says of it. */
export async function withoutSecrets(
  client: ConnectClient,
  config: ConfigShown,
  options: { readonly showSecrets: boolean; readonly signal: AbortSignal },
): Promise<ConfigShown> {
  if (options.showSecrets) return config
  return masked(config, await secretNames(client, config, options.signal))
}
