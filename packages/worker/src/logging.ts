/** Logs by winston: one JSON object a line to a file, or a short line for people to standard error. */
import fs from 'node:fs'
import path from 'node:path'
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

/** A file that cannot be written to is told of once on standard error; what is logged is then lost, and the work goes on. */
export function openLogger(target: LogTarget = {}): ClosableLogger {
  const { file, level = 'info' } = target
  const stream = file === undefined ? process.stderr : openFile(file)
  const format =
    file === undefined ? readable : winston.format.combine(winston.format.timestamp(), winston.format.json())
  const root = winston.createLogger({ level, transports: [new winston.transports.Stream({ stream, format })] })
  const close = async (): Promise<void> => {
    await new Promise<void>((resolve) => root.once('finish', resolve).end())
    if (file !== undefined) await new Promise<void>((resolve) => stream.end(() => resolve()))
  }
  let closed: Promise<void> | undefined
  return { ...adapt(root, {}), close: () => (closed ??= close()) }
}

/** Opened here and not by winston, which keeps it to itself when a file cannot be written, and then never says that it is done. */
function openFile(file: string): NodeJS.WritableStream {
  fs.mkdirSync(path.dirname(file), { recursive: true })
  return fs.createWriteStream(file, { flags: 'a' }).on('error', (error) => {
    process.stderr.write(`The log ${file} cannot be written: ${error.message}\n`)
  })
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
