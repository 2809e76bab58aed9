/** Signatures of requests between workers (KIP-507): an HMAC of the raw body by the session key that only the group's workers know. */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { HerderError, type InternalRequest } from '../herder/herder.ts'

export const SIGNATURE_HEADER = 'X-Connect-Authorization'
export const ALGORITHM_HEADER = 'X-Connect-Request-Signature-Algorithm'

/** Java's names of MACs, Node's names of the digests in them, and the bits of a key that Java generates for them. */
const ALGORITHMS: ReadonlyMap<string, readonly [digest: string, keyBits: number]> = new Map([
  ['HmacMD5', ['md5', 512]],
  ['HmacSHA1', ['sha1', 512]],
  ['HmacSHA224', ['sha224', 224]],
  ['HmacSHA256', ['sha256', 256]],
  ['HmacSHA384', ['sha384', 384]],
  ['HmacSHA512', ['sha512', 512]],
  ['HmacSHA512/224', ['sha512-224', 224]],
  ['HmacSHA512/256', ['sha512-256', 256]],
])

/** What a worker checks internal requests against. */
export interface SignatureKeys {
  /** Null: none was read yet. */
  readonly sessionKey: Uint8Array | null
  /** `inter.worker.verification.algorithms` */
  readonly algorithms: readonly string[]
}

/** Names for `inter.worker.signature.algorithm` and its kin. */
export const signatureAlgorithms: readonly string[] = [...ALGORITHMS.keys()]

/** A new session key; `bits` null: as many as the algorithm likes (`inter.worker.key.size`). */
export function newSessionKey(algorithm: string, bits: number | null): Uint8Array {
  return randomBytes(Math.ceil((bits ?? known(algorithm)[1]) / 8))
}

/** The headers that sign a body. */
export function signatureHeaders(
  body: Uint8Array,
  key: Uint8Array,
  algorithm: string,
): { readonly [SIGNATURE_HEADER]: string; readonly [ALGORITHM_HEADER]: string } {
  return { [SIGNATURE_HEADER]: mac(body, key, algorithm).toString('base64'), [ALGORITHM_HEADER]: algorithm }
}

/** @throws HerderError 400 unsigned or signed by an algorithm that is not permitted, 503 while there is no key, 403 signed wrong */
export function verifySignature(request: InternalRequest, keys: SignatureKeys): void {
  const { body, signature, algorithm } = request
  if (signature === null || algorithm === null)
    throw new HerderError(400, 'Internal request missing required signature')
  if (!keys.algorithms.includes(algorithm))
    throw new HerderError(
      400,
      `This worker does not support the '${algorithm}' key signing algorithm used by other workers. This worker is currently configured to use: [${keys.algorithms.join(', ')}]. Check that all workers' configuration files permit the same set of signature algorithms, and correct any misconfigured worker and restart it.`,
    )
  if (keys.sessionKey === null)
    throw new HerderError(
      503,
      'This worker is still starting up and has not been able to read a session key from the config topic yet',
    )
  const expected = mac(body, keys.sessionKey, algorithm)
  const given = Buffer.from(signature, 'base64')
  if (given.length !== expected.length || !timingSafeEqual(given, expected))
    throw new HerderError(403, 'Internal request contained invalid signature.')
}

function mac(body: Uint8Array, key: Uint8Array, algorithm: string): Buffer {
  return createHmac(known(algorithm)[0], key).update(body).digest()
}

function known(algorithm: string): readonly [digest: string, keyBits: number] {
  const found = ALGORITHMS.get(algorithm)
  if (found === undefined)
    throw new HerderError(400, `${algorithm} Mac not available: known are ${signatureAlgorithms.join(', ')}`)
  return found
}
