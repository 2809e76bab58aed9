import type { RecentBytes, Slab, SlabHolder } from './recent-bytes.ts'

interface Piece {
  /** In the file. */
  position: number
  length: number
  readonly slab: Slab
  /** In the slab. */
  readonly at: number
}

/** The end of one file as far as memory remembers it: consecutive pieces, the last of which ends where the file does. */
export class RecentTail implements SlabHolder {
  readonly #recent: RecentBytes
  readonly #pieces: Piece[] = []
  #reserved: Slab | undefined

  constructor(recent: RecentBytes) {
    this.#recent = recent
  }

  /** Where memory begins in the file; Infinity if it remembers nothing. */
  get position(): number {
    return this.#pieces[0]?.position ?? Infinity
  }

  reserve(length: number): Buffer {
    const slab = this.#recent.reserve(length)
    this.#reserved = slab
    return slab.bytes.subarray(slab.used, slab.used + length)
  }

  /** What was reserved is now in the file, from `position` on. */
  keep(position: number, length: number): void {
    const slab = this.#reserved!
    const last = this.#pieces.at(-1)
    if (last !== undefined && last.slab === slab && last.at + last.length === slab.used) last.length += length
    else {
      this.#pieces.push({ position, length, slab, at: slab.used })
      slab.holders?.add(this)
    }
    slab.used += length
  }

  /** Adds views of the bytes from `position`, which is remembered, up to `end`. */
  read(position: number, end: number, into: Buffer[]): void {
    const pieces = this.#pieces
    let i = pieces.length - 1
    while (i > 0 && pieces[i]!.position > position) i--
    for (let from = position; from < end; i++) {
      const piece = pieces[i]!
      piece.slab.isSeen = true
      const start = piece.at + from - piece.position
      const stop = piece.at + Math.min(piece.length, end - piece.position)
      into.push(piece.slab.bytes.subarray(start, stop))
      from += stop - start
    }
  }

  forget(slab: Slab): void {
    const pieces = this.#pieces
    let count = 0
    while (count < pieces.length && pieces[count]!.slab === slab) count++
    pieces.splice(0, count)
  }

  /** Drops what lies at or behind a position of the file. */
  truncate(size: number): void {
    const pieces = this.#pieces
    for (let last = pieces.at(-1); last !== undefined; last = pieces.at(-1)) {
      if (last.position + last.length <= size) return
      if (last.position < size) {
        last.length = size - last.position
        return
      }
      pieces.pop()
    }
  }

  clear(): void {
    for (const { slab } of this.#pieces) slab.holders?.delete(this)
    this.#pieces.length = 0
  }
}
