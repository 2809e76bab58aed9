import { type Clock, type Random, type RawSettings, SluiceError, systemClock, systemRandom } from '@sluice/sdk'
import type { SchemaRegistry } from '../registry-port.ts'
import type { HttpPeer } from './http-request.ts'
import { HttpTransport } from './http-transport.ts'
import { RegistryClient } from './registry-client.ts'
import { type RegistrySettings, registrySettings } from './registry-settings.ts'
import { tlsOf } from './registry-tls.ts'

/** Requests to one registry at the same time; others wait for a connection. */
const CONNECTIONS_MAX = 8

/**
 * A registry behind `schema.registry.url`. Nothing is asked yet.
 * @throws SluiceError SETTINGS_INVALID
 */
export function connectRegistry(
  raw: RawSettings,
  { clock = systemClock, random = systemRandom }: { readonly clock?: Clock; readonly random?: Random } = {},
): SchemaRegistry {
  const settings = registrySettings.parse(withPrefixes(raw))
  const headers = authorizationOf(settings)
  const peers = settings['schema.registry.url'].map((url) => peerOf(url, settings, headers))
  if (peers.length === 0)
    throw wrong('schema.registry.url', 'is empty', 'Give the url of a registry, as in http://localhost:8081.')
  const transport = new HttpTransport({
    peers,
    retriesMax: settings['max.retries'],
    waitMs: settings['retries.wait.ms'],
    waitMaxMs: settings['retries.max.wait.ms'],
    clock,
    random,
  })
  const ttl = settings['latest.cache.ttl.sec']
  return new RegistryClient(transport, {
    clock,
    entriesMax: settings['max.schemas.per.subject'],
    ...(ttl < 0 ? {} : { latestTtlMs: ttl * 1000 }),
  })
}

/** Confluent takes both names. */
function withPrefixes(raw: RawSettings): RawSettings {
  const prefix = 'schema.registry.'
  const prefixed = Object.entries(raw).flatMap(([name, value]) =>
    /^schema\.registry\.(basic|bearer)\.auth\./.test(name) ? [[name.slice(prefix.length), value] as const] : [],
  )
  return { ...Object.fromEntries(prefixed), ...raw }
}

function peerOf(text: string, settings: RegistrySettings, headers: Readonly<Record<string, string>>): HttpPeer {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:'))
    throw wrong(
      'schema.registry.url',
      `has '${text.replace(/^.*@/, '…@')}', which is no url`,
      'Write it as in http://localhost:8081.',
    )
  const { username, password } = url
  const own = username === '' ? {} : basic(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`)
  url.username = ''
  url.password = ''
  return {
    url,
    headers: { ...own, ...headers },
    agent: agentOf(url, settings),
    connectTimeoutMs: settings['http.connect.timeout.ms'],
    readTimeoutMs: settings['http.read.timeout.ms'],
  }
}

function agentOf({ protocol }: URL, settings: RegistrySettings): HttpPeer['agent'] {
  const pool = { keepAlive: true, maxSockets: CONNECTIONS_MAX, maxFreeSockets: 2 }
  if (protocol === 'https:') {
    const https = process.getBuiltinModule('node:https')
    return new https.Agent({ ...pool, ...tlsOf(settings) })
  }
  const http = process.getBuiltinModule('node:http')
  return new http.Agent(pool)
}

function authorizationOf(settings: RegistrySettings): Readonly<Record<string, string>> {
  const token = settings['bearer.auth.token']
  if (token !== null) return { authorization: `Bearer ${token.value()}` }
  if (settings['basic.auth.credentials.source'] === 'URL') return {}
  const user = settings['basic.auth.user.info']
  if (user === null)
    throw wrong(
      'basic.auth.user.info',
      'is missing',
      'Give it as user:password, or set basic.auth.credentials.source to URL.',
    )
  return basic(user.value())
}

function basic(user: string): Readonly<Record<string, string>> {
  return { authorization: `Basic ${Buffer.from(user, 'utf8').toString('base64')}` }
}

function wrong(setting: string, how: string, remedy: string): SluiceError {
  return new SluiceError('SETTINGS_INVALID', `${setting} ${how}`, { remedy })
}
