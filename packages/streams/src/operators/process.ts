/** The Processor API: a node of the user's own, with stores, time and children. */
import { SluiceError, type RawHeader } from '@sluice/sdk'
import type { RecordContext } from '../record-path/record-context.ts'
import type { StateStore } from '../state/stores.ts'
import { checkMethods, checkSynchronous, refusePromise, suppliedBy, type Immediate } from '../topology/synchronous.ts'
import { checkDuration } from '../windows/duration-check.ts'
import type { Cancellable, NodeScope, Operator, PunctuationType, Step } from './operator.ts'
import { FixedKeyRecord, StreamRecord } from './stream-record.ts'

/** Kafka Streams' `Processor`. One object per task; its calls never overlap, and none may wait for anything. */
export interface RecordProcessor<KIn, VIn, KOut, VOut> {
  /** Called once, before the first record. */
  init?(context: ProcessorContext<KOut, VOut>): Immediate
  process(record: StreamRecord<KIn, VIn>): Immediate
  /** Called once, when the task ends or moves, while its stores are still open. What it throws ends the run. */
  close?(): Immediate
}

/** Kafka Streams' `FixedKeyProcessor`: cannot change keys, so that nothing need be repartitioned behind it. */
export interface FixedKeyProcessor<K, VIn, VOut> {
  init?(context: FixedKeyProcessorContext<K, VOut>): Immediate
  process(record: FixedKeyRecord<K, VIn>): Immediate
  close?(): Immediate
}

/** Makes the processor of a task: a new one at each call. */
export type ProcessorSupplier<P> = () => P

/** Where the record under way was read. */
export interface RecordMetadata {
  readonly topic: string
  readonly partition: number
  readonly offset: number
}

/** A store's name, and for the compiler what it is. The member is never present. */
export interface StoreReference<out S extends StateStore> {
  readonly name: string
  readonly is?: S
}

interface AnyContext {
  /** Sub-topology and partition, such as `0_1`. */
  readonly taskId: string
  /** A store that the processor is connected to: by its reference with its type. @throws SluiceError TOPOLOGY_INVALID */
  getStateStore<S extends StateStore>(store: StoreReference<S>): S
  getStateStore(name: string): StateStore
  /** Null in a punctuator. */
  recordMetadata(): RecordMetadata | null
  /** The largest timestamp that the task has seen; -1 before the first record. */
  currentStreamTimeMs(): number
  currentSystemTimeMs(): number
  /**
   * Calls back at each multiple of the interval by the time of records, or so long after now and after each call by the clock. Missed
   * intervals make one call.
   * @throws SluiceError TOPOLOGY_INVALID for an interval that is none, and for an async function
   */
  schedule(intervalMs: number, type: PunctuationType, callback: (timestamp: number) => Immediate): Cancellable
  /** Asks for a commit as soon as one can be: of everything processed by then, not only by this processor. Does not wait for it. */
  commit(): void
}

export interface ProcessorContext<K, V> extends AnyContext {
  /** Hands a record to all children, or to the one of that name, and returns when they are done with it. */
  forward(record: StreamRecord<K, V>, child?: string): void
}

export interface FixedKeyProcessorContext<K, V> extends AnyContext {
  forward(record: FixedKeyRecord<K, V>, child?: string): void
}

type AnyProcessor = RecordProcessor<unknown, unknown, unknown, unknown>
type AnyFixedKeyProcessor = FixedKeyProcessor<unknown, unknown, unknown>

/** `process`. */
export function process(supplier: ProcessorSupplier<AnyProcessor>): Operator {
  return {
    kind: 'process',
    prefix: 'KSTREAM-PROCESSOR-',
    calls: { supplier },
    changes: 'record',
    compile: processing(supplier, StreamRecord),
  }
}

/** `processValues`. */
export function processFixedKey(supplier: ProcessorSupplier<AnyFixedKeyProcessor>): Operator {
  return {
    kind: 'processValues',
    prefix: 'KSTREAM-PROCESSVALUES-',
    calls: { supplier },
    // What the processor has held back has a key of its own.
    changes: 'record',
    compile: processing(supplier, FixedKeyRecord),
  }
}

/** A processor that is given records of this class. */
function processing<R>(
  supplier: ProcessorSupplier<{
    init?(context: Context): Immediate
    process(record: R): Immediate
    close?(): Immediate
  }>,
  Given: new (key: unknown, value: unknown, timestamp: number, headers: readonly RawHeader[] | null) => R,
): Operator['compile'] {
  const supply = newEachTime(supplier)
  return (next, scope) => {
    const processor = supply(scope.node)
    const context = new Context(next, scope)
    checkMethods(scope.node, processor, 'init', 'process', 'close')
    refusePromise(`init of ${scope.node}`, processor.init?.(context))
    if (processor.close !== undefined) scope.onClose(() => closeProcessor(processor, scope.node))
    return (key, value, at) => {
      // A restarting task only remembers: what the processor did then, it has done.
      if (!at.live) return
      context.enter(at)
      const { timestamp, headers } = at
      checkDone(processor.process(new Given(key, value, timestamp, headers)), at, scope.node)
      at.timestamp = timestamp
      at.headers = headers
    }
  }
}

