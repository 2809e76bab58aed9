/**
 * Reads the certificates out of a PKCS #12 trust store (RFC 7292), as Java's keytool and openssl make them: Node itself reads such files only
 * when they hold a key. What is not encrypted by AES or triple DES (the 40 bits of RC2 of old Javas) is refused.
 */
import crypto from 'node:crypto'
import { DerError, oidOf, pemOf, readAll, readOne, type Der } from './der.ts'

const DATA = '1.2.840.113549.1.7.1'
const ENCRYPTED_DATA = '1.2.840.113549.1.7.6'
const PBES2 = '1.2.840.113549.1.5.13'
const PBKDF2 = '1.2.840.113549.1.5.12'
const CERT_BAG = '1.2.840.113549.1.12.10.1.3'
const X509 = '1.2.840.113549.1.9.22.1'
const TRIPLE_DES = '1.2.840.113549.1.12.1.3'

/** By the number of an AES in CBC mode: its name and the length of its key. */
const CIPHERS: Readonly<Record<string, readonly [string, number]>> = {
  '2.16.840.1.101.3.4.1.2': ['aes-128-cbc', 16],
  '2.16.840.1.101.3.4.1.22': ['aes-192-cbc', 24],
  '2.16.840.1.101.3.4.1.42': ['aes-256-cbc', 32],
}

const PRFS: Readonly<Record<string, string>> = {
  '1.2.840.113549.2.7': 'sha1',
  '1.2.840.113549.2.9': 'sha256',
  '1.2.840.113549.2.10': 'sha384',
  '1.2.840.113549.2.11': 'sha512',
}

const HASHES: Readonly<Record<string, readonly [name: string, blockBytes: number]>> = {
  '1.3.14.3.2.26': ['sha1', 64],
  '2.16.840.1.101.3.4.2.1': ['sha256', 64],
  '2.16.840.1.101.3.4.2.2': ['sha384', 128],
  '2.16.840.1.101.3.4.2.3': ['sha512', 128],
}

/** More turns than anybody's: a file must not keep the worker busy for minutes. */
const ITERATIONS_MAX = 5_000_000

/** The certificates as PEM, one behind the other. @throws DerError that says what is wrong with the file or the password */
export function trustedCertificates(file: Uint8Array, password: string): string {
  const [, authSafe, macData] = readAll(readOne(file))
  const [type, wrapped] = readAll(need(authSafe))
  if (oidOf(need(type)) !== DATA) throw new DerError('it is signed by a key, not protected by a password')
  const content = readOne(need(wrapped).value).value
  // The password proves that nobody else has put an authority in.
  if (macData !== undefined) checkMac(content, readAll(macData), password)
  const ders = readAll(readOne(content)).flatMap((safe) => certificatesOf(safeContents(safe, password)))
  if (ders.length === 0) throw new DerError('there are no certificates in it')
  return ders.map((der) => pemOf('CERTIFICATE', der)).join('')
}

/** The X.509 certificates among the bags of a PKCS #12 file (SafeContents). */
function certificatesOf(safeContents: Uint8Array): readonly Uint8Array[] {
  return readAll(readOne(safeContents)).flatMap((bag) => {
    const [type, wrapped] = readAll(bag)
    if (type === undefined || wrapped === undefined || oidOf(type) !== CERT_BAG) return []
    const [certType, certificate] = readAll(readOne(wrapped.value))
    if (certType === undefined || certificate === undefined || oidOf(certType) !== X509) return []
    return [readOne(certificate.value).value]
  })
}

function safeContents(safe: Der, password: string): Uint8Array {
  const [type, wrapped] = readAll(safe)
  const oid = oidOf(need(type))
  if (oid === DATA) return readOne(need(wrapped).value).value
  if (oid !== ENCRYPTED_DATA) throw new DerError('a part of it is encrypted for a key, not by a password')
  const [, encrypted] = readAll(readOne(need(wrapped).value))
  const [, algorithm, bytes] = readAll(need(encrypted))
  return decrypt(need(algorithm), need(bytes).value, password)
}

function decrypt(algorithm: Der, bytes: Uint8Array, password: string): Uint8Array {
  const [oid, parameters] = readAll(algorithm)
  const { cipher, key, iv } = keyOf(oidOf(need(oid)), readAll(need(parameters)), password)
  try {
    const decipher = crypto.createDecipheriv(cipher, key, iv)
    return Buffer.concat([decipher.update(bytes), decipher.final()])
  } catch {
    throw new DerError('the password does not open it')
  }
}

