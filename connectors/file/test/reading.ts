import type { RawSettings, SourcePosition, Value } from '@sluice/sdk'
import { FakeSourceContext, SourceRun } from '@sluice/sdk/testing'
import type { SourceEvent } from '@sluice/sdk/testing'
import { fileSource } from '../src/index.ts'
import { FileSourceTask } from '../src/file-source-task.ts'

/** The file source with reads of that size, so that rows fall across them. */
export function sourceInChunksOf(chunkBytes: number): typeof fileSource {
  return { ...fileSource, createTask: (settings, context) => new FileSourceTask(settings, context, chunkBytes) }
}

interface Reading {
  readonly position?: SourcePosition
  readonly chunkBytes?: number
}

/** Everything there is to read from a file now. */
export async function readFile(
  file: string,
  settings: RawSettings = {},
  { position, chunkBytes }: Reading = {},
): Promise<readonly SourceEvent[]> {
  const context = new FakeSourceContext()
  if (position !== undefined) context.store({ filename: file }, position)
  const connector = chunkBytes === undefined ? fileSource : sourceInChunksOf(chunkBytes)
  const run = new SourceRun(connector, { file, topic: 't', ...settings }, context)
  try {
    await run.start()
    await run.drain()
  } finally {
    await run.stop()
  }
  return run.events
}

/** The values of the records among them. */
export function valuesOf(events: readonly SourceEvent[]): readonly Value[] {
  return events.flatMap(({ record }) => (record === null ? [] : [record.value]))
}

/** What could not be read: the reason's code, the place, and the bytes as text. */
export function divertedOf(events: readonly SourceEvent[]): readonly unknown[] {
  return events.flatMap(({ diverted }) => {
    if (diverted === null) return []
    const { code, place } = diverted.reason
    return [
      { code, line: place['line'], column: place['column'], bytes: Buffer.from(diverted.bytes).toString('latin1') },
    ]
  })
}
