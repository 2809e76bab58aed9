import { stdout } from 'node:process'
import type { GateDefinition } from '@sluice/quality'
import { filter, type Predicate } from '../operators/filter.ts'
import { flatMap, type FlatMapper } from '../operators/flat-map.ts'
import { flatMapValues, type FlatValueMapper } from '../operators/flat-map-values.ts'
import { foreach } from '../operators/foreach.ts'
import { gate } from '../operators/gate.ts'
import type { AnyJoiner } from '../operators/joiner.ts'
import { mapKeyValue, type KeyValueMapper } from '../operators/map-key-value.ts'
import { mapValues, type ValueMapper } from '../operators/map-values.ts'
import type { Operator } from '../operators/operator.ts'
import { mapValuesAsync, type AsyncValueMapper } from '../operators/map-values-async.ts'
import { merge } from '../operators/pass-through.ts'
import { peek, type ForeachAction } from '../operators/peek.ts'
import {
  process,
  processFixedKey,
  type FixedKeyProcessor,
  type ProcessorSupplier,
  type RecordProcessor,
} from '../operators/process.ts'
import { selectKey, type KeySelector } from '../operators/select-key.ts'
import type {
  AsyncMapping,
  AnyJoined,
  AnyStreamJoined,
  Gated,
  Grouped,
  Joined,
  Materializing,
  Named,
  Produced,
  Repartitioned,
  StreamJoined,
  ValueJoiner,
} from '../options.ts'
import { isSameSide, type Side } from '../serde.ts'
import type { ErrorPolicy } from '../topology/node.ts'
import type { StreamPartitioner, TopicNameExtractor } from '../topology/record-functions.ts'
import { topologyInvalid } from '../topology/topology-invalid.ts'
import { checkDuration } from '../windows/duration-check.ts'
import type { JoinWindows } from '../windows/join-windows.ts'
import { advanceStreamWhenIdle, type WhenIdle } from './advance-when-idle.ts'
import { BranchedKStream } from './branched-kstream.ts'
import { dedupeStream, type Deduped } from './dedupe.ts'
import type { GlobalKTable } from './global-ktable.ts'
import { KGroupedStream } from './kgrouped-stream.ts'
import { KTable } from './ktable.ts'
import { addOperator, addProcessor, type Changes, type Processing, type StreamPlace } from './place.ts'
import { repartition } from './repartitioning.ts'
import { joinGlobal, joinTable } from './stream-table-joins.ts'
import { joinStreams } from './stream-stream-joins.ts'
import { known } from './stored.ts'
import { toTable } from './to-table.ts'

const NEW_KEY: Changes = { changesKey: true }
const NEW_VALUE: Changes = { changesValue: true }

/**
 * Kafka Streams' `KStream`: an endless sequence of records of one key and value type. Each method adds a node behind this one and
 * returns the stream of what the node lets through; the stream itself does not change, so that it can be used more than once.
 *
 * A null value is a tombstone and flows like any other value; streams never take it for a delete.
 *
 * Operators that need all records of a key in one partition (aggregations, joins, `toTable`) put a repartition topic before them when
 * the key was changed.
 */
export class KStream<K, V> {
  /** For the DSL. */
  readonly place: StreamPlace

  /** For the DSL: begin with `StreamsBuilder.stream`. */
  constructor(place: StreamPlace) {
    this.place = place
  }

  /** Keeps the records for which the predicate is true. The others are dropped, counted under the node's name. */
  filter<W extends V>(predicate: (key: K, value: V) => value is W, named?: Named): KStream<K, W>
  filter(predicate: Predicate<K, V>, named?: Named): KStream<K, V>
  filter(predicate: Predicate<K, V>, named: Named = {}): KStream<K, V> {
    return this.#same(filter(predicate as Predicate<unknown, unknown>, true), named)
  }

  /** Keeps the records for which the predicate is false. */
  filterNot(predicate: Predicate<K, V>, named: Named = {}): KStream<K, V> {
    return this.#same(filter(predicate as Predicate<unknown, unknown>, false), named)
  }

  /**
   * Drops records that repeat one that went through: those of the same id whose times are no further apart than `withinMs`.
   *
   * ```ts
   * payments.dedupe({ by: (_key, payment) => payment.id, withinMs: 3_600_000, name: 'once' })
   * ```
   */
  dedupe(deduped: Deduped<K, V>): KStream<K, V> {
    return new KStream(dedupeStream(this.place, deduped))
  }

  /**
   * Goes on with the time of what is behind this when no record comes for a while: windows close, though time moves with records
   * otherwise. After `afterMs` on the wall clock, at most twice that, time moves on as much as the clock does; and again when it has stood
   * still for a quarter longer. Records that come later with earlier times are late. What was done is kept with the results, and is done
   * again at the same place when the same records are processed again.
   *
   * Put it where records are in their partition for good: behind `repartition`, if there is one.
   */
  advanceWhenIdle(idle: WhenIdle): KStream<K, V> {
    return new KStream(advanceStreamWhenIdle(this.place, idle))
  }

