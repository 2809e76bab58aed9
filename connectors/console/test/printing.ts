import { Writable } from 'node:stream'
import { consoleSink } from '@sluice/connector-console'
import type { RawSettings, SinkConnector, SinkRecord } from '@sluice/sdk'
import { FakeClock, FakeSinkContext, sinkRecord, SinkRun } from '@sluice/sdk/testing'
import { ConsoleSinkTask } from '../src/console-sink-task.ts'

/** A stream that takes what is written when it is told to; at once, unless it is held. */
export class Paper extends Writable {
  text = ''
  isHeld = false
  #release: (() => void) | null = null

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    const take = (): void => {
      this.text += chunk.toString()
      done()
    }
    if (this.isHeld) this.#release = take
    else take()
  }

  /** Takes what it was held from. */
  release(): void {
    this.isHeld = false
    this.#release?.()
    this.#release = null
  }

  get lines(): readonly string[] {
    return this.text.split('\n').slice(0, -1)
  }
}

export function sinkOn(stream: Writable): SinkConnector {
  return {
    ...(consoleSink as unknown as SinkConnector),
    createTask: (settings, context) =>
      new ConsoleSinkTask(settings as unknown as ConstructorParameters<typeof ConsoleSinkTask>[0], context, stream),
  }
}

export interface Printing {
  readonly run: SinkRun
  readonly paper: Paper
  readonly clock: FakeClock
}

export async function printing(settings: RawSettings = {}): Promise<Printing> {
  const [paper, clock] = [new Paper(), new FakeClock()]
  const run = new SinkRun(sinkOn(paper), settings, new FakeSinkContext(clock))
  await run.start([{ topic: 't', partition: 0 }])
  return { run, paper, clock }
}

/** What is printed of these records. */
export async function printed(
  settings: RawSettings,
  ...records: readonly Partial<SinkRecord>[]
): Promise<readonly string[]> {
  const { run, paper } = await printing(settings)
  await run.put(records.map((record, offset) => ({ ...at(offset), ...record })))
  await run.stop()
  return paper.lines
}

export function at(offset: number): SinkRecord {
  return sinkRecord({ topic: 't', partition: 0, offset }, `v${offset}`)
}
