/** What is told (traces, remarks, answers, log lines) without the values of config providers that it may quote. */
import type { LogFields, Logger } from '@sluice/sdk'
import { fromWire, toWire, type WireError } from './cells/wire-error.ts'

/**
 * Shorter ones stay: an empty text is everywhere, and with "1" or "no" hidden no sentence could be read, nor any number; nobody is kept
 * from guessing a secret of two characters anyway. Longer ones are hidden wherever they stand, also inside of words: rather a mutilated
 * sentence ("true", "9092") than a secret that is part of a longer text.
 */
const LENGTH_MIN = 3
const HIDDEN = '[hidden]'

/** The text with `[hidden]` for each of the values, as they are and as they are quoted: trimmed, in JSON, in URLs. */
export function clean(text: string, values: ReadonlySet<string>): string {
  return cleaner(values)(text)
}

function cleaner(values: ReadonlySet<string>): (text: string) => string {
  const forms = new Set([...values].flatMap(formsOf).filter((form) => form.length >= LENGTH_MIN))
  if (forms.size === 0) return (text) => text
  // The longest first, so that of a value that begins with another nothing is left over.
  const sorted = [...forms].toSorted((a, b) => b.length - a.length)
  const any = new RegExp(sorted.map((form) => form.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')).join('|'), 'g')
  return (text) => text.replace(any, HIDDEN)
}

/** The error itself when it says nothing of the values; else one of its code, name and remedy, clean, as are its causes. */
export function cleanError(error: unknown, values: ReadonlySet<string>): unknown {
  if (values.size === 0) return error
  const wire = toWire(error)
  const cleaned = cleanWire(wire, cleaner(values))
  return cleaned === wire ? error : fromWire(cleaned)
}

/** What the work comes to; what it rejects with is clean. */
export async function cleanly<T>(values: ReadonlySet<string>, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw cleanError(error, values)
  }
}

/** Its lines are clean, in what they say and in the texts that they carry. */
export function cleanLogger(logger: Logger, values: ReadonlySet<string>): Logger {
  if (values.size === 0) return logger
  return cleanedLogger(logger, cleaner(values))
}

function cleanedLogger(logger: Logger, text: (message: string) => string): Logger {
  const fields = (given: LogFields): LogFields =>
    Object.fromEntries(
      Object.entries(given).map(([key, value]) => [key, typeof value === 'string' ? text(value) : value]),
    )
  const line =
    (level: 'debug' | 'info' | 'warn' | 'error') =>
    (message: string, given?: LogFields): void =>
      given === undefined ? logger[level](text(message)) : logger[level](text(message), fields(given))
  return {
    debug: line('debug'),
    info: line('info'),
    warn: line('warn'),
    error: line('error'),
    child: (given) => cleanedLogger(logger.child(fields(given)), text),
  }
}

function formsOf(value: string): readonly string[] {
  return [value, value.trim(), JSON.stringify(value.trim()).slice(1, -1), encoded(value.trim())]
}

function encoded(value: string): string {
  // Half of a pair is no character, and in no URL.
  return value.isWellFormed() ? encodeURIComponent(value) : value
}

function cleanWire(wire: WireError, text: (message: string) => string): WireError {
  const message = text(wire.message)
  const remedy = wire.remedy === null ? null : text(wire.remedy)
  const stack = wire.stack === null ? null : text(wire.stack)
  const cause = wire.cause === null ? null : cleanWire(wire.cause, text)
  const isSame = message === wire.message && remedy === wire.remedy && stack === wire.stack && cause === wire.cause
  return isSame ? wire : { ...wire, message, remedy, stack, cause }
}
