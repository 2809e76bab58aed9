/**
 * The four messages of SCRAM (RFC 5802, RFC 7677) as Kafka speaks it: no channel binding, user names as plain UTF-8. Each can be
 * written and read, so that a client and a broker share them. The arithmetic is in `scram-keys.ts`.
 */
import { ProtocolError } from '../protocol-error.ts'

export interface ClientFirst {
  readonly user: string
  /** Only when it is not the user; Kafka refuses any other. */
  readonly authorizationId: string
  readonly nonce: string
  /** Kafka knows `tokenauth=true`: the user is the id of a delegation token (KIP-48). */
  readonly extensions: Readonly<Record<string, string>>
  /** What both sides sign: the message without its head. */
  readonly bare: string
}

export interface ServerFirst {
  /** The client's nonce and the server's behind it. */
  readonly nonce: string
  readonly salt: Buffer
  readonly iterations: number
}

export interface ClientFinal {
  readonly nonce: string
  readonly proof: Buffer
  /** What both sides sign: the message without the proof. */
  readonly withoutProof: string
}

export type ServerFinal = { readonly signature: Buffer } | { readonly error: string }

/** `n,,`: no channel binding; it comes back in the last message of the client. */
const GS2_HEADER = 'n,,'

const CLIENT_FIRST = /^n,(?:a=([^,]*))?,((?:m=[^,]*,)?n=([^,]+),r=([\x21-\x2b\x2d-\x7e]+)((?:,[A-Za-z]+=[^,]*)*))$/
const SERVER_FIRST =
  /^(?:m=[^,]*,)?r=([\x21-\x2b\x2d-\x7e]+),s=([A-Za-z0-9+/]+={0,2}),i=(\d{1,10})(?:,[A-Za-z]+=[^,]*)*$/
const CLIENT_FINAL =
  /^(c=([A-Za-z0-9+/]+={0,2}),r=([\x21-\x2b\x2d-\x7e]+)(?:,[A-Za-z]+=[^,]*)*),p=([A-Za-z0-9+/]+={0,2})$/
const SERVER_FINAL = /^(?:e=([^,]+)|v=([A-Za-z0-9+/]+={0,2}))(?:,[A-Za-z]+=[^,]*)*$/

export function clientFirst(
  user: string,
  nonce: string,
  extensions: Readonly<Record<string, string>> = {},
): { readonly message: string; readonly bare: string } {
  const behind = Object.entries(extensions).map(([key, value]) => `,${key}=${value}`)
  const bare = `n=${saslName(user)},r=${nonce}${behind.join('')}`
  return { message: `${GS2_HEADER}${bare}`, bare }
}

/** @throws ProtocolError MALFORMED for anything else, with no word of what it was */
export function parseClientFirst(message: string): ClientFirst {
  const [, authorizationId = '', bare, user, nonce, behind] = CLIENT_FIRST.exec(message) ?? []
  if (bare === undefined || user === undefined || nonce === undefined) throw malformed('client-first')
  const extensions: Record<string, string> = {}
  for (const pair of behind?.split(',').slice(1) ?? []) {
    extensions[pair.slice(0, pair.indexOf('='))] = pair.slice(pair.indexOf('=') + 1)
  }
  return { user: fromSaslName(user), authorizationId: fromSaslName(authorizationId), nonce, extensions, bare }
}

export function serverFirst({ nonce, salt, iterations }: ServerFirst): string {
  return `r=${nonce},s=${salt.toString('base64')},i=${iterations}`
}

/** @throws ProtocolError MALFORMED */
export function parseServerFirst(message: string): ServerFirst {
  const [, nonce, salt, iterations] = SERVER_FIRST.exec(message) ?? []
  if (nonce === undefined || salt === undefined) throw malformed('server-first')
  return { nonce, salt: Buffer.from(salt, 'base64'), iterations: Number(iterations) }
}

/** What a client signs of its last message; the message itself is this and the proof. */
export function clientFinalWithoutProof(nonce: string): string {
  return `c=${Buffer.from(GS2_HEADER).toString('base64')},r=${nonce}`
}

export function clientFinal(withoutProof: string, proof: Buffer): string {
  return `${withoutProof},p=${proof.toString('base64')}`
}

/** @throws ProtocolError MALFORMED, also when the head of the first message does not come back */
export function parseClientFinal(message: string): ClientFinal {
  const [, withoutProof, header, nonce, proof] = CLIENT_FINAL.exec(message) ?? []
  if (withoutProof === undefined || header === undefined || nonce === undefined || proof === undefined) {
    throw malformed('client-final')
  }
  if (!/^n,(?:a=[^,]*)?,$/.test(Buffer.from(header, 'base64').toString())) throw malformed('client-final')
  return { nonce, proof: Buffer.from(proof, 'base64'), withoutProof }
}

export function serverFinal(outcome: ServerFinal): string {
  return 'error' in outcome ? `e=${outcome.error}` : `v=${outcome.signature.toString('base64')}`
}

/** @throws ProtocolError MALFORMED */
export function parseServerFinal(message: string): ServerFinal {
  const [, error, signature] = SERVER_FINAL.exec(message) ?? []
  if (error !== undefined) return { error }
  if (signature === undefined) throw malformed('server-final')
  return { signature: Buffer.from(signature, 'base64') }
}

/** The text that both sides sign. */
export function authMessage(clientFirstBare: string, first: string, withoutProof: string): string {
  return `${clientFirstBare},${first},${withoutProof}`
}

function saslName(text: string): string {
  return text.replaceAll('=', '=3D').replaceAll(',', '=2C')
}

function fromSaslName(text: string): string {
  if (/=(?!2C|3D)/.test(text)) throw malformed('client-first')
  return text.replaceAll('=2C', ',').replaceAll('=3D', '=')
}

function malformed(which: string): ProtocolError {
  return new ProtocolError('MALFORMED', `This is not a ${which} message of SCRAM`)
}
