/**
 * Where the values of the open page stand in their rows (Dremel's levels, as parquet-format has them). An entry is a value or
 * its absence: its definition level says how much of the way down to it is there, its repetition level at which list a new
 * element begins (0: a new row). A flat column has at most one definition level (0 = null, 1 = value), and none where it is
 * required; only columns below a list or map have repetition levels.
 */
import { bitWidth, hybridBytesMax, writeHybrid, writeRun } from './hybrid.ts'

/** The repetition level of the entry that comes next; one for all columns below a top column. */
export interface RepetitionState {
  level: number
}

/** A column's place in the tree of the schema. */
export interface LeafPlace {
  /** The definition level of a value that is there. */
  readonly definition: number
  /** How many lists and maps it is below. */
  readonly repetition: number
  readonly state: RepetitionState
}

/** The levels of a page as a whole, and how they are written. */
export class PageLevels {
  /** Values and absences of the page. */
  entries = 0
  /** Those of them that are absences. */
  nulls = 0
  protected readonly max: number
  protected readonly maxRepetition: number
  protected readonly isRepeated: boolean
  protected definitions: Uint8Array = new Uint8Array(0)
  protected repetitions: Uint8Array = new Uint8Array(0)
  protected begunRows = 0

  constructor(place: LeafPlace) {
    this.max = place.definition
    this.maxRepetition = place.repetition
    this.isRepeated = place.repetition > 0
  }

  /** Rows of the page. */
  get rows(): number {
    return this.isRepeated ? this.begunRows : this.entries
  }

  /** Room that both kinds of levels may need, lengths included. */
  get bytesMax(): number {
    const definitions = this.max === 0 ? 0 : 4 + hybridBytesMax(this.entries, bitWidth(this.max))
    return definitions + (this.isRepeated ? 4 + hybridBytesMax(this.entries, bitWidth(this.maxRepetition)) : 0)
  }

  /** Writes the levels as a data page v1 wants them, each kind behind its length; answers the place behind them. */
  write(out: Uint8Array, start: number): number {
    let at = start
    if (this.isRepeated) at = withLength(out, at, this.writeRepetitions(out, at + 4))
    if (this.max !== 0) at = withLength(out, at, this.writeDefinitions(out, at + 4))
    return at
  }
  writeRepetitions(out: Uint8Array, start: number): number {
    return this.isRepeated
      ? writeHybrid(this.repetitions, this.entries, bitWidth(this.maxRepetition), out, start)
      : start
  }
  writeDefinitions(out: Uint8Array, start: number): number {
    if (this.max === 0) return start
    const width = bitWidth(this.max)
    return this.nulls === 0
      ? writeRun(this.max, this.entries, width, out, start)
      : writeHybrid(this.definitions, this.entries, width, out, start)
  }

  startPage(): void {
    this.entries = 0
    this.nulls = 0
    this.begunRows = 0
  }

  /** The definition levels as bytes, one per entry; empty where all are those of values. */
  get definitionBytes(): Uint8Array {
    return this.definitions.subarray(0, this.max === 0 || this.nulls === 0 ? 0 : this.entries)
  }
  /** The same of the repetition levels; empty where there are none. */
  get repetitionBytes(): Uint8Array {
    return this.repetitions.subarray(0, this.isRepeated ? this.entries : 0)
  }
  /** Takes over the levels of a page that another thread gave. */
  load(
    { entries, nulls, rows }: Readonly<Record<'entries' | 'nulls' | 'rows', number>>,
    definitions: Uint8Array,
    repetitions: Uint8Array,
  ): void {
    this.entries = entries
    this.nulls = nulls
    this.begunRows = rows
    this.definitions = definitions
    this.repetitions = repetitions
  }
}

/** The levels of the open page, entry by entry. */
export class LevelWriter extends PageLevels {
  private readonly state: RepetitionState
  /** The entry that the row at hand begins with. */
  private rowStart = 0

  constructor(place: LeafPlace) {
    super(place)
    this.state = place.state
  }

  /** Whether the entry that comes next begins a row: a page ends nowhere else. */
  get atRowStart(): boolean {
    return !this.isRepeated || this.state.level === 0
  }

  /** Makes room for `entries` entries in a page; whoever adds more than that loses them. */
  grow(entries: number): void {
    if (this.max !== 0) this.definitions = larger(this.definitions, entries)
    if (this.isRepeated) this.repetitions = larger(this.repetitions, entries)
  }

  addValue(): void {
    if (this.max !== 0) this.definitions[this.entries] = this.max
    if (this.isRepeated) this.addRepetition()
    this.entries++
  }
  /** `level`: how much of the way is there, below that of a value. */
  addNull(level: number): void {
    this.definitions[this.entries] = level
    if (this.isRepeated) this.addRepetition()
    this.entries++
    this.nulls++
  }
  /** Takes the last row back; answers how many values it held. */
  undo(): number {
    const start = this.isRepeated ? this.rowStart : this.entries - 1
    let values = 0
    for (let i = start; i < this.entries; i++) {
      if (this.max === 0 || this.definitions[i] === this.max) values++
    }
    this.nulls -= this.entries - start - values
    this.entries = start
    if (this.isRepeated) this.begunRows--
    return values
  }

  private addRepetition(): void {
    const { level } = this.state
    this.repetitions[this.entries] = level
    if (level !== 0) return
    this.rowStart = this.entries
    this.begunRows++
  }
}

function larger(bytes: Uint8Array, length: number): Uint8Array {
  const grown = new Uint8Array(Math.max(length, bytes.length))
  grown.set(bytes)
  return grown
}

/** Writes how many bytes stand from `start + 4` to `end`. */
function withLength(out: Uint8Array, start: number, end: number): number {
  const length = end - start - 4
  out[start] = length & 255
  out[start + 1] = (length >>> 8) & 255
  out[start + 2] = (length >>> 16) & 255
  out[start + 3] = length >>> 24
  return end
}
