import { constants, isUtf8 } from 'node:buffer'
import { DataError } from '@sluice/sdk'

/** The text of UTF-8 bytes, or undefined when they are not UTF-8. @throws DataError for more than a text can hold */
export function utf8Text(bytes: Uint8Array, from = 0, to: number = bytes.length): string | undefined {
  assertHoldable(to - from)
  const text = bufferOf(bytes).toString('utf8', from, to)
  // Node puts a replacement character where bytes are wrong; one that was really meant is rare enough to check for.
  return text.includes('\uFFFD') && !isUtf8(bytes.subarray(from, to)) ? undefined : text
}

/** @throws DataError for bytes that no text can hold */
export function assertHoldable(count: number): void {
  if (count > constants.MAX_STRING_LENGTH)
    throw new DataError(`A value of ${count} bytes is longer than any text can be (${constants.MAX_STRING_LENGTH})`, {
      code: 'RECORD_TOO_LARGE',
      remedy: 'Read such values with ByteArrayConverter.',
    })
}

/** The same bytes with Buffer's methods, not a copy. */
export function bufferOf(bytes: Uint8Array): Buffer {
  return bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
}

/** Node's own part of `Buffer.write`, which is half as long under way; not in the documentation, hence the check. */
interface NativeWriter {
  utf8Write(text: string, at: number, room: number): number
}
const HAS_NATIVE = 'utf8Write' in Buffer.prototype

/** Writes a text as UTF-8; there is room for three bytes a character. @returns the number of bytes written */
export function writeUtf8(out: Buffer, at: number, text: string): number {
  const room = text.length * 3
  return HAS_NATIVE ? (out as Buffer & NativeWriter).utf8Write(text, at, room) : out.write(text, at, room, 'utf8')
}
