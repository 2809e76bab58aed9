import type { Clock } from '@sluice/sdk'
import type { Cell } from './cell.ts'
import type { CellBirth } from './cell-protocol.ts'

/** One that ended before it had work will not be better the next second. */
const PAUSE_MS = 60_000
/** Whoever creates many connectors in a row shall not wait for processes that are started for the next ones. */
const QUIET_MS = 1000

export interface SpareCellsParts {
  /** How many there are to be. */
  readonly count: number
  readonly spawn: () => Cell
  readonly clock: Clock
}

/** Cells that wait for work, with all that any work needs. */
export class SpareCells {
  readonly #parts: SpareCellsParts
  readonly #cells: Cell[] = []
  #from = 0
  #takenAt = 0
  #isStopped = false

  constructor(parts: SpareCellsParts) {
    this.#parts = parts
  }

  /** One that is there, if there is one. */
  take(): Cell | null {
    const at = this.#cells.findIndex(({ isUsable }) => isUsable)
    return at === -1 ? null : this.#cells.splice(at, 1)[0]!
  }

  /** Something is started, in whatever cell: until nothing was for a while, no new ones are. */
  taken(): void {
    this.#takenAt = this.#parts.clock.monotonic()
  }

  /** Once per heart-beat. */
  look(): void {
    for (const cell of this.#cells) cell.look()
  }

  fill(): void {
    const now = this.#parts.clock.monotonic()
    const usable = this.#cells.filter(({ isUsable }) => isUsable)
    if (usable.length < this.#cells.length) this.#from = now + PAUSE_MS
    this.#cells.splice(0, this.#cells.length, ...usable)
    if (this.#isStopped || now < this.#from || now - this.#takenAt < QUIET_MS) return
    while (this.#cells.length < this.#parts.count) this.#cells.push(this.#parts.spawn())
  }

  setLogLevel(level: CellBirth['logLevel']): void {
    for (const cell of this.#cells) cell.setLogLevel(level)
  }

  async stop(timeoutMs: number): Promise<void> {
    this.#isStopped = true
    await Promise.all(this.#cells.splice(0).map((cell) => cell.stop(timeoutMs)))
  }
}
