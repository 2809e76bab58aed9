/** Logs by winston: one JSON object a line to a file, or a short line for people to standard error. */
import fs from 'node:fs'
import path from 'node:path'
import type { LogFields, Logger } from '@sluice/sdk'
import winston from 'winston'
import { LogLevels, parseLogLevel, ROOT_LOGGER, type LogLevel, type NamedLevel } from './operations/log-levels.ts'

export interface LogTarget {
  /** A file for JSON lines; without it, readable lines go to standard error. */
  readonly file?: string
  readonly level?: 'debug' | 'info' | 'warn' | 'error'
  /** Levels that can change while it is open, by the name that a child is given as `logger`; they take the place of `level`. */
  readonly levels?: LogLevels
}

/** A logger, and the way to end it with everything written. */
export interface ClosableLogger extends Logger {
  close(): Promise<void>
}

/** A file that cannot be written to is told of once on standard error; what is logged is then lost, and the work goes on. */
export function openLogger(target: LogTarget = {}): ClosableLogger {
  const { file, level = 'info', levels = new LogLevels(parseLogLevel(level)) } = target
  const stream = file === undefined ? process.stderr : openFile(file)
  const format =
    file === undefined ? readable : winston.format.combine(winston.format.timestamp(), winston.format.json())
  // winston writes whatever comes: what does is decided before a line is made.
  const root = winston.createLogger({ level: 'debug', transports: [new winston.transports.Stream({ stream, format })] })
  const close = async (): Promise<void> => {
    await new Promise<void>((resolve) => root.once('finish', resolve).end())
    if (file !== undefined) await new Promise<void>((resolve) => stream.end(() => resolve()))
  }
  let closed: Promise<void> | undefined
  return { ...adapt(root, {}, levels, levels.logger(ROOT_LOGGER)), close: () => (closed ??= close()) }
}

/** Opened here and not by winston, which keeps it to itself when a file cannot be written, and then never says that it is done. */
function openFile(file: string): NodeJS.WritableStream {
  fs.mkdirSync(path.dirname(file), { recursive: true })
  return fs.createWriteStream(file, { flags: 'a' }).on('error', (error) => {
    process.stderr.write(`The log ${file} cannot be written: ${error.message}\n`)
  })
}

function adapt(root: winston.Logger, context: LogFields, levels: LogLevels, named: NamedLevel): Logger {
  const mdc = connectorContext(context)
  const bound = mdc === '' ? context : { ...context, 'connector.context': mdc }
  // One object, because winston looks for `%s` and the like in a message of its own and then forgets the fields.
  const line = (level: string, rank: LogLevel) => (message: string, fields?: LogFields) => {
    if (named.allows(rank)) root.log({ ...bound, ...fields, level, message })
  }
  return {
    debug: line('debug', 'DEBUG'),
    info: line('info', 'INFO'),
    warn: line('warn', 'WARN'),
    error: line('error', 'ERROR'),
    child: (fields) => {
      const name = fields['logger']
      return adapt(root, { ...context, ...fields }, levels, typeof name === 'string' ? levels.logger(name) : named)
    },
  }
}

/** Kafka Connect's `connector.context` (KIP-449): `[name|worker] `, `[name|task-0] `, `[name|task-0|offsets] `; '' without a connector. */
function connectorContext({ connector, task, scope }: LogFields): string {
  if (typeof connector !== 'string') return ''
  const parts = [
    connector,
    typeof task === 'number' ? `task-${task}` : 'worker',
    ...(typeof scope === 'string' ? [scope] : []),
  ]
  return `[${parts.join('|')}] `
}

interface ReadableLine {
  readonly timestamp: string
  readonly level: string
  readonly message: string
  readonly 'connector.context'?: string
  readonly [fact: string]: unknown
}

/** Told by the context in front. */
const CONTEXT_FIELDS: ReadonlySet<string> = new Set(['connector', 'task', 'scope'])

/** `[name|task-0] message key=value`: Kafka Connect's connector context in front, so that existing log filters work. */
const readable = winston.format.combine(
  winston.format.timestamp(),
  winston.format.printf((info) => {
    const { timestamp, level, message, 'connector.context': context = '', ...rest } = info as unknown as ReadableLine
    const facts = Object.entries(rest)
      .filter(([key]) => context === '' || !CONTEXT_FIELDS.has(key))
      .map(([key, value]) => ` ${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    return `${timestamp} ${level.toUpperCase()} ${context}${message}${facts.join('')}`
  }),
)
