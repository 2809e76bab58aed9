import { SluiceError } from '@sluice/sdk'
import { takeFrameMemory } from './frame-memory.ts'

/** A longer answer is taken for a peer that does not speak Kafka: no broker sends one. */
const FRAME_BYTES_MAX = 1 << 30

/** The first answer only says which versions there are. Before it came, nothing is believed. */
const FIRST_FRAME_BYTES_MAX = 1 << 20

/** Responses up to this size share slabs; larger ones get memory of their own. */
const POOLED_BYTES_MAX = 2048

/** How the refusal of a TLS server begins: an alert, of protocol version 3.x. */
const TLS_ALERT = 0x1503

/**
 * Cuts a stream of bytes into response frames: a length of four bytes, then as many bytes. Each frame is copied once, into a
 * buffer of its own, because what is read from it (records above all) lives as long as somebody holds a view of it.
 */
export class FrameReader {
  readonly #onFrame: (frame: Buffer) => void
  readonly #place: Readonly<Record<string, string | number>>
  #bytesMax = FIRST_FRAME_BYTES_MAX
  #length = 0
  #lengthBytes = 0
  #frame: Buffer | undefined
  #filled = 0

  constructor(place: Readonly<Record<string, string | number>>, onFrame: (frame: Buffer) => void) {
    this.#place = place
    this.#onFrame = onFrame
  }

  /** Takes the first `count` of the bytes. @throws SluiceError KAFKA_PROTOCOL for a length that no broker sends */
  push(bytes: Uint8Array, count: number): void {
    let at = 0
    while (at < count) {
      if (this.#frame === undefined) {
        this.#length = (this.#length << 8) | bytes[at++]!
        if (++this.#lengthBytes === 4) this.#begin()
        continue
      }
      const part = Math.min(this.#frame.length - this.#filled, count - at)
      this.#frame.set(bytes.subarray(at, at + part), this.#filled)
      this.#filled += part
      at += part
      if (this.#filled === this.#frame.length) this.#end(this.#frame)
    }
  }

  #begin(): void {
    const length = this.#length
    if (length < 4 || length > this.#bytesMax) {
      if (length >>> 16 === TLS_ALERT) throw this.#speaksTls()
      throw new SluiceError('KAFKA_PROTOCOL', `The peer announces an answer of ${length} bytes`, {
        place: this.#place,
        remedy: 'Check that this host and port are a Kafka listener of the expected security protocol.',
      })
    }
    this.#frame = length <= POOLED_BYTES_MAX ? Buffer.allocUnsafe(length) : takeFrameMemory(length)
    this.#filled = 0
  }

  #speaksTls(): SluiceError {
    return new SluiceError('KAFKA_PROTOCOL', 'The peer answers in TLS', {
      place: this.#place,
      remedy: 'Set ssl, or securityProtocol to SSL or SASL_SSL; or use the port of a listener without TLS.',
    })
  }

  #end(frame: Buffer): void {
    this.#frame = undefined
    this.#bytesMax = FRAME_BYTES_MAX
    this.#length = 0
    this.#lengthBytes = 0
    this.#onFrame(frame)
  }
}
