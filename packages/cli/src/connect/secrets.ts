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
  /password|passwd|passphrase|secret|credential|token|(?:private|access|api|account|shared|encryption|signing|master|license)[._-]?key|sasl\.jaas\.config|user\.info|keystore\.key$/i
/** In whatever setting: a password in an address, in parameters or in a login module, a key, the value of an Authorization header. */
const LOOKS_SECRET: readonly RegExp[] = [
  /:\/\/[^/?#\s@:]*:[^/?#\s@]+@/,
  /(?:^|[?&;,\s])(?:password|passwd|pwd|secret|token|api_?key)\s*=\s*["']?[^"'&;,\s]/i,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----/,
  /^\s*(?:Bearer|Basic)\s+\S{8}/i,
]
const PLACEHOLDER = /\$\{[^}]*\}/g

export interface Secrets {
  /** A placeholder of a config provider is no secret: it says where the secret is. */
  hides(setting: string, value: string): boolean
}

const NOTHING: Secrets = { hides: () => false }

/**
 * By what the plugins that the settings name declare, where the worker tells it; by how settings are called; and by how values look.
 * @throws SluiceError as of ConnectClient, but not for plugins that the worker says nothing about
 */
export async function secretsOf(
  client: ConnectClient,
  config: ConfigShown,
  { showSecrets, signal }: { readonly showSecrets: boolean; readonly signal: AbortSignal },
): Promise<Secrets> {
  if (showSecrets) return NOTHING
  const declared = await Promise.all(
    pluginsIn(config).map(async ([prefix, plugin]) =>
      (await passwordsOf(client, plugin, signal)).map((name) => prefix + name),
    ),
  )
  return secretsNamed(new Set(declared.flat()))
}

/** @param declared settings that are secret whatever they are called */
export function secretsNamed(declared: ReadonlySet<string>): Secrets {
  return {
    hides: (setting, value) => {
      const literal = literalOf(value)
      if (literal === '') return false
      return declared.has(setting) || SOUNDS_SECRET.test(setting) || LOOKS_SECRET.some((form) => form.test(literal))
    },
  }
}

/** What a value says itself, without what config providers put in. */
export function literalOf(value: string): string {
  return value.replaceAll(PLACEHOLDER, '').trim()
}

/** Classes with the prefix of their settings. */
function pluginsIn(config: ConfigShown): readonly (readonly [prefix: string, plugin: string])[] {
  const found: (readonly [string, string | undefined])[] = [['', config['connector.class']]]
  for (const side of ['key.converter', 'value.converter', 'header.converter']) found.push([`${side}.`, config[side]])
  for (const kind of ['transforms', 'predicates']) {
    for (const name of (config[kind] ?? '').split(',').map((each) => each.trim()))
      found.push([`${kind}.${name}.`, config[`${kind}.${name}.type`]])
  }
  return found.filter((pair): pair is readonly [string, string] => pair[1] !== undefined && pair[1] !== '')
}

async function passwordsOf(client: ConnectClient, plugin: string, signal: AbortSignal): Promise<readonly string[]> {
  try {
    const settings = await client.call('pluginConfig', { path: { plugin } }, signal)
    return settings.filter(({ type }) => type === 'PASSWORD').map(({ name }) => name)
  } catch (error) {
    // One that is no longer there, or a worker that is too old to say: then names are all there is to go by.
    const isAboutPlugin =
      error instanceof SluiceError && ['CONNECT_UNKNOWN', 'CONNECT_INVALID', 'WORKER_REFUSED'].includes(error.code)
    if (isAboutPlugin) return []
    throw error
  }
}

/** The settings without the values that are secret. @throws as `secretsOf` */
export async function withoutSecrets(
  client: ConnectClient,
  config: ConfigShown,
  options: { readonly showSecrets: boolean; readonly signal: AbortSignal },
): Promise<ConfigShown> {
  const secrets = await secretsOf(client, config, options)
  return Object.fromEntries(
    Object.entries(config).map(([name, value]) => [name, secrets.hides(name, value) ? HIDDEN : value]),
  )
}
