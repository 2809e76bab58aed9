/**
 * A page that a cell writes and its supervisor reads when the cell cannot be asked any more: who was inside of a connector's code when
 * the event loop stood still, and what a cell had to say when it ended. A file without a name, open in both processes: writing is
 * synchronous, so that it is there whatever happens next, and costs a microsecond.
 */
import { randomUUID } from 'node:crypto'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type { Call, CallMarks } from './call-watch.ts'

const PLACE_BYTES = 4096
const NOBODY = Buffer.alloc(2)

/** Why a cell ends, as far as it knows itself. */
export interface LastWords {
  /** Null: not known. */
  readonly connector: string | null
  readonly reason: string
}

/** The supervisor's side. */
export class LastWordsPage {
  /** To be given to the cell's process. */
  readonly fd: number

  constructor() {
    const memory = '/dev/shm'
    const dir = fs.existsSync(memory) ? memory : os.tmpdir()
    const file = path.join(dir, `sluice-cell-${randomUUID()}`)
    this.fd = fs.openSync(file, 'wx+', 0o600)
    fs.unlinkSync(file)
  }

  /** Whose code is being run now. Null: nobody's, or it is not known. */
  call(): Call | null {
    return this.#read(0) as Call | null
  }

  words(): LastWords | null {
    return this.#read(PLACE_BYTES) as LastWords | null
  }

  close(): void {
    fs.closeSync(this.fd)
  }

  #read(at: number): unknown {
    const bytes = Buffer.alloc(PLACE_BYTES)
    const read = fs.readSync(this.fd, bytes, 0, PLACE_BYTES, at)
    const length = read < 2 ? 0 : bytes.readUInt16BE(0)
    if (length === 0 || length + 2 > read) return null
    try {
      return JSON.parse(bytes.toString('utf8', 2, 2 + length))
    } catch {
      // Caught in the middle of a write.
      return null
    }
  }
}

/** The cell's side. */
export class LastWordsWriter implements CallMarks {
  readonly #fd: number
  readonly #texts = new WeakMap<Call, Buffer>()

  constructor(fd: number) {
    this.#fd = fd
  }

  entered(call: Call): void {
    let text = this.#texts.get(call)
    if (text === undefined) this.#texts.set(call, (text = placed(call)))
    fs.writeSync(this.#fd, text, 0, text.length, 0)
  }

  left(): void {
    fs.writeSync(this.#fd, NOBODY, 0, NOBODY.length, 0)
  }

  /** The first are kept: what follows is mostly a consequence. */
  say(words: LastWords): void {
    const there = Buffer.alloc(2)
    if (fs.readSync(this.#fd, there, 0, 2, PLACE_BYTES) === 2 && there.readUInt16BE(0) > 0) return
    const text = placed({ ...words, reason: words.reason.slice(0, REASON_CHARS_MAX) })
    fs.writeSync(this.#fd, text, 0, text.length, PLACE_BYTES)
  }
}

const REASON_CHARS_MAX = 1200

function placed(value: Call | LastWords): Buffer {
  const json = Buffer.from(JSON.stringify(value))
  // A name that fills the page is not worth more than none.
  if (json.length + 2 > PLACE_BYTES) return NOBODY
  const bytes = Buffer.alloc(2 + json.length)
  bytes.writeUInt16BE(json.length, 0)
  json.copy(bytes, 2)
  return bytes
}