  /** Replaces each value. The mapper gets the value first, then the key, and must not change either. */
  mapValues<W>(mapper: ValueMapper<K, V, W>, named: Named = {}): KStream<K, W> {
    return this.#newValue(mapValues(mapper as ValueMapper<unknown, unknown, unknown>), named)
  }

  /**
   * Replaces each value by what a call comes to, such as a question to another system. Up to `concurrency` calls are under way per task;
   * records of one key are called for one after the other, and go on in their order (with `keepsOrder`, all records of a task do). A
   * commit waits for the calls that are under way. What a call rejects with, or one that takes longer than `timeoutMs`, is an exception of
   * the stage `process`; what the record has put out by other ways stays then. It has begun and cannot begin once more: where exceptions
   * are to be tried again (`retry`) or waited with (`park`), it is quarantined. After a crash calls are made again, and where a partition
   * that is taken away would wait for them for longer than half of `max.poll.interval.ms`. However long the calls take, a transaction
   * begins when they are over.
   */
  mapValuesAsync<W>(mapper: AsyncValueMapper<K, V, W>, options: AsyncMapping = {}): KStream<K, W> {
    const { concurrency = 16, timeoutMs = 30_000, keepsOrder = false, ...named } = options
    if (!Number.isInteger(concurrency) || concurrency < 1)
      throw topologyInvalid(`${concurrency} calls at a time are none`, 'Give a whole number of at least 1.')
    const untyped = mapper as AsyncValueMapper<unknown, unknown, unknown>
    const times = { concurrency, timeoutMs: checkDuration('The time-out of a call', timeoutMs, 1), keepsOrder }
    return this.#newValue(mapValuesAsync({ mapper: untyped, ...times }), named)
  }

  /** Makes any number of values of each one. */
  flatMapValues<W>(mapper: FlatValueMapper<K, V, W>, named: Named = {}): KStream<K, W> {
    return this.#newValue(flatMapValues(mapper as FlatValueMapper<unknown, unknown, unknown>), named)
  }

  /** Gives each record a new key. */
  selectKey<L>(selector: KeySelector<K, V, L>, named: Named = {}): KStream<L, V> {
    const operator = selectKey({ selector: selector as KeySelector<unknown, unknown, unknown> })
    const node = addOperator(this.place, operator, named, NEW_KEY)
    return new KStream<L, V>({ ...this.place, node, key: null, isRekeyed: true })
  }

  /** Replaces key and value. */
  map<L, W>(mapper: KeyValueMapper<K, V, L, W>, named: Named = {}): KStream<L, W> {
    return this.#newRecord(mapKeyValue(mapper as KeyValueMapper<unknown, unknown, unknown, unknown>), named)
  }

  /** Makes any number of records of each one. */
  flatMap<L, W>(mapper: FlatMapper<K, V, L, W>, named: Named = {}): KStream<L, W> {
    return this.#newRecord(flatMap(mapper as FlatMapper<unknown, unknown, unknown, unknown>), named)
  }

  /** Looks at each record in passing, for instance to count. */
  peek(action: ForeachAction<K, V>, named: Named = {}): KStream<K, V> {
    return this.#same(peek(action as ForeachAction<unknown, unknown>), named)
  }

  /** Calls the action with each record, whose way ends there. */
  foreach(action: ForeachAction<K, V>, named: Named = {}): void {
    addOperator(this.place, foreach(action as ForeachAction<unknown, unknown>), named)
  }

  /** Writes each record as a line, for looking on: `[label]: key, value`. The label is this node's name unless one is given. */
  print({ label = this.place.node.name, write = toStandardOutput, ...named }: Printed = {}): void {
    const action: ForeachAction<unknown, unknown> = (key, value) =>
      write(`[${label}]: ${textOf(key)}, ${textOf(value)}`)
    addOperator(this.place, { ...foreach(action), kind: 'print', prefix: 'KSTREAM-PRINTER-' }, named)
  }

  /**
   * Judges each record. What passes goes on, marked ones with `dq-` headers added; what is quarantined goes to the quarantine topic
   * with its original bytes and the reasons; what is dropped is counted; a halt stops the application before the record.
   * @throws SluiceError GATE_RULES_INVALID when the rules do not compile
   */
  gate(definition: GateDefinition, gated: Gated = {}): KStream<K, V> {
    return this.#same(gate(definition, gated), gated)
  }

