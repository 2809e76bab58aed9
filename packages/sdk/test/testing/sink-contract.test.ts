import { describe, expect, test } from '@jest/globals'
import { DataError, defineSettings, defineSink } from '@sluice/sdk'
import type { SinkRecord, SinkTask, SinkTaskContext, TopicPartition, TopicPartitionOffset, Value } from '@sluice/sdk'
import { sinkContract } from '@sluice/sdk/testing'

const VALUES = ['a', 'b', 'c', 'd', 'e']

/** A sink that keeps every promise: it buffers, and writes into a list. Tests break it in one place each. */
class SoundTask implements SinkTask {
  protected buffer: SinkRecord[] = []
  protected readonly target: Value[]
  protected readonly context: SinkTaskContext

  constructor(target: Value[], context: SinkTaskContext) {
    this.target = target
    this.context = context
  }

  async start(_signal: AbortSignal): Promise<void> {}
  async open(_partitions: readonly TopicPartition[]): Promise<void> {}

  async put(records: readonly SinkRecord[]): Promise<void> {
    for (const record of records) {
      if (record.value === '!') this.context.report(record, new DataError('Not a letter', { remedy: 'Use letters.' }))
      else this.buffer.push(record)
    }
  }

  async flush(positions: readonly TopicPartitionOffset[], _closing: boolean): Promise<readonly TopicPartitionOffset[]> {
    this.target.push(...this.buffer.splice(0).map(({ value }) => value))
    return positions
  }

  async close(_partitions: readonly TopicPartition[]): Promise<void> {}
  async stop(): Promise<void> {}
}

type TaskClass = new (target: Value[], context: SinkTaskContext) => SinkTask

/** Runs the suite and gives the promises that were not kept. */
async function broken(Task: TaskClass): Promise<readonly string[]> {
  const tests: (readonly [string, () => Promise<void>])[] = []
  let target: Value[] = []
  const connector = defineSink({
    name: 'subject',
    version: '1',
    documentation: '',
    settings: defineSettings({}),
    createTask: (_settings, context) => new Task(target, context),
  })
  sinkContract((name, body) => tests.push([name, body]), {
    connector,
    prepare: async () => {
      target = []
      return { settings: {}, values: VALUES, read: async () => target }
    },
    bad: { value: '!' },
  })
  const failed: string[] = []
  for (const [name, body] of tests) {
    try {
      await body()
    } catch {
      failed.push(name.replace('subject: ', ''))
    }
  }
  return failed
}

const DURABLE = 'makes durable what was put, and says so'
const SAFE = 'names a position safe only when the target holds everything before it'
const RESTART = 'goes on after a restart: nothing lost, and after a clean one nothing twice'
const TAKEN = 'speaks no more of partitions that were taken away'
const EMPTY = 'takes an empty put at any time, and a flush of nothing'
const STOPS = 'stops at any time: not started, running, and once more'
const REPORTS = 'reports a record that it cannot write, and writes the others'
const INTOLERANT = 'stops at a record that it cannot write when nobody tolerates it, and does not name it safe'

describe('the sink contract', () => {
  test('passes a sound sink', async () => {
    expect(await broken(SoundTask)).toEqual([])
  })

  test('catches a flush that calls safe what is still buffered', async () => {
    class Task extends SoundTask {
      override async flush(positions: readonly TopicPartitionOffset[], closing: boolean) {
        return closing ? super.flush(positions, closing) : positions
      }
    }
    expect(await broken(Task)).toEqual([SAFE])
  })

  test('catches a last flush that writes but names nothing', async () => {
    class Task extends SoundTask {
      override async flush(positions: readonly TopicPartitionOffset[], closing: boolean) {
        await super.flush(positions, closing)
        return []
      }
    }
    expect(await broken(Task)).toContain(DURABLE)
  })

  test('catches a flush that goes beyond what was put', async () => {
    class Task extends SoundTask {
      override async flush(positions: readonly TopicPartitionOffset[], closing: boolean) {
        await super.flush(positions, closing)
        return positions.map((position) => ({ ...position, offset: position.offset + 1 }))
      }
    }
    expect(await broken(Task)).toEqual([DURABLE, EMPTY, SAFE, RESTART, TAKEN])
  })

  test('catches a task that remembers partitions it no longer has', async () => {
    class Task extends SoundTask {
      #all: readonly TopicPartitionOffset[] = []
      override async flush(positions: readonly TopicPartitionOffset[], closing: boolean) {
        await super.flush(positions, closing)
        if (this.#all.length < positions.length || closing) this.#all = positions
        return this.#all
      }
    }
    expect(await broken(Task)).toContain(TAKEN)
  })

  test('catches an empty put that fails', async () => {
    class Task extends SoundTask {
      override async put(records: readonly SinkRecord[]): Promise<void> {
        if (records[0]!.value !== undefined) await super.put(records)
      }
    }
    expect(await broken(Task)).toContain(EMPTY)
  })

  test('catches bad records that vanish', async () => {
    class Task extends SoundTask {
      override async put(records: readonly SinkRecord[]): Promise<void> {
        await super.put(records.filter(({ value }) => value !== '!'))
      }
    }
    expect(await broken(Task)).toEqual([REPORTS, INTOLERANT])
  })

  test('catches a sink that fails on a bad record instead of reporting it', async () => {
    class Task extends SoundTask {
      override async put(records: readonly SinkRecord[]): Promise<void> {
        if (records.some(({ value }) => value === '!')) throw new DataError('Not a letter', { remedy: 'Use letters.' })
        await super.put(records)
      }
    }
    expect(await broken(Task)).toEqual([REPORTS])
  })

  test('catches a rewind that no worker can follow', async () => {
    class Task extends SoundTask {
      override async open(partitions: readonly TopicPartition[]): Promise<void> {
        this.context.rewind(partitions.map((partition) => ({ ...partition, offset: -1 })))
      }
    }
    expect(await broken(Task)).toContain(DURABLE)
  })

  test('catches a stop that is possible only once', async () => {
    class Task extends SoundTask {
      #stopped = false
      override async stop(): Promise<void> {
        if (this.#stopped) throw new Error('already stopped')
        this.#stopped = true
      }
    }
    expect(await broken(Task)).toEqual([STOPS])
  })
})
