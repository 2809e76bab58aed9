import { createHash, timingSafeEqual } from 'node:crypto'
import {
  ProtocolError,
  type ScramCredential,
  type ScramMechanism,
  authMessage,
  isClientProof,
  parseClientFinal,
  parseClientFirst,
  scramNonce,
  serverFinal,
  serverFirst,
  serverSignature,
} from '@sluice/kafka-protocol'
import { ApiError } from '../api/handler.ts'

/** What follows a message of the client: bytes for it, and its user once it has proved who it is. */
export interface Step {
  readonly challenge: Buffer
  readonly user: string | null
}

/** The broker's side of one mechanism, from the first message to the last. @throws ApiError SASL_AUTHENTICATION_FAILED */
export type Conversation = (message: Buffer) => Step | Promise<Step>

const NOTHING = Buffer.alloc(0)

/** RFC 4616: user and password in one message. */
export function plainConversation(passwordOf: (user: string) => string | undefined): Conversation {
  return (message) => {
    const parts = message.toString().split('\0')
    const [authorizationId, user, password] = parts
    if (parts.length !== 3 || user === undefined || password === undefined) {
      throw failed(`Invalid SASL/PLAIN response: expected 3 tokens, got ${parts.length}`)
    }
    if (user === '') throw failed('Authentication failed: username not specified')
    if (password === '') throw failed('Authentication failed: password not specified')
    const expected = passwordOf(user)
    if (expected === undefined || !isSame(password, expected)) {
      throw failed('Authentication failed: Invalid username or password')
    }
    if (authorizationId !== '' && authorizationId !== user) throw failed(OTHER_USER)
    return { challenge: NOTHING, user }
  }
}

/** RFC 5802: two messages each way; the password is never sent. */
export function scramConversation(
  mechanism: ScramMechanism,
  credentialOf: (user: string) => ScramCredential | undefined | Promise<ScramCredential | undefined>,
): Conversation {
  let answer: Conversation = begin
  return (message) => spoken(mechanism, () => answer(message))

  async function begin(message: Buffer): Promise<Step> {
    const { user, authorizationId, nonce: theirs, extensions, bare } = parseClientFirst(message.toString())
    // There are no delegation tokens here, and none of them is a user.
    const credential = extensions['tokenauth'] === 'true' ? undefined : await credentialOf(user)
    if (credential === undefined) throw failed(invalidCredentials(mechanism))
    if (authorizationId !== '' && authorizationId !== user) throw failed(OTHER_USER)
    const nonce = theirs + scramNonce()
    const first = serverFirst({ nonce, salt: credential.salt, iterations: credential.iterations })
    answer = (last) => end(last, user, credential, nonce, bare, first)
    return { challenge: Buffer.from(first), user: null }
  }

  function end(
    message: Buffer,
    user: string,
    credential: ScramCredential,
    nonce: string,
    bare: string,
    first: string,
  ): Step {
    const { nonce: repeated, proof, withoutProof } = parseClientFinal(message.toString())
    const signed = authMessage(bare, first, withoutProof)
    // A proof counts for this conversation only.
    if (repeated !== nonce || !isClientProof(mechanism, credential, signed, proof)) {
      throw failed(invalidCredentials(mechanism))
    }
    const signature = serverSignature(mechanism, credential.serverKey, signed)
    return { challenge: Buffer.from(serverFinal({ signature })), user }
  }
}

const OTHER_USER = 'Authentication failed: Client requested an authorization id that is different from username'

async function spoken(mechanism: ScramMechanism, step: () => Step | Promise<Step>): Promise<Step> {
  try {
    return await step()
  } catch (error) {
    throw error instanceof ProtocolError ? failed(invalidCredentials(mechanism)) : error
  }
}

function invalidCredentials(mechanism: string): string {
  return `Authentication failed during authentication due to invalid credentials with SASL mechanism ${mechanism}`
}

function failed(message: string): ApiError {
  return new ApiError('SASL_AUTHENTICATION_FAILED', message)
}

/** Takes as long for a password that begins rightly as for any other. */
function isSame(given: string, expected: string): boolean {
  return timingSafeEqual(digest(given), digest(expected))
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
