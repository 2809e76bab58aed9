/** Memory that starting has taken and that nobody needs any more, given back to the system. */
import v8 from 'node:v8'
import vm from 'node:vm'

/** A larger heap takes too long: the process stands still meanwhile, some 70 ms for this much. */
const HEAP_BYTES_MAX = 67_108_864

/** Modules, settings and requests leave twice as much behind as they need, and nobody would clean up after them in an idle process. */
export class Tidying {
  readonly #tidy: () => void
  readonly #afterBeats: number
  #beatsLeft: number

  /** `tidy` is called once, at the beat of this number after the last start. */
  constructor(tidy: () => void, afterBeats: number) {
    this.#tidy = tidy
    this.#afterBeats = afterBeats
    this.#beatsLeft = afterBeats
  }

  /** Something is started. */
  again(): void {
    this.#beatsLeft = this.#afterBeats
  }

  /** Once per heart-beat. */
  beat(): void {
    if (this.#beatsLeft === 0) return
    this.#beatsLeft -= 1
    if (this.#beatsLeft === 0) this.#tidy()
  }
}

/** Of this process; not when it has much. A plain collection would give nothing back. */
export function tidyHeap(): void {
  if (process.memoryUsage().heapUsed > HEAP_BYTES_MAX) return
  collector()({ type: 'major', execution: 'sync', flavor: 'last-resort' })
}

type Collector = (how: { type: 'major'; execution: 'sync'; flavor: 'last-resort' }) => void

/** What `--expose-gc` makes global, for this file alone. */
function collector(): Collector {
  v8.setFlagsFromString('--expose-gc')
  return vm.runInNewContext('gc') as Collector
}
