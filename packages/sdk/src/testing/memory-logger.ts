import type { LogFields, Logger } from '../ports.ts'

export interface LoggedLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly message: string
  readonly fields: LogFields
}

/** A logger that keeps its lines, those of its children included. */
export class MemoryLogger implements Logger {
  readonly lines: LoggedLine[]
  readonly #fields: LogFields

  constructor(fields: LogFields = {}, lines: LoggedLine[] = []) {
    this.#fields = fields
    this.lines = lines
  }

  debug(message: string, fields?: LogFields): void {
    this.#add('debug', message, fields)
  }

  info(message: string, fields?: LogFields): void {
    this.#add('info', message, fields)
  }

  warn(message: string, fields?: LogFields): void {
    this.#add('warn', message, fields)
  }

  error(message: string, fields?: LogFields): void {
    this.#add('error', message, fields)
  }

  child(fields: LogFields): Logger {
    return new MemoryLogger({ ...this.#fields, ...fields }, this.lines)
  }

  #add(level: LoggedLine['level'], message: string, fields: LogFields = {}): void {
    this.lines.push({ level, message, fields: { ...this.#fields, ...fields } })
  }
}
