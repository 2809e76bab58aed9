/** The arithmetic of SCRAM (RFC 5802 §3), for both sides. */
import { createHash, createHmac, pbkdf2, randomBytes, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'

/** Kafka's name of each mechanism, its number in the SCRAM admin messages, and its hash. */
export const SCRAM_MECHANISMS = {
  'SCRAM-SHA-256': { type: 1, hash: 'sha256', bytes: 32 },
  'SCRAM-SHA-512': { type: 2, hash: 'sha512', bytes: 64 },
} as const

export type ScramMechanism = keyof typeof SCRAM_MECHANISMS

/** Fewer are refused by both sides, as in Kafka. */
export const SCRAM_ITERATIONS_MIN = 4096

/** What a server keeps of a password: enough to check a client and to prove itself, not to log in. */
export interface ScramCredential {
  readonly salt: Buffer
  readonly iterations: number
  readonly storedKey: Buffer
  readonly serverKey: Buffer
}

const derive = promisify(pbkdf2)

/** RFC 5802's `Hi`: the slow part, done beside the event loop. */
export function saltedPassword(
  mechanism: ScramMechanism,
  password: string,
  salt: Uint8Array,
  iterations: number,
): Promise<Buffer> {
  const { hash, bytes } = SCRAM_MECHANISMS[mechanism]
  return derive(Buffer.from(password), salt, iterations, bytes, hash)
}

/** What a server derives from a salted password, such as AlterUserScramCredentials brings. */
export function scramCredential(
  mechanism: ScramMechanism,
  salted: Uint8Array,
  salt: Buffer,
  iterations: number,
): ScramCredential {
  const storedKey = digest(mechanism, hmac(mechanism, salted, 'Client Key'))
  return { salt, iterations, storedKey, serverKey: hmac(mechanism, salted, 'Server Key') }
}

/** What a client proves its knowledge of the password with. */
export function clientProof(mechanism: ScramMechanism, salted: Uint8Array, message: string): Buffer {
  const clientKey = hmac(mechanism, salted, 'Client Key')
  return xor(clientKey, hmac(mechanism, digest(mechanism, clientKey), message))
}

/** Whether a client's proof fits what the server keeps. */
export function isClientProof(
  mechanism: ScramMechanism,
  credential: ScramCredential,
  message: string,
  proof: Buffer,
): boolean {
  if (proof.length !== SCRAM_MECHANISMS[mechanism].bytes) return false
  const clientKey = xor(proof, hmac(mechanism, credential.storedKey, message))
  return timingSafeEqual(digest(mechanism, clientKey), credential.storedKey)
}

/** What a server proves itself with. `serverKey` is of the credential, or `serverKeyOf` a salted password. */
export function serverSignature(mechanism: ScramMechanism, serverKey: Uint8Array, message: string): Buffer {
  return hmac(mechanism, serverKey, message)
}

export function serverKeyOf(mechanism: ScramMechanism, salted: Uint8Array): Buffer {
  return hmac(mechanism, salted, 'Server Key')
}

/** Whether what the server sent is the signature that it had to send. */
export function isServerSignature(expected: Buffer, given: Buffer): boolean {
  return expected.length === given.length && timingSafeEqual(expected, given)
}

/** 192 random bits as text that needs no escape. */
export function scramNonce(): string {
  return randomBytes(24).toString('base64url')
}

function hmac(mechanism: ScramMechanism, key: Uint8Array, text: string): Buffer {
  return createHmac(SCRAM_MECHANISMS[mechanism].hash, key).update(text).digest()
}

function digest(mechanism: ScramMechanism, bytes: Uint8Array): Buffer {
  return createHash(SCRAM_MECHANISMS[mechanism].hash).update(bytes).digest()
}

function xor(a: Buffer, b: Buffer): Buffer {
  return Buffer.from(a.map((byte, i) => byte ^ b[i]!))
}
