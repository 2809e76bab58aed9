/** Why a cell has ended, in words for the trace of everything that it had. */
import { SluiceError } from '@sluice/sdk'
import type { CellExit } from './cell-process.ts'

export interface CellEnd {
  readonly reason: string
  /** Whose fault it was; null: not known. */
  readonly culprit: string | null
}

export interface EndedCell {
  readonly name: string
  readonly pid: number
  readonly heapMaxBytes: number
  /** What it was ended for by its supervisor; null: it ended by itself. */
  readonly endedFor: string | null
}

/** Of every reason; nothing else is worded so. */
const BEGINNING = 'The cell of '
const OUT_OF_MEMORY = /heap out of memory|Reached heap limit|allocation failed|std::bad_alloc/i
const MIB = 1_048_576

export function endOf(cell: EndedCell, exit: CellExit): CellEnd {
  const { words, call } = exit
  const sentence = `${BEGINNING}${cell.name} (process ${cell.pid}) ${whatHappened(cell, exit)}`
  const culprit = words?.connector ?? call?.connector ?? null
  const parts = [sentence]
  if (call !== null && cell.endedFor === null)
    parts.push(`It was running ${call.what} of ${taskName(call.connector, call.task)} then.`)
  if (words !== null) parts.push(`${words.connector === null ? '' : `${words.connector}: `}${words.reason}`)
  if (exit.lastLines.length > 0) parts.push(`Its last lines of standard error:\n  ${exit.lastLines.join('\n  ')}`)
  return { reason: parts.join('\n'), culprit }
}

/** Whether a trace tells of a cell's end. */
export function tellsOfEnd(trace: string): boolean {
  return trace.startsWith(BEGINNING)
}

/** `orders-3`, or the connector's own name. */
export function taskName(connector: string, task: number | null): string {
  return task === null ? `connector ${connector}` : `task ${connector}-${task}`
}

function whatHappened({ endedFor, heapMaxBytes }: EndedCell, { code, signal, lastLines }: CellExit): string {
  if (endedFor !== null) return `was ended: ${endedFor}.`
  if (lastLines.some((line) => OUT_OF_MEMORY.test(line)))
    return `ran out of memory: its JavaScript heap may have ${Math.round(heapMaxBytes / MIB)} MiB.`
  if (signal !== null) return `was ended by ${signal}, not by its supervisor.`
  if (code === null) return 'could not be started.'
  return `exited with code ${code}.`
}

/** What waits for a cell that has ended is told. */
export function endError(end: CellEnd): SluiceError {
  return new SluiceError('CELL_ENDED', end.reason, {
    remedy: 'It is started again by itself, with pauses; the reason tells what to mend.',
  })
}