class Context implements ProcessorContext<unknown, unknown>, FixedKeyProcessorContext<unknown, unknown> {
  readonly #next: Step
  readonly #scope: NodeScope
  readonly #children = new Map<string, Step>()
  /** The task's; null until the first record. */
  #at: RecordContext | null = null

  constructor(next: Step, scope: NodeScope) {
    this.#next = next
    this.#scope = scope
  }

  /** A record is under way, or a punctuator. Whatever the processor keeps of it, it has reached an end. */
  enter(at: RecordContext): void {
    this.#at = at
    at.node = this.#scope.node
    at.keep()
  }

  get taskId(): string {
    return this.#scope.task
  }

  getStateStore<S extends StateStore>(store: StoreReference<S>): S
  getStateStore(name: string): StateStore
  getStateStore(store: StoreReference<StateStore> | string): StateStore {
    return this.#scope.store(typeof store === 'string' ? store : store.name)
  }

  recordMetadata(): RecordMetadata | null {
    const at = this.#at
    if (at === null || at.topic === '') return null
    const { topic, partition, offset } = at
    return { topic, partition, offset }
  }

  currentStreamTimeMs(): number {
    return this.#scope.streamTime()
  }

  currentSystemTimeMs(): number {
    return this.#scope.clock.now()
  }

  schedule(intervalMs: number, type: PunctuationType, callback: (timestamp: number) => Immediate): Cancellable {
    const { node } = this.#scope
    checkDuration(`The interval of a punctuator of ${node}`, intervalMs, 1)
    checkSynchronous(node, { punctuator: callback })
    return this.#scope.schedule(intervalMs, type, (timestamp, at) => {
      this.enter(at)
      const answer = callback(timestamp)
      if (answer !== undefined) refusePromise('punctuator', answer)
    })
  }

  commit(): void {
    this.#scope.requestCommit()
  }

  forward(record: StreamRecord<unknown, unknown> | FixedKeyRecord<unknown, unknown>, child?: string): void {
    const at = this.#at
    if (at === null) {
      throw new SluiceError('TASK_FAILED', `${this.#scope.node} forwards before the first record`, {
        place: { node: this.#scope.node },
        remedy: 'Forward from process() or from a punctuator: in init() there is no record, and no time.',
      })
    }
    const step = child === undefined ? this.#next : this.#child(child)
    const { timestamp, headers } = at
    at.timestamp = record.timestamp
    at.headers = record.headers
    const { key = null, value = null } = record
    if (at.records === null) this.#scope.withoutRecord(step, key, value, at)
    else step(key, value, at)
    at.timestamp = timestamp
    at.headers = headers
    at.node = this.#scope.node
  }

  #child(name: string): Step {
    let step = this.#children.get(name)
    if (step === undefined) this.#children.set(name, (step = this.#scope.forwardTo(name)))
    return step
  }
}

/** Two tasks that shared a processor would mix their records up. */
function newEachTime<P extends { process(record: never): unknown }>(
  supplier: ProcessorSupplier<P>,
): (node: string) => P {
  const supplied = new WeakSet<object>()
  return (node) => {
    const processor = suppliedBy(node, supplier, 'process')
    if (supplied.has(processor)) {
      throw new SluiceError('TOPOLOGY_INVALID', `The supplier of ${node} gives the same processor twice`, {
        place: { node },
        remedy: 'Make a new object at each call.',
      })
    }
    supplied.add(processor)
    return processor
  }
}

function closeProcessor(processor: { close?(): unknown }, node: string): void {
  try {
    processor.close?.()
  } catch (cause) {
    throw new SluiceError('TASK_FAILED', `The processor of ${node} could not be closed`, {
      cause,
      place: { node },
      remedy: 'Let close() give up what it has without an error. What was processed before is committed.',
    })
  }
}

/** A promise would be done at some time after the record was counted, or never: the run ends before the record. */
function checkDone(result: unknown, at: RecordContext, node: string): void {
  if (result === undefined || !(result instanceof Promise)) return
  result.catch(() => undefined)
  at.halt = new SluiceError('TASK_FAILED', `The processor of ${node} returned a promise`, {
    place: { node, topic: at.topic, partition: at.partition, offset: at.offset },
    remedy: 'Let process() finish before it returns.',
  })
}
