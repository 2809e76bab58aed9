import { SluiceError } from '@sluice/sdk'
import type { SourcePartition, SourcePosition, SourceRecord, SourceTask, SourceTaskContext } from '@sluice/sdk'
import { ChangeEvents } from './change-events.ts'
import { rowsOf, type DatagenSettings } from './datagen-settings.ts'
import { IntervalPace, RatePace, unpaced, type Pace } from './pace.ts'
import { placeIn } from './place.ts'
import { PlainRecords } from './plain-records.ts'
import type { MadeRecord, RecordMaker } from './record-maker.ts'
import { RecordRandom } from './record-random.ts'

const POLL_RECORDS_MAX = 1000
/** Records may be big: a poll ends when it took so long, too. */
const POLL_MS = 50
const POLL_CHECK_RECORDS = 32
const FIRST_RECORDS = 4
const IDLE_MS = 1000

export class DatagenTask implements SourceTask {
  readonly #settings: DatagenSettings
  readonly #context: SourceTaskContext
  readonly #partition: SourcePartition
  readonly #maker: RecordMaker
  readonly #pace: Pace
  /** Numbers from here on are not made. */
  readonly #end: number
  /** Null: no change events. */
  readonly #table: string | null
  #next = 0
  #isTombstoneNext = false
  #isEndTold = false

  constructor(settings: DatagenSettings, context: SourceTaskContext, version: string) {
    this.#settings = settings
    this.#context = context
    this.#partition = { 'task.id': context.task }
    const seed = seedOf(settings, context.connector)
    this.#maker = makerOf(settings, context, seed, version)
    this.#pace = paceOf(settings, context)
    this.#end = settings.iterations < 1 ? Infinity : settings.iterations
    this.#table = settings['change.events'] ? tableMark(settings, seed) : null
  }

  /** @throws SluiceError POSITION_UNREADABLE also for the position in another table: its rows are not those that would be changed now */
  async start(): Promise<void> {
    const stored = await this.#context.position(this.#partition)
    if (stored === null) return
    const place = placeIn(stored)
    if (place.table !== this.#table && place.number > 0)
      throw new SluiceError(
        'POSITION_UNREADABLE',
        'The stored position is one in other records than those that the settings say',
        {
          place: { position: JSON.stringify(stored) },
          remedy:
            'Set seed and change.events… back to what they were; or stop the connector, delete its offsets, and resume it.',
        },
      )
    this.#next = place.number
    this.#isTombstoneNext = place.isTombstoneNext
  }

  async poll(signal: AbortSignal): Promise<readonly SourceRecord[] | null> {
    const { clock, logger } = this.#context
    const left = this.#end - this.#next
    if (left <= 0) {
      if (!this.#isEndTold) logger.info('All records are made', { records: this.#next })
      this.#isEndTold = true
      await clock.sleep(IDLE_MS, signal)
      return null
    }
    const due = await this.#pace.due(Math.min(left, POLL_RECORDS_MAX), signal)
    const since = clock.monotonic()
    const records: SourceRecord[] = []
    let made = 0
    while (made < due) {
      this.#make(records)
      made++
      if ((made < FIRST_RECORDS || made % POLL_CHECK_RECORDS === 0) && clock.monotonic() - since > POLL_MS) break
    }
    this.#pace.made(made)
    return records
  }

  async stop(): Promise<void> {}

  #make(records: SourceRecord[]): void {
    const number = this.#next
    const made = this.#maker.make(number)
    const { hasTombstone } = made
    if (!this.#isTombstoneNext)
      records.push(this.#record(made, hasTombstone ? this.#position(number, true) : this.#position(number + 1)))
    if (hasTombstone) {
      const tombstone = { ...made, valueSchema: null, value: null }
      records.push(this.#record(tombstone, this.#position(number + 1)))
    }
    this.#isTombstoneNext = false
    this.#next = number + 1
  }

  #position(next: number, isTombstoneNext = false): SourcePosition {
    if (this.#table === null) return { next }
    return isTombstoneNext ? { next, tombstone: true, table: this.#table } : { next, table: this.#table }
  }

  #record(made: MadeRecord, sourcePosition: SourcePosition): SourceRecord {
    return {
      topic: this.#settings['kafka.topic'],
      partition: null,
      keySchema: made.keySchema,
      key: made.key,
      valueSchema: made.valueSchema,
      value: made.value,
      timestamp: null,
      headers: null,
      sourcePartition: this.#partition,
      sourcePosition,
    }
  }
}

function seedOf(settings: DatagenSettings, connector: string): string {
  const seed = settings.seed ?? settings['random.seed']
  return seed === null ? `connector ${connector}` : `seed ${seed}`
}

function makerOf(settings: DatagenSettings, context: SourceTaskContext, seed: string, version: string): RecordMaker {
  const rows = rowsOf(settings)
  const { connector, task } = context
  const shared = { rows, task, random: new RecordRandom(seed), hasSchemas: settings['schemas.enable'] }
  if (!settings['change.events']) return new PlainRecords(shared)
  return new ChangeEvents({
    ...shared,
    seed,
    connector,
    version,
    topic: settings['kafka.topic'],
    size: settings['change.events.rows'],
    updates: settings['change.events.updates'],
    hasDeletes: settings['change.events.deletes'],
    hasTombstones: settings['tombstones.on.delete'],
    startMs: settings['change.events.start.ms'],
    stepMs: settings['change.events.step.ms'],
  })
}

/** What tells tables apart whose changes do not go together. */
function tableMark(settings: DatagenSettings, seed: string): string {
  const facts = ['rows', 'updates', 'deletes'].map((name) => settings[`change.events.${name}` as 'change.events.rows'])
  return new RecordRandom(`${seed} ${facts.join(' ')}`).at(0, 0, 0).word().toString(16)
}

function paceOf(settings: DatagenSettings, { clock, random }: SourceTaskContext): Pace {
  const perSecond = settings['records.per.second']
  if (perSecond !== null) return new RatePace(perSecond, clock)
  const longest = settings['max.interval']
  return longest === 0 ? unpaced : new IntervalPace(longest, clock, random)
}
