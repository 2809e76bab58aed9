import { SluiceError } from '@sluice/sdk'
import type { ClusterContext } from '../cluster.ts'
import type { Compression, Produced, ProduceOptions, Producer, ProducerOptions, ProducerRecord } from '../port.ts'
import { SettingsCheck } from '../settings.ts'
import { Accumulator } from './accumulator.ts'
import { findTopic } from './find-topic.ts'
import { ProduceCall } from './produce-call.ts'
import { IdempotentIdentity, type ProducerIdentity } from './producer-identity.ts'
import { SendGate } from './send-gate.ts'
import { Sender } from './sender.ts'
import { WaitingLine } from './waiting-line.ts'

/** Brokers remember the last five batches of a producer per partition: with more in flight a repetition could go unnoticed. */
const IN_FLIGHT_LIMIT = 5

/** zstd's own default, 3, takes up to 1.7 times the CPU for records that are 0 to 8 % smaller. */
const ZSTD_LEVEL = 1

const COMPRESSIONS: readonly string[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] satisfies Compression[]

/**
 * The way of a produced record: `produce` → accumulator (its partition's open batch) → sender (a request per broker with a free
 * slot) → delivery (settled, or sent again) → the call's promise.
 *
 * Calls queue their records strictly one after the other, so that the order of calls is the order in each partition; a call
 * that waits for memory or for a topic holds up those behind it.
 */
export class BatchingProducer implements Producer {
  readonly #context: ClusterContext
  readonly #accumulator: Accumulator
  readonly #sender: Sender
  readonly #deliveryTimeoutMs: number
  readonly #unsettled = new Set<ProduceCall>()
  /** Calls whose records are not all queued; the first one is being served. */
  readonly #line = new WaitingLine<ProduceCall>()
  /** Of the last call that has one. */
  #gate: SendGate | null = null
  #isWaitingForTopic = false
  #flushes = 0
  #isClosed = false

  /** `identity`: default that of a producer without transactions. */
  constructor(context: ClusterContext, options: ProducerOptions, identity?: ProducerIdentity) {
    this.#context = context
    const settings = resolveProducerOptions(options, context.requestTimeoutMs)
    this.#deliveryTimeoutMs = settings.deliveryTimeoutMs
    this.#accumulator = new Accumulator(settings, context.clock, context.random)
    const own = identity ?? new IdempotentIdentity(context, settings.deliveryTimeoutMs)
    this.#sender = new Sender(context, this.#accumulator, own, settings, () => this.#advance())
    this.#sender.isHurried = () => this.#flushes > 0 || this.#line.length > 0
    context.opened.add(this)
  }

