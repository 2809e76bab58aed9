import { join } from 'node:path'
import type { Topic } from '../broker.ts'
import type { BrokerClock, Cancel } from '../clock.ts'
import type { FlushPolicy } from '../options.ts'
import { type DirectoryLock, lockDirectory } from './directory-lock.ts'
import { FileStorage, type FileStorageOptions } from './file-storage.ts'
import { MemoryStorage } from './memory-storage.ts'
import { type LogSurroundings, SegmentLog } from './partition-log.ts'
import type { LogStorage } from './storage.ts'

export interface LogsOptions extends FileStorageOptions {
  /** Without it everything is kept in memory. */
  readonly dataDir?: string | undefined
  readonly clock: BrokerClock
  readonly flush?: FlushPolicy | undefined
  /** Broker settings, as numbers of milliseconds; asked again each time. */
  readonly setting: (name: LogSetting) => number
  log?(level: 'info' | 'warn' | 'error', message: string): void
}

export type LogSetting = 'log.retention.check.interval.ms' | 'log.cleaner.backoff.ms' | 'producer.id.expiration.ms'

export interface KeptPartition {
  readonly log: SegmentLog
  /** Its topic was deleted. */
  readonly isGone: boolean
}

/** However often the settings ask for it. */
const INTERVAL_MS_MIN = 100
const FOLDER = 'topics'
/** How many logs the housekeeper looks at before it lets others have their turn. */
const LOGS_PER_TURN = 64

/** All logs of a broker, what they share, and their one housekeeper. */
export class Logs {
  readonly #options: LogsOptions
  readonly #storage: LogStorage
  readonly #lock: DirectoryLock | undefined
  readonly #around: LogSurroundings
  readonly #open = new Set<SegmentLog>()
  readonly #unflushed = new Set<SegmentLog>()
  readonly #cancels = new Map<string, Cancel>()
  /** All logs there are, opened as they are asked for. */
  #all: () => Iterable<KeptPartition> = () => []
  #isClosed = false

  /** Throws a sentence with its remedy if another process owns the directory. */
  constructor(options: LogsOptions) {
    const { dataDir, clock, flush = 'os', setting } = options
    this.#options = options
    this.#lock = dataDir === undefined ? undefined : lockDirectory(dataDir)
    this.#storage = dataDir === undefined ? new MemoryStorage() : new FileStorage(dataDir, options)
    const isFlushedLater = dataDir !== undefined && typeof flush === 'object'
    this.#around = {
      clock,
      isFlushedAlways: flush === 'every-write',
      producerExpirationMs: () => setting('producer.id.expiration.ms'),
      onWrite: (log) => void (isFlushedLater && this.#unflushed.add(log)),
      log: (level, message) => options.log?.(level, message),
    }
    if (isFlushedLater)
      this.#repeat(
        'flush',
        () => flush.everyMs,
        () => this.#flush(),
      )
    const interval = (name: LogSetting) => (): number => Math.max(INTERVAL_MS_MIN, setting(name))
    const keepHouse = (work: (log: SegmentLog) => void) => (): void => this.#walk(work)
    this.#repeat(
      'retain',
      interval('log.retention.check.interval.ms'),
      keepHouse((log) => log.removeExpired()),
    )
    this.#repeat(
      'compact',
      interval('log.cleaner.backoff.ms'),
      keepHouse((log) => log.compactIfDirty()),
    )
  }

  open(topic: Topic, index: number): SegmentLog {
    const directory = this.#storage.directory([FOLDER, topic.name, topic.id, String(index)])
    const log = new SegmentLog(`${topic.name}-${index}`, directory, () => topic.config, this.#around)
    this.#open.add(log)
    return log
  }

  /** Tells the housekeeper which partitions there are. */
  keep(all: () => Iterable<KeptPartition>): void {
    this.#all = all
  }

  /** A log whose topic is gone. */
  discard(log: SegmentLog): void {
    this.#open.delete(log)
    this.#unflushed.delete(log)
    log.release()
  }

  removeTopic({ name, id }: Pick<Topic, 'name' | 'id'>): void {
    this.#storage.remove([FOLDER, name, id])
    if (this.#storage.names([FOLDER, name]).length === 0) this.#storage.remove([FOLDER, name])
  }

  /** Removes what topics have left behind that are not among these: a crash came between a deletion and its end. */
  removeOthers(ids: ReadonlyMap<string, unknown>): void {
    for (const name of this.#storage.names([FOLDER])) {
      for (const id of this.#storage.names([FOLDER, name])) if (!ids.has(id)) this.removeTopic({ name, id })
    }
  }

  /** Notes in all logs that they are whole, and gives the directory back. */
  close(): void {
    if (this.#isClosed) return
    this.#end()
    for (const log of this.#open) log.close()
    this.#storage.close()
    this.#lock?.release()
  }

  /** As if the process had been killed here, for tests. */
  abandon(): void {
    this.#end()
    for (const log of this.#open) log.release()
    this.#storage.close()
    this.#lock?.release()
  }

  #end(): void {
    this.#isClosed = true
    for (const cancel of this.#cancels.values()) cancel()
  }

  #repeat(name: string, delayMs: () => number, run: () => void): void {
    const again = (): void => {
      run()
      schedule()
    }
    const schedule = (): void => void this.#cancels.set(name, this.#options.clock.schedule(delayMs(), again))
    schedule()
  }

  #flush(): void {
    for (const log of this.#unflushed) {
      try {
        log.flush()
        this.#unflushed.delete(log)
      } catch (error) {
        this.#around.log('error', `${log.name} cannot be flushed: ${String(error)}`)
      }
    }
  }

  #walk(work: (log: SegmentLog) => void): void {
    const partitions = [...this.#all()]
    const turn = (from: number): void => {
      for (const partition of partitions.slice(from, from + LOGS_PER_TURN)) {
        if (this.#isClosed) return
        this.#keep(partition, work)
      }
      if (from + LOGS_PER_TURN < partitions.length) setImmediate(turn, from + LOGS_PER_TURN)
    }
    turn(0)
  }

  #keep(partition: KeptPartition, work: (log: SegmentLog) => void): void {
    try {
      if (!partition.isGone) work(partition.log)
    } catch (error) {
      this.#around.log('error', `${partition.log.name} cannot be kept in order: ${String(error)}`)
    }
  }
}

/** Where the journal of the topics lies. */
export function journalPath(dataDir: string): string {
  return join(dataDir, 'topics.journal')
}
