import { ProtocolError } from '../protocol-error.ts'
import { type Int64, writeInt64 } from './int64.ts'

const utf8 = new TextEncoder()

/**
 * Appends Kafka's primitive types to a buffer that grows. `splice` puts an external buffer into the stream without
 * copying it, so the result is a list of chunks: a Produce request is a small head, the caller's batch, a small tail.
 * The writer trusts its caller about ranges; the compiled encoders check them.
 */
export class Writer {
  // `#take` may replace buffer and view: it is called before they are touched.
  #bytes: Uint8Array<ArrayBuffer>
  #view: DataView
  /** Where the chunk being written begins, and where the next byte goes, in `#bytes`. */
  #start = 0
  #position = 0
  /** Finished chunks and their total length. */
  readonly #chunks: Uint8Array[] = []
  #finished = 0

  constructor(capacity = 256) {
    this.#bytes = new Uint8Array(capacity)
    this.#view = new DataView(this.#bytes.buffer)
  }

  /** Bytes written so far, spliced ones included. */
  get length(): number {
    return this.#finished + this.#position - this.#start
  }

  int8(value: number): void {
    const at = this.#take(1)
    this.#view.setInt8(at, value)
  }

  int16(value: number): void {
    const at = this.#take(2)
    this.#view.setInt16(at, value)
  }

  int32(value: number): void {
    const at = this.#take(4)
    this.#view.setInt32(at, value)
  }

  uint32(value: number): void {
    const at = this.#take(4)
    this.#view.setUint32(at, value)
  }

  int64(value: Int64): void {
    const at = this.#take(8)
    writeInt64(this.#view, at, value)
  }

  float64(value: number): void {
    const at = this.#take(8)
    this.#view.setFloat64(at, value)
  }

  /** An unsigned varint: seven bits a byte, lowest first. `value` is 0 to 2^32 - 1. */
  uvarint(value: number): void {
    let rest = value
    while (rest > 127) {
      this.int8((rest & 127) | 128)
      rest >>>= 7
    }
    this.int8(rest)
  }

  /** Copies the bytes. */
  raw(bytes: Uint8Array): void {
    const at = this.#take(bytes.length)
    this.#bytes.set(bytes, at)
  }

  /** UTF-8 bytes behind the length that `length` writes; `length` gets the byte count. */
  string(value: string, length: (writer: Writer, byteCount: number) => void): void {
    const byteCount = Buffer.byteLength(value)
    length(this, byteCount)
    const at = this.#take(byteCount)
    utf8.encodeInto(value, this.#bytes.subarray(at, at + byteCount))
  }

  /** Makes the bytes part of the output as they are: no copy. They must not change before the output has been sent. */
  splice(bytes: Uint8Array): void {
    if (bytes.length === 0) return
    this.#cut()
    this.#chunks.push(bytes)
    this.#finished += bytes.length
  }

  /** Overwrites four bytes that were written before anything was spliced. */
  patchInt32(position: number, value: number): void {
    const first = this.#chunks[0]
    if (first === undefined) this.#view.setInt32(this.#start + position, value)
    else new DataView(first.buffer, first.byteOffset, first.length).setInt32(position, value)
  }

  /** Everything written, in order. The writer must not be used afterwards. */
  chunks(): Uint8Array[] {
    this.#cut()
    return this.#chunks
  }

  /** Everything written as one buffer: copied only if something was spliced. */
  bytes(): Uint8Array {
    const chunks = this.chunks()
    return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
  }

  #cut(): void {
    if (this.#position === this.#start) return
    this.#chunks.push(this.#bytes.subarray(this.#start, this.#position))
    this.#finished += this.#position - this.#start
    this.#start = this.#position
  }

  /** Makes room for `count` bytes and returns where they go. */
  #take(count: number): number {
    const at = this.#position
    const end = at + count
    if (end > this.#bytes.length) return this.#grow(count)
    this.#position = end
    return at
  }

  #grow(count: number): number {
    const used = this.#position - this.#start
    const capacity = Math.max(used * 2, used + count, 256)
    if (this.#finished + used + count > 0x7fffffff) {
      throw new ProtocolError('INVALID_MESSAGE', 'A message would be longer than the 2 GiB that a frame can say', {
        remedy: 'Send less in one request.',
      })
    }
    const bytes = new Uint8Array(capacity)
    bytes.set(this.#bytes.subarray(this.#start, this.#position))
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer)
    this.#start = 0
    this.#position = used + count
    return used
  }
}
