import { describe, expect, test } from '@jest/globals'
import { defineSettings, defineSource, primitive, SluiceError } from '@sluice/sdk'
import type { SourceConnector, SourcePosition, SourceRecord, SourceTask, SourceTaskContext } from '@sluice/sdk'
import { sourceContract } from '@sluice/sdk/testing'
import type { PreparedSource } from '@sluice/sdk/testing'

const ITEMS = ['a', 'b', '!', 'c', 'd', '!', '!', 'e']
const PARTITION = { source: 'array' }
const TEXT = primitive('string')

/** A source that keeps every promise: an array in which `!` cannot be read. Tests break it in one place each. */
class SoundTask implements SourceTask {
  protected next = 0
  protected readonly context: SourceTaskContext

  constructor(context: SourceTaskContext) {
    this.context = context
  }

  async start(_signal: AbortSignal): Promise<void> {
    const stored = await this.context.position(PARTITION)
    if (stored === null) return
    const { next } = stored
    if (typeof next !== 'number')
      throw new SluiceError('POSITION_UNREADABLE', 'Not a position of an array', { remedy: 'Delete it.' })
    this.next = next
  }

  async poll(signal: AbortSignal): Promise<readonly SourceRecord[] | null> {
    const records: SourceRecord[] = []
    while (this.next < ITEMS.length && records.length < 3 && ITEMS[this.next] !== '!') records.push(this.record())
    while (ITEMS[this.next] === '!') this.divert()
    if (records.length === 0) await this.context.clock.sleep(1000, signal)
    return records
  }

  async stop(): Promise<void> {}

  protected record(): SourceRecord {
    const value = ITEMS[this.next]!
    this.next++
    const plain = { topic: 't', partition: null, keySchema: null, key: null, timestamp: null, headers: null }
    return { ...plain, valueSchema: TEXT, value, sourcePartition: PARTITION, sourcePosition: this.position() }
  }

  protected divert(): void {
    this.next++
    const reason = { code: 'exclamation', message: 'Not a letter', place: { index: this.next - 1 } }
    this.context.divert(Buffer.from('!'), reason, { sourcePartition: PARTITION, sourcePosition: this.position() })
  }

  protected position(): SourcePosition {
    return { next: this.next }
  }
}

const settings = defineSettings({
  missing: { type: 'boolean', default: false, importance: 'low', documentation: '' },
})

function connectorOf(Task: new (context: SourceTaskContext) => SourceTask): SourceConnector {
  return defineSource({
    name: 'subject',
    version: '1',
    documentation: '',
    settings,
    createTask(given, context) {
      const task = new Task(context)
      if (given.missing) {
        task.start = () =>
          Promise.reject(new SluiceError('SOURCE_UNAVAILABLE', 'Nothing there', { remedy: 'Put something there.' }))
      }
      return task
    },
  })
}