  produce(records: readonly ProducerRecord[], { after }: ProduceOptions = {}): Promise<readonly Produced[]> {
    if (this.#isClosed) return Promise.reject(closed())
    if (records.length === 0) return Promise.resolve([])
    const call = new ProduceCall(records, after === undefined ? null : this.#gateOf(after))
    this.#unsettled.add(call)
    call.onSettled = this.#forget
    this.#line.push(call)
    if (this.#line.length === 1) this.#advance()
    return call.promise
  }

  async flush(): Promise<void> {
    this.#flushes++
    this.#sender.wake()
    try {
      await Promise.allSettled([...this.#unsettled].map(({ promise }) => promise))
    } finally {
      this.#flushes--
    }
  }

  async close(timeoutMs: number = this.#deliveryTimeoutMs): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    const { clock } = this.#context
    const timeout = new AbortController()
    if (this.#unsettled.size > 0 && timeoutMs > 0) {
      await Promise.race([this.flush(), clock.sleep(timeoutMs, timeout.signal)])
      timeout.abort()
    }
    for (const call of this.#line.drain()) call.abandon(closed())
    this.#sender.close(closed())
    this.#context.opened.delete(this)
  }

  /** Fails what was not sent, or is certain not to be written: nobody wants it any more. */
  abandonUnsent(error: SluiceError): void {
    for (const call of this.#line.drain()) call.abandon(error)
    this.#sender.giveUpUnsent(error)
  }

  /** Fails everything. */
  abandonAll(error: SluiceError): void {
    for (const call of this.#line.drain()) call.abandon(error)
    this.#sender.giveUpAll(error)
  }

  #gateOf(after: Promise<unknown>): SendGate {
    if (this.#gate?.after !== after) this.#gate = new SendGate(after, (gate) => this.#sender.gateChanged(gate))
    return this.#gate
  }

  readonly #forget = (call: ProduceCall): void => {
    this.#unsettled.delete(call)
  }

  /** Queues records of the calls in line, until one has to wait. */
  #advance(): void {
    while (!this.#isWaitingForTopic) {
      const call = this.#line.first
      if (call === undefined) break
      const refusal = call.gate?.failure ?? null
      if (refusal !== null) {
        this.#line.shift()
        call.abandon(refusal)
        continue
      }
      const outcome = this.#accumulator.queue(call)
      this.#sender.metrics.poolWait(outcome === 'memory', this.#context.clock)
      if (outcome === 'memory') break
      if (outcome !== 'queued') {
        this.#lookUp(call, outcome.topic, outcome.isKnown)
        break
      }
      this.#line.shift()
      call.queued()
    }
    this.#sender.wake()
  }

  #lookUp(call: ProduceCall, topic: string, isKnown: boolean): void {
    const { metadata } = this.#context
    this.#isWaitingForTopic = true
    const described = async (): Promise<void> => {
      if (isKnown) await metadata.refresh()
      this.#accumulator.describe(await findTopic(topic, this.#deliveryTimeoutMs, this.#context))
    }
    described()
      .catch((error: SluiceError) => {
        // A topic that is known already stays as it is.
        if (!isKnown) call.refusedTopics.set(topic, error)
      })
      .finally(() => {
        this.#isWaitingForTopic = false
        this.#advance()
      })
  }
}

type ProducerSettings = Required<Omit<ProducerOptions, 'clientId' | 'compressionLevel'>> & {
  readonly clientId: string | undefined
  readonly compressionLevel: number | undefined
}

/** The options with Kafka's defaults. @throws SluiceError SETTINGS_INVALID with all that is wrong */
export function resolveProducerOptions(options: ProducerOptions, requestTimeoutMs: number): ProducerSettings {
  const deliveryTimeoutMs = options.deliveryTimeoutMs ?? 120_000
  const settings: ProducerSettings = {
    compression: options.compression ?? 'none',
    compressionLevel: options.compressionLevel ?? (options.compression === 'zstd' ? ZSTD_LEVEL : undefined),
    batchBytesMax: options.batchBytesMax ?? 262_144,
    lingerMs: options.lingerMs ?? 0,
    bufferBytesMax: options.bufferBytesMax ?? 32 * 1024 * 1024,
    deliveryTimeoutMs,
    requestTimeoutMs: Math.min(options.requestTimeoutMs ?? requestTimeoutMs, deliveryTimeoutMs),
    inFlightMax: options.inFlightMax ?? IN_FLIGHT_LIMIT,
    requestBytesMax: options.requestBytesMax ?? 1_048_576,
    clientId: options.clientId,
  }
  const { compression, lingerMs, batchBytesMax, bufferBytesMax, requestBytesMax, inFlightMax } = settings
  const check = new SettingsCheck('a producer')
  check.oneOf('compression', compression, COMPRESSIONS)
  check.whole({ bufferBytesMax, requestBytesMax, inFlightMax, deliveryTimeoutMs }, 1)
  check.whole({ requestTimeoutMs: options.requestTimeoutMs }, 1)
  check.whole({ batchBytesMax }, 1024)
  check.whole({ compressionLevel: options.compressionLevel }, 1)
  check.whole({ lingerMs }, 0)
  check.check(
    inFlightMax <= IN_FLIGHT_LIMIT,
    `inFlightMax is ${inFlightMax}: at most ${IN_FLIGHT_LIMIT}, or a repeated batch could go unnoticed`,
  )
  check.check(
    bufferBytesMax >= Math.max(batchBytesMax, requestBytesMax),
    `bufferBytesMax is ${bufferBytesMax}: at least batchBytesMax and requestBytesMax`,
  )
  check.done()
  return settings
}

function closed(): SluiceError {
  return new SluiceError('INTERRUPTED', 'The producer was closed before these records were confirmed')
}
