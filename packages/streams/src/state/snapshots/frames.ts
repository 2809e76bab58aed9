/**
 * Bytes on their way to and from an object store, a bounded piece at a time: a part is an object, made of frames, each the length of
 * what it was (4), the length of what follows (4), and that, compressed.
 */

import { createHash } from 'node:crypto'
import { promisify } from 'node:util'
import zlib from 'node:zlib'
import { snapshotUnusable } from './snapshot-errors.ts'

/** Of what is compressed at a time. */
export const FRAME_BYTES = 1_048_576
/** Of what one object holds, before it was compressed. */
const PART_BYTES = 16_777_216
const HEAD_BYTES = 8
const compress = promisify(zlib.zstdCompress)
const decompress = promisify(zlib.zstdDecompress)
/** Level 1: state is written often and read seldom, and more costs more than it saves. */
const LEVEL = { [zlib.constants.ZSTD_c_compressionLevel]: 1 }

/** An object of a snapshot. */
export interface SnapshotPart {
  /** Its path below the snapshots of the task. */
  readonly object: string
  readonly rawBytes: number
  readonly storedBytes: number
  readonly sha256: string
}

export type PutPart = (bytes: Uint8Array) => Promise<string>

/** Gathers frames into parts. */
export class PartWriter {
  readonly #put: PutPart
  readonly #parts: SnapshotPart[] = []
  #frames: Buffer[] = []
  #rawBytes = 0

  /** @param put writes an object, and says under which path */
  constructor(put: PutPart) {
    this.#put = put
  }

  /** At most FRAME_BYTES. They may be used again when it has resolved. */
  async add(raw: Uint8Array): Promise<void> {
    const stored = await compress(raw, { params: LEVEL, chunkSize: FRAME_BYTES })
    const head = Buffer.allocUnsafe(HEAD_BYTES)
    head.writeUInt32LE(stored.length, head.writeUInt32LE(raw.length, 0))
    this.#frames.push(head, stored)
    this.#rawBytes += raw.length
    if (this.#rawBytes >= PART_BYTES) await this.#end()
  }

  async end(): Promise<readonly SnapshotPart[]> {
    if (this.#rawBytes > 0) await this.#end()
    return this.#parts
  }

  async #end(): Promise<void> {
    const bytes = Buffer.concat(this.#frames)
    const rawBytes = this.#rawBytes
    this.#frames = []
    this.#rawBytes = 0
    const object = await this.#put(bytes)
    this.#parts.push({ object, rawBytes, storedBytes: bytes.length, sha256: sha256Of(bytes) })
  }
}

/** The frames of a part. @throws SluiceError SNAPSHOT_UNUSABLE for bytes that are not those that were written */
export async function* framesOf(part: SnapshotPart, bytes: Uint8Array): AsyncGenerator<Buffer, void> {
  if (bytes.length !== part.storedBytes)
    throw snapshotUnusable('torn', `object ${part.object} has ${bytes.length} bytes of ${part.storedBytes}`)
  if (sha256Of(bytes) !== part.sha256)
    throw snapshotUnusable('corrupted', `object ${part.object} does not have the checksum that it was written with`)
  const from = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  for (let at = 0; at < from.length;) {
    const rawBytes = from.readUInt32LE(at)
    const end = at + HEAD_BYTES + from.readUInt32LE(at + 4)
    const raw = await decompress(from.subarray(at + HEAD_BYTES, end), { chunkSize: Math.max(64, rawBytes) })
    if (raw.length !== rawBytes)
      throw snapshotUnusable('corrupted', `object ${part.object} has a frame of another length`)
    yield raw
    at = end
  }
}

export function sha256Of(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex')
}
