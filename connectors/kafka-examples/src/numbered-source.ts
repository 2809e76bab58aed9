/** What the sources that count have in common: the partition `{"id": task}`, the position `{"seqno": last}`, and one task per id. */
import { SluiceError } from '@sluice/sdk'
import type { RawSettings, SourcePartition, SourceTaskContext } from '@sluice/sdk'

/** Most records of one poll: Java has one. */
export const POLL_RECORDS_MAX = 100

export function partitionOf(task: number): SourcePartition {
  return { id: task }
}

/** The number that comes next. @throws SluiceError POSITION_UNREADABLE */
export async function nextNumber(context: SourceTaskContext, partition: SourcePartition): Promise<number> {
  const stored = await context.position(partition)
  if (stored === null) return 0
  const last = stored['seqno']
  if (typeof last === 'number' && Number.isInteger(last)) return last + 1
  throw new SluiceError('POSITION_UNREADABLE', 'The stored position has no number', {
    place: { position: JSON.stringify(stored) },
    remedy: 'Stop the connector, delete its offsets, and resume it.',
  })
}

/** As many tasks as there may be, each with its number as Java's task reads it. */
export function numberedTasks(raw: RawSettings, maxTasks: number): RawSettings[] {
  return Array.from({ length: maxTasks }, (_, id) => ({ ...raw, id: String(id) }))
}

/** A line of JSON on standard output, which is what the system tests read. */
export function print(fact: Readonly<Record<string, unknown>>): void {
  process.stdout.write(`${JSON.stringify(fact)}\n`)
}
