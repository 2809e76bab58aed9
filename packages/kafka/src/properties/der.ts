/** As much of ASN.1's DER as key stores need: tags with lengths, read where they are, never past the end. */

export interface Der {
  readonly tag: number
  readonly value: Uint8Array
}

/** What is wrong with a file, as the end of a sentence. */
export class DerError extends Error {
  override readonly name = 'DerError'
}

/** The first value. */
export function readOne(bytes: Uint8Array): Der {
  return readAt(bytes, 0).der
}

/** All values within one. */
export function readAll({ value }: Der): readonly Der[] {
  const all: Der[] = []
  for (let at = 0; at < value.length;) {
    const { der, next } = readAt(value, at)
    all.push(der)
    at = next
  }
  return all
}

/** The text of an object identifier, `1.2.840…`. */
export function oidOf({ tag, value }: Der): string {
  if (tag !== 0x06 || value.length === 0) throw new DerError('it is not built as it should be')
  const numbers: number[] = []
  let number = 0
  for (const byte of value) {
    number = number * 128 + (byte & 0x7f)
    if ((byte & 0x80) !== 0) continue
    numbers.push(number)
    number = 0
  }
  const [first = 0, ...rest] = numbers
  const root = Math.min(Math.floor(first / 40), 2)
  return [root, first - root * 40, ...rest].join('.')
}

/** `what` as in `-----BEGIN CERTIFICATE-----`. */
export function pemOf(what: string, der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return `-----BEGIN ${what}-----\n${lines.join('\n')}\n-----END ${what}-----\n`
}

function readAt(bytes: Uint8Array, at: number): { readonly der: Der; readonly next: number } {
  const tag = bytes[at]
  let length = bytes[at + 1]
  if (tag === undefined || length === undefined) throw new DerError('it is not whole')
  let from = at + 2
  if (length >= 0x80) {
    const lengthBytes = length & 0x7f
    // Without a length up front it would be BER, which neither Java nor openssl write.
    if (lengthBytes === 0 || lengthBytes > 4) throw new DerError('it is not built as it should be')
    length = bytes.subarray(from, from + lengthBytes).reduce((sum, byte) => sum * 256 + byte, 0)
    from += lengthBytes
  }
  if (from + length > bytes.length) throw new DerError('it is not whole')
  return { der: { tag, value: bytes.subarray(from, from + length) }, next: from + length }
}
