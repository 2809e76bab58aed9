import type { Clock, LogFields, Logger } from '@sluice/sdk'
import { clean, cleanLogger } from '../provided-values.ts'
import { processorOf } from './instance-work.ts'

export interface LoggedLine {
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  /** Null: of the process, or of all instances. */
  readonly instance: number | null
  readonly message: string
}

/** Of each processor. */
const LINES_MAX = 500
const CHARS_MAX = 4_000
const NONE: ReadonlySet<string> = new Set()

/**
 * The last lines of each processor, whether its cell logged or wrote them. They go on to the worker's log, where what cells call a connector
 * is called a processor.
 */
export class LastLines {
  readonly #clock: Clock
  readonly #lines = new Map<string, LoggedLine[]>()
  readonly #hidden = new Map<string, ReadonlySet<string>>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** The oldest first. */
  of(processor: string, count: number = LINES_MAX): readonly LoggedLine[] {
    return count === 0 ? [] : (this.#lines.get(processor) ?? []).slice(-count)
  }

  /**
   * From now on its lines are kept, without these values of config providers: its code may write what it likes. Those of one that was never
   * begun, or is forgotten, are not: names without end may be asked about.
   */
  keep(processor: string, values: ReadonlySet<string>): void {
    this.#hidden.set(processor, values)
  }

  forget(processor: string): void {
    this.#lines.delete(processor)
    this.#hidden.delete(processor)
  }

  /** A text of it, as the end of its process, which may quote what it wrote. */
  cleaned(processor: string, text: string): string {
    return clean(text, this.#hidden.get(processor) ?? NONE)
  }

  /** Writes on to this one. */
  logger(onward: Logger, context: LogFields = {}): Logger {
    const line =
      (level: LoggedLine['level']) =>
      (message: string, fields: LogFields = {}): void => {
        const renamed = inWordsOfProcessors(fields)
        const whole = { ...context, ...renamed }
        cleanLogger(onward, this.#hiddenIn(whole))[level](message, renamed)
        this.#keep(level, message, whole)
      }
    return {
      debug: line('debug'),
      info: line('info'),
      warn: line('warn'),
      error: line('error'),
      child: (fields) => {
        const renamed = inWordsOfProcessors(fields)
        return this.logger(onward.child(renamed), { ...context, ...renamed })
      },
    }
  }

  /** Of the one that a line is about; of all, where its process may be that of any. */
  #hiddenIn({ processor, cell }: LogFields): ReadonlySet<string> {
    const name = typeof processor === 'string' ? processor : processorOfCell(cell)
    if (name !== null) return this.#hidden.get(name) ?? NONE
    return cell === undefined ? NONE : new Set([...this.#hidden.values()].flatMap((values) => [...values]))
  }

  #keep(level: LoggedLine['level'], message: string, fields: LogFields): void {
    const { processor, instance, cell, stream: _, application: __, ...more } = fields
    const name = typeof processor === 'string' ? processor : processorOfCell(cell)
    const hidden = name === null ? undefined : this.#hidden.get(name)
    if (name === null || hidden === undefined) return
    const lines = this.#lines.get(name) ?? []
    this.#lines.set(name, lines)
    const facts = Object.keys(more).length === 0 ? '' : ` ${JSON.stringify(more)}`
    const whole = clean(`${message}${facts}`, hidden).slice(0, CHARS_MAX)
    lines.push({
      at: this.#clock.now(),
      level,
      instance: typeof instance === 'number' ? instance : null,
      message: whole,
    })
    if (lines.length > LINES_MAX) lines.shift()
  }
}

function inWordsOfProcessors({ connector, task, ...fields }: LogFields): LogFields {
  return {
    ...(connector !== undefined && { processor: typeof connector === 'string' ? processorOf(connector) : connector }),
    ...(task !== undefined && { instance: task }),
    ...fields,
  }
}

/** Of a line that a cell wrote past its logger; null where it has several, or none. */
function processorOfCell(cell: unknown): string | null {
  const prefix = 'processor '
  return typeof cell === 'string' && cell.startsWith(prefix) ? processorOf(cell.slice(prefix.length)) : null
}
