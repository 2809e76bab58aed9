/** Who a client is: `sasl.mechanism` and `sasl.jaas.config`, as Java's clients are given them. */
import type { OAuthToken, SaslConfig } from '../security/security-config.ts'
import { SluiceError } from '@sluice/sdk'
import { wrong, type Reading } from './setting-reading.ts'

/** A login module of a JAAS line and its options. */
interface Login {
  readonly module: string
  readonly options: Readonly<Record<string, string>>
}

/** By mechanism: the module whose options we know how to use. */
const MODULES: Readonly<Record<string, string>> = {
  PLAIN: 'org.apache.kafka.common.security.plain.PlainLoginModule',
  'SCRAM-SHA-256': 'org.apache.kafka.common.security.scram.ScramLoginModule',
  'SCRAM-SHA-512': 'org.apache.kafka.common.security.scram.ScramLoginModule',
  OAUTHBEARER: 'org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule',
}

const TOKEN_TIMEOUT_MS = 10_000

/** Undefined: nothing is said of a login. @throws SluiceError SETTINGS_INVALID; secrets are not in it */
export function saslOf(read: Reading): SaslConfig | undefined {
  const mechanism = read.take('sasl.mechanism')
  const jaas = read.take('sasl.jaas.config')
  const tokenUrl = read.take('sasl.oauthbearer.token.endpoint.url')
  // Their one use in Java is to name what this client does by itself.
  read.take('sasl.login.callback.handler.class')
  if (mechanism === undefined) return undefined
  const module = MODULES[mechanism]
  if (module === undefined)
    throw wrong('sasl.mechanism', `is ${mechanism}: this client has ${Object.keys(MODULES).join(', ')}`)
  if (jaas === undefined) throw wrong('sasl.jaas.config', `is missing: ${mechanism} needs it`)
  const login = loginOf(jaas)
  if (login.module !== module)
    throw wrong('sasl.jaas.config', `names the login module ${login.module}: for ${mechanism} it is ${module}`)
  if (mechanism === 'OAUTHBEARER') {
    const fetching = clientCredentials(tokenUrl, login, read)
    return { mechanism, oauthBearerProvider: fetching }
  }
  const username = required(login, 'username')
  const password = required(login, 'password')
  if (mechanism === 'PLAIN') return { mechanism, username, password }
  const isDelegationToken = login.options['tokenauth']?.toLowerCase() === 'true'
  return {
    mechanism: mechanism as 'SCRAM-SHA-256',
    username,
    password,
    ...(isDelegationToken ? { isDelegationToken } : {}),
  }
}

/** `module required key="value" key=value;` */
function loginOf(jaas: string): Login {
  const parts = /^\s*([\w.$]+)\s+(?:required|requisite|sufficient|optional)\b([\s\S]*?);\s*$/i.exec(jaas)
  if (parts === null)
    throw wrong(
      'sasl.jaas.config',
      'cannot be read: it is `MODULE required username="…" password="…";`, the semicolon included',
    )
  const options: Record<string, string> = Object.create(null) as Record<string, string>
  let rest = parts[2]!
  while (rest.trim() !== '') {
    const option = /^\s*([\w.]+)\s*=\s*(?:"((?:[^"\\]|\\[\s\S])*)"|'((?:[^'\\]|\\[\s\S])*)'|([^\s"';]+))/.exec(rest)
    if (option === null) throw wrong('sasl.jaas.config', 'cannot be read: an option is not of the form name="value"')
    const [whole, name, inDouble, inSingle, bare] = option
    options[name!] = (inDouble ?? inSingle ?? bare ?? '').replaceAll(/\\([\s\S])/g, '$1')
    rest = rest.slice(whole.length)
  }
  return { module: parts[1]!, options }
}

function required({ options }: Login, name: string): string {
  const value = options[name]
  if (value === undefined) throw wrong('sasl.jaas.config', `has no ${name}`)
  return value
}

/** OAuth's client credentials grant (KIP-768): asked for at each login, and again before the token ends. */
function clientCredentials(url: string | undefined, login: Login, read: Reading): () => Promise<OAuthToken> {
  if (url === undefined)
    throw wrong('sasl.oauthbearer.token.endpoint.url', 'is missing: OAUTHBEARER gets its tokens there')
  if (!/^https?:\/\//.test(url))
    throw wrong('sasl.oauthbearer.token.endpoint.url', `is ${url}: it begins with https:// or http://`)
  const id = read.take('sasl.oauthbearer.client.credentials.client.id') ?? required(login, 'clientId')
  const secret = read.take('sasl.oauthbearer.client.credentials.client.secret') ?? required(login, 'clientSecret')
  const scope = read.take('sasl.oauthbearer.scope') ?? login.options['scope']
  const authorization = `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`
  const body = `grant_type=client_credentials${scope === undefined ? '' : `&scope=${encodeURIComponent(scope)}`}`
  return async () => {
    const answer = await fetch(url, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
      body,
      redirect: 'error',
      signal: AbortSignal.timeout(TOKEN_TIMEOUT_MS),
    })
    if (!answer.ok) throw noToken(url, `it answered with status ${answer.status}`)
    const token = (await answer.json()) as { readonly access_token?: unknown; readonly expires_in?: unknown }
    if (typeof token.access_token !== 'string') throw noToken(url, 'its answer has no access_token')
    const seconds = Number(token.expires_in)
    const lifetime = Number.isFinite(seconds) && seconds > 0 ? { lifetimeMs: Date.now() + seconds * 1000 } : {}
    return { value: token.access_token, ...lifetime }
  }
}

function noToken(url: string, why: string): SluiceError {
  return new SluiceError('KAFKA_AUTHENTICATION', `No token from ${url}: ${why}`, {
    remedy: 'Correct clientId, clientSecret and scope in sasl.jaas.config, or the address.',
  })
}