  /**
   * Sends each record to the first branch whose predicate is true for it. The name is what the names of the branches' nodes begin
   * with; `branch` names the branches, and what ends the split returns them by those names:
   *
   * ```ts
   * const { large, rest } = orders.split({ name: 'by-size-' }).branch('large', isLarge).defaultBranch('rest')
   * ```
   */
  split(named: Named = {}): BranchedKStream<K, V> {
    return BranchedKStream.of(this.place, named)
  }

  /** The records of both streams, in no order between them. Serdes that differ must be given again where they are needed. */
  merge<L, W>(other: KStream<L, W>, { name: given }: Named = {}): KStream<K | L, V | W> {
    const { graph } = this.place
    const operator = merge()
    const name = graph.names.node(given, operator.prefix)
    const node = {
      name,
      isMerge: true,
      write: (to, { parents }) => to.processor({ name, predecessors: parents, operator }),
    } satisfies Parameters<typeof graph.add>[0]
    graph.add(node, [this.place.node, other.place.node])
    return new KStream({
      graph,
      node,
      key: common(this.place.key, other.place.key),
      value: common(this.place.value, other.place.value),
      sources: new Set([...this.place.sources, ...other.place.sources]),
      isRekeyed: this.place.isRekeyed || other.place.isRekeyed,
    })
  }

  /** Writes the records to a topic of the application and reads them again: each to the partition of its key. Null keys are dropped. */
  repartition(repartitioned: Repartitioned<NonNullable<K>, NonNullable<V>> = {}): KStream<NonNullable<K>, V> {
    return new KStream(repartition(this.place, repartitioned))
  }

  /** Groups the records by their key. */
  groupByKey(grouped: Grouped<NonNullable<K>, NonNullable<V>> = {}): KGroupedStream<NonNullable<K>, NonNullable<V>> {
    return new KGroupedStream(this.place, grouped)
  }

  /** Groups the records by a new key. */
  groupBy<L>(
    selector: KeySelector<K, V, L>,
    grouped: Grouped<NonNullable<L>, NonNullable<V>> = {},
  ): KGroupedStream<NonNullable<L>, NonNullable<V>> {
    const { name } = grouped
    return new KGroupedStream(this.selectKey(selector, name === undefined ? {} : { name }).place, grouped)
  }

  /** The latest value of each key as a table: a null value deletes, a record without a key is dropped. */
  toTable(options: Materializing<NonNullable<K>, NonNullable<V>> = {}): KTable<NonNullable<K>, NonNullable<V>> {
    return new KTable(toTable(this.place, options))
  }

  /** Joins records of two streams with the same key whose times are within the windows. */
  join<R, O>(
    stream: KStream<K | null, R> | KStream<NonNullable<K>, R>,
    joiner: ValueJoiner<NonNullable<K>, NonNullable<V>, NonNullable<R>, O>,
    windows: JoinWindows,
    joined?: StreamJoined<NonNullable<K>, NonNullable<V>, NonNullable<R>>,
  ): KStream<NonNullable<K>, O>
  /** Joins each record with the row that the table has of its key, or, of a versioned table, had at its time. */
  join<R, O>(
    table: KTable<NonNullable<K>, R>,
    joiner: ValueJoiner<NonNullable<K>, NonNullable<V>, R, O>,
    joined?: Joined<NonNullable<K>, NonNullable<V>>,
  ): KStream<NonNullable<K>, O>
  /** Joins each record with the row of the key that the selector makes of it; null: the record is dropped. */
  join<G, R, O>(
    table: GlobalKTable<G, R>,
    selector: KeySelector<K, NonNullable<V>, G | null>,
    joiner: ValueJoiner<K, NonNullable<V>, R, O>,
    named?: Named,
  ): KStream<K, O>
  join(other: unknown, ...options: readonly unknown[]): unknown {
    return this.#join('inner', other, options)
  }

  /** As `join`; a record of this stream that meets none by the end of window and grace is joined with null. */
  leftJoin<R, O>(
    stream: KStream<K | null, R> | KStream<NonNullable<K>, R>,
    joiner: ValueJoiner<K, NonNullable<V>, NonNullable<R> | null, O>,
    windows: JoinWindows,
    joined?: StreamJoined<NonNullable<K>, NonNullable<V>, NonNullable<R>>,
  ): KStream<K, O>
  /** As `join`; where there is no row, or the record has no key, with null. */
  leftJoin<R, O>(
    table: KTable<NonNullable<K>, R>,
    joiner: ValueJoiner<K, NonNullable<V>, R | null, O>,
    joined?: Joined<NonNullable<K>, NonNullable<V>>,
  ): KStream<K, O>
  /** As `join`; where there is no row, or the selector makes no key, with null. */
  leftJoin<G, R, O>(
    table: GlobalKTable<G, R>,
    selector: KeySelector<K, NonNullable<V>, G | null>,
    joiner: ValueJoiner<K, NonNullable<V>, R | null, O>,
    named?: Named,
  ): KStream<K, O>
  leftJoin(other: unknown, ...options: readonly unknown[]): unknown {
    return this.#join('left', other, options)
  }

