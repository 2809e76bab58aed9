/** Logs by winston: one JSON object a line to a file, or a short line for people to standard error. */
import type { LogFields, Logger } from '@sluice/sdk'
import winston from 'winston'

export interface LogTarget {
  /** A file for JSON lines; without it, readable lines go to standard error. */
  readonly file?: string
  readonly level?: 'debug' | 'info' | 'warn' | 'error'
}

/** A logger, and the way to end it with everything written. */
export interface ClosableLogger extends Logger {
  close(): Promise<void>
}

export function openLogger(target: LogTarget = {}): ClosableLogger {
  const root = winston.createLogger({
    level: target.level ?? 'info',
    transports: [
      target.file === undefined
        ? new winston.transports.Stream({ stream: process.stderr, format: readable })
        : new winston.transports.File({
            filename: target.file,
            format: winston.format.combine(winston.format.timestamp(), winston.format.json()),
          }),
    ],
  })
  return {
    ...adapt(root, {}),
    close: () =>
      new Promise((resolve) => {
        root.once('finish', () => setImmediate(resolve))
        root.end()
      }),
  }
}

function adapt(root: winston.Logger, context: LogFields): Logger {
  const line = (level: string) => (message: string, fields?: LogFields) => {
    root.log(level, message, fields === undefined ? context : { ...context, ...fields })
  }
  return {
    debug: line('debug'),
    info: line('info'),
    warn: line('warn'),
    error: line('error'),
    child: (fields) => adapt(root, { ...context, ...fields }),
  }
}

interface ReadableLine {
  readonly timestamp: string
  readonly level: string
  readonly message: string
  readonly connector?: string
  readonly task?: number
  readonly [fact: string]: unknown
}

/** `[name|task-0] message key=value`: Kafka Connect's connector context in front, so that existing log filters work. */
const readable = winston.format.combine(
  winston.format.timestamp(),
  winston.format.printf((info) => {
    const { timestamp, level, message, connector, task, ...rest } = info as unknown as ReadableLine
    const context = connector === undefined ? '' : ` [${connector}${task === undefined ? '' : `|task-${task}`}]`
    const facts = Object.entries(rest).map(([key, value]) => ` ${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    return `${timestamp} ${level.toUpperCase()}${context} ${message}${facts.join('')}`
  }),
)
