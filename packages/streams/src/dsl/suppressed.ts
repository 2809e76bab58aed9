import { topologyInvalid } from '../topology/topology-invalid.ts'
import { checkDuration } from '../windows/duration-check.ts'

/** Kafka Streams' `Suppressed.BufferConfig`: how much may be held back, and what happens when it would be more. */
export class BufferConfig {
  readonly maxRecords: number
  readonly maxBytes: number
  /** `emit`: the earliest are let go before their time; `shutDown`: the run ends. */
  readonly whenFull: 'emit' | 'shutDown'

  private constructor(maxRecords: number, maxBytes: number, whenFull: BufferConfig['whenFull']) {
    this.maxRecords = maxRecords
    this.maxBytes = maxBytes
    this.whenFull = whenFull
  }

  static unbounded(): BufferConfig {
    return new BufferConfig(Infinity, Infinity, 'shutDown')
  }

  /** The earliest are let go when there would be more, unless `shutDownWhenFull` is said. */
  static maxRecords(maxRecords: number): BufferConfig {
    return new BufferConfig(bound('records', maxRecords), Infinity, 'emit')
  }

  /** Of keys and values as they are written, summed up over the task. */
  static maxBytes(maxBytes: number): BufferConfig {
    return new BufferConfig(Infinity, bound('bytes', maxBytes), 'emit')
  }

  withMaxRecords(maxRecords: number): BufferConfig {
    return new BufferConfig(bound('records', maxRecords), this.maxBytes, this.whenFull)
  }

  withMaxBytes(maxBytes: number): BufferConfig {
    return new BufferConfig(this.maxRecords, bound('bytes', maxBytes), this.whenFull)
  }

  emitEarlyWhenFull(): BufferConfig {
    return new BufferConfig(this.maxRecords, this.maxBytes, 'emit')
  }

  shutDownWhenFull(): BufferConfig {
    return new BufferConfig(this.maxRecords, this.maxBytes, 'shutDown')
  }

  get isBounded(): boolean {
    return this.maxRecords !== Infinity || this.maxBytes !== Infinity
  }
}

/** @throws SluiceError TOPOLOGY_INVALID for what is no bound: a buffer of none would hold nothing back */
function bound(what: 'records' | 'bytes', most: number): number {
  if (most === Infinity || (Number.isSafeInteger(most) && most >= 1)) return most
  throw topologyInvalid(`A buffer of ${most} ${what} holds nothing back`, 'Give a whole number of at least 1.')
}

export interface SuppressedOptions {
  /** Of the node and, with `-store` behind it, of the buffer. */
  readonly name?: string
  /** Settings of the buffer's changelog topic; false: no changelog. */
  readonly logging?: false | Readonly<Record<string, string>>
}

/** Kafka Streams' `Suppressed`: what `KTable.suppress` holds back, and for how long. */
export class Suppressed {
  readonly buffer: BufferConfig
  readonly options: SuppressedOptions
  /** Null: until windows are closed. */
  readonly limitMs: number | null

  private constructor(limitMs: number | null, buffer: BufferConfig, options: SuppressedOptions) {
    this.limitMs = limitMs
    this.buffer = buffer
    this.options = options
  }

  /**
   * One result per window: its last one, when its end and its grace have passed. Needs a windowed table. Of windows whose end belongs to them
   * (sliding windows, sessions), as in Kafka Streams, a result goes when their end is reached, and goes again, larger, if another record of that
   * very millisecond comes: `emitStrategy('close')` waits for the next one.
   * @throws SluiceError TOPOLOGY_INVALID for a buffer that lets results go early
   */
  static untilWindowCloses(buffer: BufferConfig, options: SuppressedOptions = {}): Suppressed {
    if (buffer.isBounded && buffer.whenFull === 'emit')
      throw topologyInvalid(
        'What waits until its window closes cannot be let go early',
        'Let the buffer be unbounded, or say shutDownWhenFull.',
      )
    return new Suppressed(null, buffer, options)
  }

  /** One result per key in so much time: the last one. @throws SluiceError TOPOLOGY_INVALID */
  static untilTimeLimit(limitMs: number, buffer: BufferConfig, options: SuppressedOptions = {}): Suppressed {
    return new Suppressed(checkDuration('The time limit of a suppression', limitMs, 0), buffer, options)
  }
}