  /** As `join`; a record of either stream that meets none by the end of window and grace is joined with null. */
  outerJoin<R, O>(
    stream: KStream<K | null, R> | KStream<NonNullable<K>, R>,
    joiner: ValueJoiner<K, NonNullable<V> | null, NonNullable<R> | null, O>,
    windows: JoinWindows,
    joined: StreamJoined<NonNullable<K>, NonNullable<V>, NonNullable<R>> = {},
  ): KStream<K, O> {
    return new KStream(joinStreams('outer', this.place, stream.place, joiner as AnyJoiner, windows, joined))
  }

  /** Hands the records to a processor of the user's own. What it forwards may have any key. */
  process<L, W>(supplier: ProcessorSupplier<RecordProcessor<K, V, L, W>>, options: Processing = {}): KStream<L, W> {
    const operator = process(supplier)
    const node = addProcessor(this.place, operator, options, NEW_KEY)
    return new KStream<L, W>({ ...this.place, node, key: null, value: null, isRekeyed: true })
  }

  /** Hands the records to a processor of the user's own that keeps their keys. */
  processValues<W>(supplier: ProcessorSupplier<FixedKeyProcessor<K, V, W>>, options: Processing = {}): KStream<K, W> {
    const operator = processFixedKey(supplier)
    const node = addProcessor(this.place, operator, options, NEW_VALUE)
    return new KStream<K, W>({ ...this.place, node, value: null })
  }

  /**
   * Writes the records to a topic, or to the one that a function chooses for each, with their time and headers.
   * @throws SluiceError TOPOLOGY_INVALID when an operator made new keys or values, and no serde is given for them
   */
  to(topic: string | TopicNameExtractor<K, V>, produced: Produced<NonNullable<K>, NonNullable<V>> = {}): void {
    const { graph, node, key, value } = this.place
    const name = graph.names.node(produced.name, 'KSTREAM-SINK-')
    const { partitioner, onError } = produced
    if (onError !== undefined) graph.onError(name, onError)
    const sink = {
      name,
      topic: topic as string | TopicNameExtractor,
      key: known(produced.key ?? key, 'keys', name),
      value: known(produced.value ?? value, 'values', name),
      ...(partitioner === undefined ? {} : { partitioner: partitioner as StreamPartitioner }),
    }
    graph.add({ name, write: (to, { parents }) => to.sink({ ...sink, predecessors: parents }) }, [node])
  }

  /**
   * What becomes of a record on which the operator before this throws, whatever its source or the settings say.
   *
   * ```ts
   * orders.mapValues(enrich, { name: 'enrich' }).onError('park').to('enriched', enrichedSerdes)
   * ```
   */
  onError(policy: ErrorPolicy): this {
    this.place.graph.onError(this.place.node.name, policy)
    return this
  }

  #join(kind: 'inner' | 'left', other: unknown, [first, second, third]: readonly unknown[]): KStream<K, unknown> {
    const { place } = this
    if (other instanceof KStream) {
      const [joiner, windows, joined] = [first as AnyJoiner, second as JoinWindows, third as AnyStreamJoined]
      return new KStream(joinStreams(kind, place, other.place, joiner, windows, joined))
    }
    if (other instanceof KTable)
      return new KStream(joinTable(kind, place, other, first as AnyJoiner, second as AnyJoined))
    const table = other as GlobalKTable<unknown, unknown>
    const selector = first as KeySelector<unknown, unknown, unknown>
    return new KStream(joinGlobal(kind, place, table, selector, second as AnyJoiner, third as Named))
  }

  #same(operator: Operator, named: Named): KStream<K, V> {
    return new KStream({ ...this.place, node: addOperator(this.place, operator, named) })
  }

  #newValue<W>(operator: Operator, named: Named): KStream<K, W> {
    return new KStream<K, W>({ ...this.place, node: addOperator(this.place, operator, named, NEW_VALUE), value: null })
  }

  #newRecord<L, W>(operator: Operator, named: Named): KStream<L, W> {
    const node = addOperator(this.place, operator, named, NEW_KEY)
    return new KStream<L, W>({ ...this.place, node, key: null, value: null, isRekeyed: true })
  }
}

/** Kafka Streams' `Printed`. */
export interface Printed extends Named {
  readonly label?: string
  /** Default: standard output. */
  readonly write?: (line: string) => void
}

/** How what comes of two streams is written: where both are written alike. */
function common(one: Side | null, other: Side | null): Side | null {
  return one !== null && other !== null && isSameSide(one, other) ? one : null
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value, withoutBigInts) ?? 'undefined')
}

/** JSON has no word for them. */
function withoutBigInts(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value
}

function toStandardOutput(line: string): void {
  stdout.write(`${line}\n`)
}
