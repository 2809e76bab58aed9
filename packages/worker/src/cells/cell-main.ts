/**
 * The program of a cell: started by its supervisor (`cell-process.ts`), ends with it. What it imports here every cell has in memory;
 * plugins, codecs and clients come with the work.
 */
import { pathToFileURL } from 'node:url'
import { describeError, systemClock } from '@sluice/sdk'
import { clean } from '../provided-values.ts'
import { CallWatch } from './call-watch.ts'
import { CellLog } from './cell-logger.ts'
import type { CellBirth, FromCell, LogLine, ToCell } from './cell-protocol.ts'
import { CellService } from './cell-service.ts'
import { LastWordsWriter } from './last-words.ts'
import { tidyHeap } from './tidying.ts'
import type { OpenEnvironment } from './work-environment.ts'

/** Where the supervisor has put the page: behind the three of every process and the IPC channel. */
const PAGE_FD = 4
const SECOND_LOOK_MS = 1000
const SIGNAL_GRACE_MS = 3000

const page = new LastWordsWriter(PAGE_FD)
const watch = new CallWatch(systemClock, page)
const exit = process.exit.bind(process)

// Without a supervisor nobody knows whether the work is still this cell's: it ends before it writes anything more.
process.on('disconnect', endAtOnce)
process.on('uncaughtException', (error, origin) => {
  const what =
    origin === 'unhandledRejection' ? 'a promise that nobody waits for was rejected' : 'an error was not caught'
  lastWords(`${what}: ${describeError(error)}\n${error instanceof Error ? (error.stack ?? '') : ''}`)
  exit(1)
})
function exitSaying(code?: string | number | null): never {
  const from = { stack: '' }
  Error.captureStackTrace(from, exitSaying)
  lastWords(`process.exit(${code ?? ''}) was called\n${from.stack.split('\n').slice(1).join('\n')}`)
  return exit(code)
}
process.exit = exitSaying
process.on('message', (message) => hear(message as ToCell))
process.once('SIGTERM', () => void end())

const early: ToCell[] = []
let isBorn = false
let service: CellService | undefined
let silence: { heard(): void } | undefined

function hear(message: ToCell): void {
  silence?.heard()
  if (message.type === 'birth') void begin(message)
  else if (service === undefined) early.push(message)
  else service.hear(message)
}

async function begin(birth: CellBirth): Promise<void> {
  if (isBorn) return
  isBorn = true
  silence = endWhenSilent(birth.silenceMaxMs)
  try {
    const log = new CellLog(birth.logLevel, sendLines)
    const { openEnvironment } = (await import(urlOf(birth.module))) as { readonly openEnvironment: OpenEnvironment }
    const environment = await openEnvironment(birth.given, log.logger())
    service = new CellService({
      environment,
      watch,
      log,
      send,
      residentBytes: () => process.memoryUsage.rss(),
      stopped: () => exit(0),
      tidy: tidyHeap,
    })
    send({ type: 'ready' })
    for (const message of early.splice(0)) service.hear(message)
    environment.prepare?.().catch(() => undefined)
  } catch (error) {
    lastWords(`the cell could not begin: ${describeError(error)}`)
    exit(1)
  }
}

/** As far as it can: whoever sends the signal does not wait for long. */
async function end(): Promise<void> {
  await service?.stop(SIGNAL_GRACE_MS)
  exit(0)
}

/** A supervisor that is frozen, not gone, lets others take its work; this cell must not go on with it. */
function endWhenSilent(silenceMaxMs: number): { heard(): void } {
  let isSecondLook = false
  const timer = setTimeout(() => {
    // When this process was frozen itself, what came in meanwhile is heard before the second look.
    if (isSecondLook) return endAtOnce()
    isSecondLook = true
    setTimeout(() => {
      if (isSecondLook) endAtOnce()
    }, SECOND_LOOK_MS).unref()
  }, silenceMaxMs)
  timer.unref()
  return {
    heard: () => {
      isSecondLook = false
      timer.refresh()
    },
  }
}

function lastWords(reason: string): void {
  page.say({ connector: watch.current?.connector ?? null, reason: clean(reason, service?.values ?? new Set()) })
}

function send(message: FromCell, sent: () => void = () => undefined): void {
  // A channel that has closed says so by `disconnect`.
  if (process.connected) process.send!(message, undefined, undefined, sent)
}

function sendLines(lines: readonly LogLine[]): Promise<void> {
  const message: FromCell = { type: 'log', lines }
  return new Promise((resolve) => {
    if (process.connected) process.send!(message, undefined, undefined, () => resolve())
    else resolve()
  })
}

/** With all processes that connectors have started. */
function endAtOnce(): void {
  try {
    process.kill(-process.pid, 'SIGKILL')
  } finally {
    process.kill(process.pid, 'SIGKILL')
  }
}

function urlOf(module: string): string {
  return module.startsWith('/') ? pathToFileURL(module).href : module
}
