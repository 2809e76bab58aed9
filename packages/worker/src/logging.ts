/** Logs by winston: one JSON object a line to a file, or a short line for people to standard error. */
import { describeError, type LogFields, type Logger } from '@sluice/sdk'
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

/** A file that cannot be written to is said once on standard error; what is logged is then lost, and the work goes on. */
export function openLogger(target: LogTarget = {}): ClosableLogger {
  const { file, level = 'info' } = target
  const root = winston.createLogger({
    level,
    transports: [
      file === undefined
        ? new winston.transports.Stream({ stream: process.stderr, format: readable })
        : new winston.transports.File({
            filename: file,
            format: winston.format.combine(winston.format.timestamp(), winston.format.json()),
          }),
    ],
  })
  let isBroken = false
  const broken = Promise.withResolvers<void>()
  root.on('error', (error: unknown) => {
    if (!isBroken) process.stderr.write(`The log ${file ?? 'stream'} cannot be written: ${describeError(error)}\n`)
    isBroken = true
    broken.resolve()
  })
  return {
    ...adapt(root, {}),
    close: () => {
      const written = new Promise<void>((resolve) => {
        root.once('finish', () => setImmediate(resolve))
        root.end()
      })
      return Promise.race([written, broken.promise])
    },
  }
}

function adapt(root: winston.Logger, context: LogFields): Logger {
  // One object, because winston looks for `%s` and the like in a message of its own and then forgets the fields.
  const line = (level: string) => (message: string, fields?: LogFields) => {
    root.log({ ...context, ...fields, level, message })
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
    const facts = Object.entries(rest).map(
      ([key, value]) => ` ${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
    )
    return `${timestamp} ${level.toUpperCase()}${context} ${message}${facts.join('')}`
  }),
)
