/** One line a stage, rewritten in place on a terminal; elsewhere a line each time a stage is complete. */
export interface StageProgress {
  readonly stage: string
  readonly what: string
  readonly done: number
  /** Null while it is not known yet. */
  readonly total: number | null
  readonly complete: boolean
}

const REDRAW_MS = 100

export class ProgressLines {
  readonly #out: NodeJS.WriteStream
  readonly #live: boolean
  #drawn = 0
  #lastDraw = 0
  readonly #told = new Set<string>()

  constructor(out: NodeJS.WriteStream) {
    this.#out = out
    this.#live = out.isTTY
  }

  show(stages: readonly StageProgress[], final = false): void {
    if (!this.#live) {
      for (const stage of stages) {
        if (!stage.complete || this.#told.has(stage.stage)) continue
        this.#told.add(stage.stage)
        this.#out.write(`${line(stage)}\n`)
      }
      return
    }
    const now = performance.now()
    if (!final && now - this.#lastDraw < REDRAW_MS) return
    this.#lastDraw = now
    if (this.#drawn > 0) this.#out.write(`\x1b[${this.#drawn}A`)
    for (const stage of stages) this.#out.write(`\x1b[2K${line(stage)}\n`)
    this.#drawn = final ? 0 : stages.length
  }
}

const BAR = 24

function line({ stage, what, done, total, complete }: StageProgress): string {
  const share = total === null || total === 0 ? (complete ? 1 : 0) : Math.min(1, done / total)
  const filled = Math.round(share * BAR)
  const bar = '█'.repeat(filled) + '░'.repeat(BAR - filled)
  return `  ${complete ? '✓' : '·'} ${stage.padEnd(10)} ${bar} ${done.toLocaleString('en')} ${what}`
}