interface Key {
  readonly cipher: string
  readonly key: Uint8Array
  readonly iv: Uint8Array
}

function keyOf(oid: string, parameters: readonly Der[], password: string): Key {
  if (oid === TRIPLE_DES) {
    const [salt, iterations] = parameters
    const derive = (id: number, length: number): Uint8Array =>
      pkcs12Key(['sha1', 64], id, password, need(salt).value, countOf(iterations), length)
    return { cipher: 'des-ede3-cbc', key: derive(1, 24), iv: derive(2, 8) }
  }
  if (oid !== PBES2)
    throw new DerError(`it is encrypted by ${oid}, which is too weak to be read (RC2, as of old Javas)`)
  const [derivation, encryption] = parameters
  const [kdf, kdfParameters] = readAll(need(derivation))
  const [scheme, iv] = readAll(need(encryption))
  const known = CIPHERS[oidOf(need(scheme))]
  if (oidOf(need(kdf)) !== PBKDF2 || known === undefined) throw new DerError('its encryption is not known here')
  const [salt, iterations, ...rest] = readAll(need(kdfParameters))
  const prf = rest.find(({ tag }) => tag === 0x30)
  const hash = prf === undefined ? 'sha1' : PRFS[oidOf(need(readAll(prf)[0]))]
  if (hash === undefined) throw new DerError('its encryption is not known here')
  const [cipher, length] = known
  const key = crypto.pbkdf2Sync(password, need(salt).value, countOf(iterations), length, hash)
  return { cipher, key, iv: need(iv).value }
}

function checkMac(content: Uint8Array, [digestInfo, salt, iterations]: readonly Der[], password: string): void {
  const [algorithm, digest] = readAll(need(digestInfo))
  const hash = HASHES[oidOf(need(readAll(need(algorithm))[0]))]
  if (hash === undefined) throw new DerError('its check sum is not known here')
  const expected = Buffer.from(need(digest).value)
  const turns = iterations === undefined ? 1 : countOf(iterations)
  const key = pkcs12Key(hash, 3, password, need(salt).value, turns, expected.length)
  const found = crypto.createHmac(hash[0], key).update(content).digest()
  if (found.length !== expected.length || !crypto.timingSafeEqual(found, expected))
    throw new DerError('the password does not fit, or the file was changed')
}

/** RFC 7292, appendix B.2. `id`: 1 for a key, 2 for an initial vector, 3 for a check sum. */
function pkcs12Key(
  [hash, blockBytes]: readonly [string, number],
  id: number,
  password: string,
  salt: Uint8Array,
  iterations: number,
  length: number,
): Uint8Array {
  const secret = Buffer.from(`${password}\0`, 'utf16le').swap16()
  const diversifier = Buffer.alloc(blockBytes, id)
  const input = Buffer.concat([filled(salt, blockBytes), filled(secret, blockBytes)])
  const parts: Buffer[] = []
  for (let bytes = 0; bytes < length;) {
    let a = crypto.createHash(hash).update(diversifier).update(input).digest()
    for (let i = 1; i < iterations; i++) a = crypto.createHash(hash).update(a).digest()
    parts.push(a)
    bytes += a.length
    const b = filled(a, blockBytes).subarray(0, blockBytes)
    for (let at = 0; at < input.length; at += blockBytes) addOne(input.subarray(at, at + blockBytes), b)
  }
  return Buffer.concat(parts).subarray(0, length)
}

/** Repeated to full blocks. */
function filled(bytes: Uint8Array, blockBytes: number): Buffer {
  const length = Math.ceil(bytes.length / blockBytes) * blockBytes
  return length === 0 ? Buffer.alloc(0) : Buffer.alloc(length, bytes)
}

/** `to = to + b + 1`, as big-endian numbers. */
function addOne(to: Buffer, b: Buffer): void {
  for (let i = to.length - 1, carry = 1; i >= 0; i--) {
    const sum = to[i]! + b[i]! + carry
    to[i] = sum & 0xff
    carry = sum >> 8
  }
}

function countOf(der: Der | undefined): number {
  const count = need(der).value.reduce((number, byte) => number * 256 + byte, 0)
  if (count >= 1 && count <= ITERATIONS_MAX) return count
  throw new DerError(`it wants ${count} turns of its key`)
}

function need(der: Der | undefined): Der {
  if (der === undefined) throw new DerError('it is not whole')
  return der
}
