import type { LogFields, Logger } from '@sluice/sdk'
import type { LogLevels } from '../operations/log-levels.ts'
import type { LogLevel, LogLine } from './cell-protocol.ts'

const RANK: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 }
/** Together two thousand lines a second at most. */
const LINES_MAX = 500
const FLUSH_MS = 250

/** What cells must send so that no logger of the worker misses a line that it would write. */
export function leastLevel(levels: Pick<LogLevels, 'loggers'>): LogLevel {
  const wanted = new Set([...levels.loggers().values()].map(({ level }) => level))
  if (['DEBUG', 'TRACE', 'ALL'].some((level) => wanted.has(level))) return 'debug'
  if (wanted.has('INFO')) return 'info'
  return wanted.has('WARN') ? 'warn' : 'error'
}

/** Hands lines on, some at a time; resolves when they are out of the house. */
export type SendLines = (lines: readonly LogLine[]) => Promise<void>

/** What a cell has to say, on its way to the supervisor's log. Lines wait in a bounded queue; those beyond it are counted and left out. */
export class CellLog {
  level: LogLevel
  readonly #send: SendLines
  #waiting: LogLine[] = []
  #dropped = 0
  #isScheduled = false
  #sending: Promise<void> = Promise.resolve()

  constructor(level: LogLevel, send: SendLines) {
    this.level = level
    this.#send = send
  }

  logger(context: LogFields = {}): Logger {
    const line = (level: LogLevel) => (message: string, fields?: LogFields) => {
      if (RANK[level] >= RANK[this.level]) this.#add({ level, message, fields: { ...context, ...fields } })
    }
    return {
      debug: line('debug'),
      info: line('info'),
      warn: line('warn'),
      error: line('error'),
      child: (fields) => this.logger({ ...context, ...fields }),
    }
  }

  /** Everything said so far is on its way. */
  flush(): Promise<void> {
    const lines = this.#waiting
    if (lines.length === 0) return this.#sending
    this.#waiting = []
    if (this.#dropped > 0) {
      lines.push({ level: 'warn', message: `${this.#dropped} lines of the log were left out`, fields: {} })
      this.#dropped = 0
    }
    this.#sending = this.#sending.then(() => this.#send(lines))
    return this.#sending
  }

  #add(line: LogLine): void {
    if (this.#waiting.length >= LINES_MAX) {
      this.#dropped++
      return
    }
    this.#waiting.push(line)
    if (this.#isScheduled) return
    this.#isScheduled = true
    setTimeout(() => {
      void this.#sending.then(() => {
        this.#isScheduled = false
        return this.flush()
      })
    }, FLUSH_MS).unref()
  }
}
