import { gzipSync } from 'node:zlib'
import type { FileBuilder } from './file-format.ts'
import type { Value } from '@sluice/sdk'

/** Records one behind the other, each with an end mark; compressed as a whole when it ends. */
export class LineFile implements FileBuilder {
  readonly #encode: (value: Value) => Uint8Array
  readonly #separator: Uint8Array
  readonly #gzipLevel: number | undefined
  readonly #chunks: Uint8Array[] = []
  bytes = 0

  /** @param gzipLevel −1 to 9; undefined: not compressed */
  constructor(encode: (value: Value) => Uint8Array, separator: Uint8Array, gzipLevel: number | undefined) {
    this.#encode = encode
    this.#separator = separator
    this.#gzipLevel = gzipLevel
  }

  append(value: Value): void {
    this.prepare(value)()
  }

  prepare(value: Value): () => void {
    const bytes = this.#encode(value)
    return () => {
      this.#chunks.push(bytes, this.#separator)
      this.bytes += bytes.length + this.#separator.length
    }
  }

  finish(): Uint8Array {
    const plain = Buffer.concat(this.#chunks)
    return this.#gzipLevel === undefined ? plain : gzipSync(plain, { level: this.#gzipLevel })
  }
}