/** Runs the suite and gives the promises that were not kept. */
async function broken(
  Task: new (context: SourceTaskContext) => SourceTask,
  prepared: Partial<PreparedSource> = {},
): Promise<readonly string[]> {
  const tests: (readonly [string, () => Promise<void>])[] = []
  sourceContract((name, body) => tests.push([name, body]), {
    connector: connectorOf(Task),
    prepare: async () => ({ settings: {}, values: ['a', 'b', 'c', 'd', 'e'], diverted: 3, ...prepared }),
    unavailable: { missing: 'true' },
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

const READS = 'reads everything, each thing once'
const VALID = 'hands out records that are valid, with keys, values and headers that fit their schemas'
const RESUMES = 'resumes from any position: what comes is exactly the rest'
const JSON_SAFE = 'names partitions and positions in JSON, and does not change them afterwards'
const REFUSES = 'refuses a stored position that it cannot have written'
const TELLS = 'tells of what it cannot read: the bytes, a reason, a place'
const RETURNS = 'returns from poll at once when it is asked to end'
const STOPS = 'stops at any time: not started, running, and once more'
const FAILS = 'fails to start with an error that says what to do, and can be stopped then'

describe('the source contract', () => {
  test('passes a sound source', async () => {
    expect(await broken(SoundTask)).toEqual([])
  })

  test('catches a source that leaves out its last record', async () => {
    class Task extends SoundTask {
      override async poll(signal: AbortSignal): Promise<readonly SourceRecord[] | null> {
        const records = await super.poll(signal)
        return records?.filter(({ value }) => value !== 'e') ?? null
      }
    }
    expect(await broken(Task)).toContain(READS)
  })

  test('catches a position before its record instead of behind it', async () => {
    class Task extends SoundTask {
      protected override position(): SourcePosition {
        return { next: this.next - 1 }
      }
    }
    expect(await broken(Task)).toEqual([RESUMES])
  })

  test('catches a source that always begins at the beginning', async () => {
    class Task extends SoundTask {
      override async start(): Promise<void> {}
    }
    expect(await broken(Task)).toEqual([RESUMES, REFUSES])
  })

  test('catches a good record behind diverted bytes in one poll', async () => {
    class Task extends SoundTask {
      override async poll(signal: AbortSignal): Promise<readonly SourceRecord[] | null> {
        const records: SourceRecord[] = []
        while (this.next < ITEMS.length)
          if (ITEMS[this.next] === '!') this.divert()
          else records.push(this.record())
        if (records.length === 0) await this.context.clock.sleep(1000, signal)
        return records
      }
    }
    expect(await broken(Task)).toContain(RESUMES)
  })

  test('catches a value that does not fit its schema', async () => {
    class Task extends SoundTask {
      protected override record(): SourceRecord {
        return { ...super.record(), valueSchema: primitive('int32') }
      }
    }
    expect(await broken(Task)).toEqual([VALID])
  })

  test('catches one position object for all records', async () => {
    class Task extends SoundTask {
      readonly #shared = { next: 0 }
      protected override position(): SourcePosition {
        this.#shared.next = this.next
        return this.#shared
      }
    }
    expect(await broken(Task)).toContain(JSON_SAFE)
  })

  test('catches a new partition object for each record', async () => {
    class Task extends SoundTask {
      protected override record(): SourceRecord {
        return { ...super.record(), sourcePartition: { ...PARTITION } }
      }
    }
    expect(await broken(Task)).toEqual([JSON_SAFE])
  })

  test('catches a position that does not survive JSON', async () => {
    class Task extends SoundTask {
      protected override position(): SourcePosition {
        return { next: this.next, at: new Date(0) as unknown as string }
      }
    }
    expect(await broken(Task)).toContain(JSON_SAFE)
  })

  test('catches diverted bytes without a place', async () => {
    class Task extends SoundTask {
      protected override divert(): void {
        this.next++
        const reason = { code: 'exclamation', message: 'Not a letter', place: {} }
        this.context.divert(Buffer.from('!'), reason, { sourcePartition: PARTITION, sourcePosition: this.position() })
      }
    }
    expect(await broken(Task)).toEqual([TELLS])
  })

  test('catches bad bytes that are skipped in silence', async () => {
    class Task extends SoundTask {
      protected override divert(): void {
        this.next++
      }
    }
    expect(await broken(Task)).toContain(READS)
  })

  test('catches a wait that the abort does not end', async () => {
    class Task extends SoundTask {
      override async poll(signal: AbortSignal): Promise<readonly SourceRecord[] | null> {
        if (this.next < ITEMS.length) return super.poll(signal)
        await this.context.clock.sleep(1000)
        return null
      }
    }
    expect(await broken(Task)).toEqual([RETURNS])
  })

  test('catches a stop that needs a start', async () => {
    class Task extends SoundTask {
      #open: string[] | undefined
      override async start(signal: AbortSignal): Promise<void> {
        await super.start(signal)
        this.#open = []
      }
      override async stop(): Promise<void> {
        this.#open!.push('closed')
      }
    }
    expect(await broken(Task)).toEqual([REFUSES, STOPS, FAILS])
  })
})
