/** Levels of loggers by name, which can change while the worker runs (KIP-495), with Kafka Connect's answers. */
import { systemClock, type Clock } from '@sluice/sdk'
import { HerderError, type LoggerLevel } from '../herder/herder.ts'

/** Log4j's levels: what a line's level is at most to be written. */
const RANKS = { OFF: 0, FATAL: 1, ERROR: 2, WARN: 3, INFO: 4, DEBUG: 5, TRACE: 6, ALL: 7 } as const
export type LogLevel = keyof typeof RANKS

export const ROOT_LOGGER = 'root'

/** A logger's level as it is now: whoever logs holds on to it and asks at each line. */
export interface NamedLevel {
  readonly name: string
  readonly level: LogLevel
  readonly lastModified: number | null
  /** Whether lines of this level are written. */
  allows(level: LogLevel): boolean
}

/** In any case. @throws HerderError 404 for a word that is no level, as in Kafka Connect */
export function parseLogLevel(word: string): LogLevel {
  const upper = word.toUpperCase()
  if (!Object.hasOwn(RANKS, upper)) throw new HerderError(404, `invalid log level '${word}'.`)
  return upper as LogLevel
}

/**
 * Names are hierarchies by dots: a level that is set for `a.b` is set for `a.b.c` too, and holds for those that come later. A level for
 * `root` is one for all.
 */
export class LogLevels {
  readonly #clock: Clock
  readonly #loggers = new Map<string, LiveLevel>()
  readonly #root: LiveLevel

  constructor(level: LogLevel = 'INFO', clock: Clock = systemClock) {
    this.#clock = clock
    this.#root = new LiveLevel(ROOT_LOGGER, level)
    this.#loggers.set(ROOT_LOGGER, this.#root)
  }

  /** Known from now on, with the level of the nearest that is above it. */
  logger(name: string): NamedLevel {
    return this.#known(name)
  }

  /** Sorted by name; `root` is always among them. */
  loggers(): ReadonlyMap<string, LoggerLevel> {
    const sorted = [...this.#loggers.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1))
    return new Map(sorted.map((logger) => [logger.name, shown(logger)]))
  }

  /** Null: no such logger. */
  level(name: string): LoggerLevel | null {
    const logger = this.#loggers.get(name)
    return logger === undefined ? null : shown(logger)
  }

  /** The loggers that are concerned, sorted. @throws HerderError 404 for a word that is no level */
  setLevel(namespace: string, word: string): readonly string[] {
    const level = parseLogLevel(word)
    const name = namespace.toLowerCase() === ROOT_LOGGER ? ROOT_LOGGER : namespace
    this.#known(name)
    const isConcerned = (other: string): boolean =>
      name === ROOT_LOGGER || other === name || other.startsWith(`${name}.`)
    const concerned = [...this.#loggers.values()].filter((logger) => isConcerned(logger.name))
    for (const logger of concerned) logger.change(level, this.#clock.now())
    return concerned.map((logger) => logger.name).toSorted()
  }

  #known(name: string): LiveLevel {
    let logger = this.#loggers.get(name)
    if (logger === undefined) this.#loggers.set(name, (logger = new LiveLevel(name, this.#above(name).level)))
    return logger
  }

  #above(name: string): LiveLevel {
    for (let end = name.lastIndexOf('.'); end > 0; end = name.lastIndexOf('.', end - 1)) {
      const found = this.#loggers.get(name.slice(0, end))
      if (found !== undefined) return found
    }
    return this.#root
  }
}

class LiveLevel implements NamedLevel {
  readonly name: string
  level: LogLevel
  lastModified: number | null = null

  constructor(name: string, level: LogLevel) {
    this.name = name
    this.level = level
  }

  allows(level: LogLevel): boolean {
    return RANKS[level] <= RANKS[this.level]
  }

  /** The same level again is no change. */
  change(level: LogLevel, now: number): void {
    if (level === this.level) return
    this.level = level
    this.lastModified = now
  }
}

function shown({ level, lastModified }: LiveLevel): LoggerLevel {
  return { level, lastModified }
}
