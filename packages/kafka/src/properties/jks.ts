/**
 * Reads Java's own key stores (JKS), as `keytool -storetype JKS` and every Java before 9 makes them: what a worker's file that was written
 * for Kafka Connect may name. Their password proves that nobody else has changed them; keys are encrypted besides, each by its own.
 */
import crypto from 'node:crypto'
import { DerError, oidOf, pemOf, readAll, readOne } from './der.ts'

const MAGIC = 0xfeed_feed
const KEY = 1
const CERTIFICATE = 2
const DIGEST_BYTES = 20
/** What Java puts between the password and the content that its check sum is of. */
const PEPPER = 'Mighty Aphrodite'
/** How Sun's key stores encrypt keys. */
const SUNS = '1.3.6.1.4.1.42.2.17.1.1'

export interface JksKey {
  /** PEM, not encrypted. */
  readonly key: string
  /** PEM: its own certificate first. */
  readonly cert: string
}

interface Entries {
  readonly keys: readonly { readonly encrypted: Uint8Array; readonly chain: readonly Uint8Array[] }[]
  readonly certificates: readonly Uint8Array[]
}

export function isJks(file: Uint8Array): boolean {
  return file.length >= 4 && Buffer.from(file).readUInt32BE(0) === MAGIC
}

/**
 * The certificates that are trusted, as PEM, one behind the other.
 * @param password undefined: whether the file is as it was made is not looked at, as in Java
 * @throws DerError that says what is wrong with the file or the password
 */
export function jksCertificates(file: Uint8Array, password: string | undefined): string {
  const { keys, certificates } = read(file, password)
  // Java trusts the certificate of a key, too.
  const all = [...certificates, ...keys.flatMap(({ chain }) => chain.slice(0, 1))]
  if (all.length === 0) throw new DerError('there are no certificates in it')
  return all.map((der) => pemOf('CERTIFICATE', der)).join('')
}

/** The first key, with its chain. @throws DerError as above */
export function jksKey(file: Uint8Array, password: string | undefined, keyPassword: string | undefined): JksKey {
  const [first] = read(file, password).keys
  if (first === undefined) throw new DerError('there is no key in it')
  return {
    key: pemOf('PRIVATE KEY', decrypted(first.encrypted, keyPassword ?? password ?? '')),
    cert: first.chain.map((der) => pemOf('CERTIFICATE', der)).join(''),
  }
}

function read(file: Uint8Array, password: string | undefined): Entries {
  const bytes = Buffer.from(file)
  if (bytes.length < 12 + DIGEST_BYTES) throw new DerError('it is not whole')
  const content = bytes.subarray(0, -DIGEST_BYTES)
  if (password !== undefined) checkDigest(content, bytes.subarray(-DIGEST_BYTES), password)
  const from = new Reader(content)
  from.number()
  const version = from.number()
  if (version !== 1 && version !== 2) throw new DerError(`its version is ${version}, which is not known here`)
  const certificate = (): Uint8Array => {
    if (version === 2) from.text()
    return from.bytes()
  }
  const keys: Entries['keys'][number][] = []
  const certificates: Uint8Array[] = []
  for (let left = from.number(); left > 0; left--) {
    const tag = from.number()
    from.text()
    from.skip(8)
    if (tag === CERTIFICATE) certificates.push(certificate())
    else if (tag === KEY) {
      const encrypted = from.bytes()
      const chain: Uint8Array[] = []
      for (let length = from.number(); length > 0; length--) chain.push(certificate())
      keys.push({ encrypted, chain })
    } else throw new DerError('it is not built as it should be')
  }
  return { keys, certificates }
}

function checkDigest(content: Uint8Array, expected: Uint8Array, password: string): void {
  const found = sha1(passwordBytes(password), Buffer.from(PEPPER), content)
  if (!crypto.timingSafeEqual(found, expected)) throw new DerError('the password does not fit, or the file was changed')
}

/** Salt, the key under a stream of check sums, and a check sum of the key. */
function decrypted(encryptedInfo: Uint8Array, password: string): Uint8Array {
  const [algorithm, wrapped] = readAll(readOne(encryptedInfo))
  if (algorithm === undefined || wrapped === undefined) throw new DerError('it is not whole')
  if (oidOf(readOne(algorithm.value)) !== SUNS)
    throw new DerError('its key is encrypted in a way that is not known here')
  const { value } = wrapped
  if (value.length < 2 * DIGEST_BYTES) throw new DerError('it is not whole')
  const secret = passwordBytes(password)
  const key = Buffer.from(value.subarray(DIGEST_BYTES, -DIGEST_BYTES))
  let block: Uint8Array = value.subarray(0, DIGEST_BYTES)
  for (let at = 0; at < key.length; at += DIGEST_BYTES) {
    block = sha1(secret, block)
    for (let i = 0; i < DIGEST_BYTES && at + i < key.length; i++) key[at + i]! ^= block[i]!
  }
  if (!crypto.timingSafeEqual(sha1(secret, key), value.subarray(-DIGEST_BYTES)))
    throw new DerError('the password does not open its key')
  return key
}

/** Big-endian numbers and lengths in front of what they measure. */
class Reader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  number(): number {
    return this.#take(4).readUInt32BE(0)
  }

  bytes(): Uint8Array {
    return this.#take(this.number())
  }

  text(): void {
    this.#take(this.#take(2).readUInt16BE(0))
  }

  skip(length: number): void {
    this.#take(length)
  }

  #take(length: number): Buffer {
    if (this.#at + length > this.#bytes.length) throw new DerError('it is not whole')
    this.#at += length
    return this.#bytes.subarray(this.#at - length, this.#at)
  }
}

function sha1(...parts: readonly Uint8Array[]): Buffer {
  const hash = crypto.createHash('sha1')
  for (const part of parts) hash.update(part)
  return hash.digest()
}

/** UTF-16, big-endian. */
function passwordBytes(password: string): Buffer {
  return Buffer.from(password, 'utf16le').swap16()
}
