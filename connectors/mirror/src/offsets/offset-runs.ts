import type { OffsetRun } from '../formats/offset-sync.ts'

/** Runs of one partition that are kept, at most. */
const RUNS_MAX = 10_000

/**
 * Where the records of one partition lie on the target, as far as it is known, and so where a group is to go on there that has committed
 * an offset on the source.
 *
 * The rule: of the last run that does not begin behind the committed offset, as many records are behind the group as lie before it, and
 * never more than the run has. So everything before the place has been consumed, whatever is missing here (nothing is lost); and within a
 * run, at its end, and in a gap of the source behind it, everything consumed lies before the place (nothing is read twice). What has been
 * mirrored but is not known is read again, and only that.
 *
 * A run of one record is what Java's mirrors tell, and what is found then is what they find (KAFKA-12468, KAFKA-13659).
 */
export class OffsetRuns {
  readonly #max: number
  readonly #runs: OffsetRun[] = []

  constructor(runsMax: number = RUNS_MAX) {
    this.#max = runsMax
  }

  get count(): number {
    return this.#runs.length
  }

  /** The offset on the target; null when the group stands before everything that is known. */
  translate(committed: number): number | null {
    const run = this.#runs[this.#lastUpTo(committed)]
    return run === undefined ? null : run.downstream + Math.min(committed - run.upstream, run.count)
  }

  /**
   * Takes what was told last. A run takes the place of all that lies behind its beginning on the source: a mirror that was killed, or
   * put back, sends such records once more, and the last copy is the one behind which nothing comes twice. A run that lies before known
   * ones on the target takes the place of everything: the topic there is a new one.
   */
  add(run: OffsetRun): void {
    const last = this.#runs.at(-1)
    if (last !== undefined && run.downstream < last.downstream + last.count) this.#runs.length = 0
    this.#truncate(run.upstream)
    const before = this.#runs.at(-1)
    if (before !== undefined && follows(before, run))
      this.#runs[this.#runs.length - 1] = { ...before, count: before.count + run.count }
    else this.#runs.push(run)
    if (this.#runs.length > this.#max) this.#thinOut()
  }

  #truncate(upstream: number): void {
    while (this.#runs.length > 0) {
      const last = this.#runs.at(-1)!
      if (last.upstream + last.count <= upstream) return
      this.#runs.pop()
      if (last.upstream < upstream) this.#runs.push({ ...last, count: upstream - last.upstream })
    }
  }

  /** Leaves out every other of the older half: a group far behind goes on at the end of the run before, and reads some again. */
  #thinOut(): void {
    const half = this.#runs.length >> 1
    const thinned = this.#runs.filter((_, i) => i >= half || i % 2 === 0)
    this.#runs.splice(0, this.#runs.length, ...thinned)
  }

  /** Of the last run that begins at the offset or before it; -1: there is none. */
  #lastUpTo(upstream: number): number {
    let low = 0
    let high = this.#runs.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#runs[middle]!.upstream <= upstream) low = middle + 1
      else high = middle
    }
    return low - 1
  }
}

function follows(before: OffsetRun, run: OffsetRun): boolean {
  return before.upstream + before.count === run.upstream && before.downstream + before.count === run.downstream
}
