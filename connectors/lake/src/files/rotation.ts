import type { Clock } from '@sluice/sdk'
import { zoneOffset } from './zone-offset.ts'
import type { ZoneOffset } from './zone-offset.ts'

/** When the open files of a partition end. Each limit is off where it is not positive. */
export interface RotationRules {
  /** `flush.size` */
  readonly rowsMax: number
  /** `flush.bytes` */
  readonly bytesMax: number
  /** `rotate.interval.ms`: by the records' own time. */
  readonly spanMs: number
  /** `rotate.file.on.partition.change`: with a span, files end also when a record belongs to another folder than the last. */
  readonly endsWithFolder: boolean
  /** `rotate.schedule.interval.ms`: by the clock, at whole multiples of it in the zone. */
  readonly scheduleMs: number
  /** `rotate.age.ms`: when the oldest record has waited so long, also without traffic. */
  readonly ageMs: number
  /** `partitioner.max.open.files` */
  readonly filesMax: number
  readonly timezone: string
}

/** What is in the open files, for the decision whether they end. */
export class Rotation {
  readonly #rules: RotationRules
  readonly #clock: Clock
  readonly #offsetAt: ZoneOffset
  #firstTime = 0
  #lastFolder = ''
  #since = 0
  #nextScheduled = 0

  constructor(rules: RotationRules, clock: Clock) {
    this.#rules = rules
    this.#clock = clock
    this.#offsetAt = zoneOffset(rules.timezone)
  }

  /** The first record of new files. */
  begin(time: number): void {
    this.#firstTime = time
    this.#since = this.#clock.monotonic()
    const { scheduleMs } = this.#rules
    if (scheduleMs <= 0) return
    const local = this.#clock.now() + this.#offsetAt(this.#clock.now())
    this.#nextScheduled = this.#clock.now() + (scheduleMs - (local % scheduleMs))
  }

  /** A record is in the files. */
  wrote(folder: string): void {
    this.#lastFolder = folder
  }

  /** Whether a record that comes now ends the files before it. Follows from the records alone, but for the clock's own rules. */
  endsBefore(time: number, folder: string, isNewFile: boolean, files: number): boolean {
    const { spanMs, endsWithFolder, filesMax } = this.#rules
    if (spanMs > 0 && (time - this.#firstTime >= spanMs || (endsWithFolder && folder !== this.#lastFolder))) return true
    if (isNewFile && filesMax > 0 && files >= filesMax) return true
    return this.endsNow()
  }

  /** Whether the files are full. */
  isFull(rows: number, bytes: number): boolean {
    const { rowsMax, bytesMax } = this.#rules
    return (rowsMax > 0 && rows >= rowsMax) || (bytesMax > 0 && bytes >= bytesMax)
  }

  /** Whether the clock ends the files, with or without a record. */
  endsNow(): boolean {
    const { scheduleMs, ageMs } = this.#rules
    if (scheduleMs > 0 && this.#clock.now() >= this.#nextScheduled) return true
    return ageMs > 0 && this.#clock.monotonic() - this.#since >= ageMs
  }
}
