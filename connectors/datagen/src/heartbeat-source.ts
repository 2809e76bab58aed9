import os from 'node:os'
import {
  atLeast,
  defineSettings,
  defineSource,
  nonEmptyString,
  primitive,
  SluiceError,
  struct,
  timestamp,
} from '@sluice/sdk'
import type {
  ParsedSettings,
  SourcePartition,
  SourcePosition,
  SourceRecord,
  SourceTask,
  SourceTaskContext,
} from '@sluice/sdk'
import { VERSION } from './version.ts'

const settings = defineSettings({
  topic: { type: 'string', validator: nonEmptyString, importance: 'high', documentation: 'The topic to write to.' },
  'heartbeat.interval.ms': {
    type: 'long',
    default: 5000,
    validator: atLeast(1),
    importance: 'medium',
    documentation: 'The time from one record to the next, in milliseconds. What was missed is not made up for.',
  },
  'worker.name': {
    type: 'string',
    default: null,
    importance: 'low',
    documentation: 'What the records call the worker. Default: the name of its host.',
  },
})
type Settings = ParsedSettings<typeof settings>

export const heartbeatSource = defineSource({
  name: 'heartbeat',
  version: VERSION,
  documentation:
    'A record at regular times, numbered without gaps across restarts, with the time and who made it: shows that the way from a worker through Kafka is open, and how long it takes. The key is the name of the connector.',
  settings,
  exactlyOnceSupport: () => 'supported',
  alterOffsets(_settings, positions) {
    for (const position of positions.values()) if (position !== null) sequenceIn(position)
    return true
  },
  createTask: (parsed, context) => new HeartbeatTask(parsed, context),
})

const TEXT = primitive('string')
const BEAT = struct(
  { sequence: primitive('int64'), time: timestamp(), connector: TEXT, task: primitive('int32'), worker: TEXT },
  { name: 'sluice.heartbeat', version: 1 },
)
/** A poll returns within a second or so. */
const WAIT_MAX_MS = 1000

class HeartbeatTask implements SourceTask {
  readonly #settings: Settings
  readonly #context: SourceTaskContext
  readonly #partition: SourcePartition
  readonly #worker: string
  #sequence = 0
  #nextAt: number

  constructor(parsed: Settings, context: SourceTaskContext) {
    this.#settings = parsed
    this.#context = context
    this.#partition = { connector: context.connector }
    this.#worker = parsed['worker.name'] ?? os.hostname()
    this.#nextAt = context.clock.monotonic()
  }

  async start(): Promise<void> {
    const stored = await this.#context.position(this.#partition)
    if (stored !== null) this.#sequence = sequenceIn(stored) + 1
  }

  async poll(signal: AbortSignal): Promise<readonly SourceRecord[] | null> {
    const { clock } = this.#context
    const ms = this.#nextAt - clock.monotonic()
    if (ms > 0) await clock.sleep(Math.min(ms, WAIT_MAX_MS), signal)
    if (signal.aborted || clock.monotonic() < this.#nextAt) return null
    const intervalMs = this.#settings['heartbeat.interval.ms']
    const now = clock.monotonic()
    this.#nextAt = this.#nextAt + intervalMs > now ? this.#nextAt + intervalMs : now + intervalMs
    return [this.#beat(clock.now())]
  }

  async stop(): Promise<void> {}

  #beat(now: number): SourceRecord {
    const { connector, task } = this.#context
    const sequence = this.#sequence++
    return {
      topic: this.#settings.topic,
      partition: null,
      keySchema: TEXT,
      key: connector,
      valueSchema: BEAT,
      value: { sequence, time: now, connector, task, worker: this.#worker },
      timestamp: now,
      headers: null,
      sourcePartition: this.#partition,
      sourcePosition: { sequence },
    }
  }
}

/** Of the last record. @throws SluiceError POSITION_UNREADABLE */
function sequenceIn(position: SourcePosition): number {
  const { sequence } = position
  if (typeof sequence === 'number' && Number.isSafeInteger(sequence) && sequence >= 0) return sequence
  throw new SluiceError('POSITION_UNREADABLE', 'The stored position has no sequence number', {
    place: { position: JSON.stringify(position) },
    remedy: 'Stop the connector, delete its offsets, and resume it.',
  })
}
