import type { Predicate } from '../operators/filter.ts'
import type { ForeignKeyExtractor } from '../operators/foreign-key-join.ts'
import type { KeyValueMapper } from '../operators/map-key-value.ts'
import type { ValueMapper } from '../operators/map-values.ts'
import type { AnyJoiner } from '../operators/joiner.ts'
import type { ProcessorSupplier } from '../operators/process.ts'
import type { KeySelector } from '../operators/select-key.ts'
import { filterMapper, tableFilter } from '../operators/table-filter.ts'
import { mappedView } from '../operators/table-map.ts'
import { tableMapValues } from '../operators/table-map-values.ts'
import { tableTransformValues, transformedView, type ValueTransformer } from '../operators/table-transform-values.ts'
import { tableToStream } from '../operators/table-to-stream.ts'
import type {
  AnyMaterializing,
  AnyTableJoined,
  Grouped,
  Materializing,
  Named,
  TableJoined,
  ValueJoiner,
} from '../options.ts'
import { joinByForeignKey } from './foreign-key-joins.ts'
import { KGroupedTable } from './kgrouped-table.ts'
import { KStream } from './kstream.ts'
import { addOperator, type Processing } from './place.ts'
import type { Suppressed } from './suppressed.ts'
import { suppressTable } from './suppress-table.ts'
import { joinTables } from './table-table-joins.ts'
import type { ErrorPolicy } from '../topology/node.ts'
import { derivedTable, namesOf } from './derived-table.ts'
import type { TableParts, TablePlace } from './table-parts.ts'
import type { TableRows } from './table-rows.ts'

/**
 * Kafka Streams' `KTable`: the latest value of each key, changing with every record. A null value is no row; values here are never null.
 *
 * A table made of another one (`filter`, `mapValues`, joins of tables) keeps no rows unless a name for its store is given: what
 * looks something up in it asks its parent's.
 */
export class KTable<K, V> implements TableParts {
  /** For the DSL. */
  readonly place: TablePlace
  readonly rows: TableRows

  /** For the DSL: begin with `StreamsBuilder.table`, or with an aggregation. */
  constructor({ place, rows }: TableParts) {
    this.place = place
    this.rows = rows
  }

  /** The name of the store with its rows, for queries; null when it has none yet. */
  queryableStoreName(): string | null {
    return this.rows.output.store
  }

  /** Keeps the rows for which the predicate is true; a row that becomes false is deleted. */
  filter<W extends V>(predicate: (key: K, value: V) => value is W, options?: Materializing<K, W>): KTable<K, W>
  filter(predicate: Predicate<K, V>, options?: Materializing<K, V>): KTable<K, V>
  filter(predicate: Predicate<K, V>, options: AnyMaterializing = {}): KTable<K, V> {
    return this.#filter(predicate, true, options)
  }

  /** Keeps the rows for which the predicate is false. */
  filterNot(predicate: Predicate<K, V>, options: Materializing<K, V> = {}): KTable<K, V> {
    return this.#filter(predicate, false, options)
  }

  /** Makes a new value of each row's. What it makes null of is no row. */
  mapValues<W>(
    mapper: ValueMapper<K, V, W>,
    options: Materializing<K, NonNullable<W>> = {},
  ): KTable<K, NonNullable<W>> {
    const untyped = mapper as ValueMapper<unknown, unknown, unknown>
    const table = derivedTable(this, options, {
      prefix: 'KTABLE-MAPVALUES-',
      value: null,
      view: (parent) => mappedView(parent, untyped),
      operator: (table) => tableMapValues({ mapper: untyped, table }),
    })
    return new KTable(table)
  }

  /** Makes a new value of each row's, by an object that may look into stores: one per task, made by the supplier. */
  transformValues<W>(
    supplier: ProcessorSupplier<ValueTransformer<K, V, W>>,
    options: Materializing<K, NonNullable<W>> & Processing = {},
  ): KTable<K, NonNullable<W>> {
    const untyped = supplier as unknown as ProcessorSupplier<ValueTransformer<unknown, unknown, unknown>>
    const { stores = [] } = options
    const table = derivedTable(this, options, {
      prefix: 'KTABLE-TRANSFORMVALUES-',
      value: null,
      stores,
      view: (parent) => transformedView(parent, untyped, namesOf(stores)),
      operator: (table) => tableTransformValues({ supplier: untyped, table }),
    })
    return new KTable(table)
  }

  /** As `KStream.onError`: of what the operator before this throws. */
  onError(policy: ErrorPolicy): this {
    this.place.graph.onError(this.place.node.name, policy)
    return this
  }

  /** The changes of the table as a stream: null values are deletes. With a selector, under new keys. */
  toStream<L>(selector: KeySelector<K, V | null, L>, named?: Named): KStream<L, V | null>
  toStream(named?: Named): KStream<K, V | null>
  toStream<L>(first: KeySelector<K, V | null, L> | Named = {}, named: Named = {}): unknown {
    const { graph, key, value, sources } = this.place
    const [selector, options] =
      typeof first === 'function' ? [first as KeySelector<K, V | null, L>, named] : [null, first]
    const node = addOperator(this.place, tableToStream(), options)
    const stream = new KStream<K, V | null>({ graph, node, key, value, sources, isRekeyed: false })
    return selector === null ? stream : stream.selectKey(selector)
  }

  /** Holds changes back: until windows are closed, or for a while. */
  suppress(suppressed: Suppressed): KTable<K, V> {
    return new KTable(suppressTable(this, suppressed))
  }

  /** Groups the rows anew, to be aggregated. A row whose new key or value is null is in no group. */
  groupBy<L, W>(
    mapper: KeyValueMapper<K, V, L, W>,
    grouped: Grouped<NonNullable<L>, NonNullable<W>> = {},
  ): KGroupedTable<NonNullable<L>, NonNullable<W>> {
    return KGroupedTable.of(this, mapper, grouped)
  }

  /** Joins the rows of both tables with the same key. */
  join<R, O>(
    table: KTable<K, R>,
    joiner: ValueJoiner<K, V, R, O>,
    options?: Materializing<K, NonNullable<O>>,
  ): KTable<K, NonNullable<O>>
  /** Joins each row with the row of the other table that a foreign key made of it names; null: it has no result. */
  join<FK, R, O>(
    table: KTable<FK, R>,
    foreignKey: ForeignKeyExtractor<K, V, FK>,
    joiner: ValueJoiner<K, V, R, O>,
    options?: TableJoined<K, NonNullable<O>>,
  ): KTable<K, NonNullable<O>>
  join(table: TableParts, ...options: readonly unknown[]): unknown {
    return this.#join('inner', table, options)
  }

  /** As `join`; a row that meets none is joined with null. */
  leftJoin<R, O>(
    table: KTable<K, R>,
    joiner: ValueJoiner<K, V, R | null, O>,
    options?: Materializing<K, NonNullable<O>>,
  ): KTable<K, NonNullable<O>>
  /** As `join`; a row that names none, or one that does not exist, is joined with null. */
  leftJoin<FK, R, O>(
    table: KTable<FK, R>,
    foreignKey: ForeignKeyExtractor<K, V, FK>,
    joiner: ValueJoiner<K, V, R | null, O>,
    options?: TableJoined<K, NonNullable<O>>,
  ): KTable<K, NonNullable<O>>
  leftJoin(table: TableParts, ...options: readonly unknown[]): unknown {
    return this.#join('left', table, options)
  }

  /** As `join`; a row of either table that meets none is joined with null. */
  outerJoin<R, O>(
    table: KTable<K, R>,
    joiner: ValueJoiner<K, V | null, R | null, O>,
    options: Materializing<K, NonNullable<O>> = {},
  ): KTable<K, NonNullable<O>> {
    return new KTable(joinTables('outer', this, table, joiner as AnyJoiner, options))
  }

  #filter(predicate: Predicate<K, V>, wanted: boolean, options: AnyMaterializing): KTable<K, V> {
    const untyped = predicate as Predicate<unknown, unknown>
    const table = derivedTable(this, options, {
      prefix: 'KTABLE-FILTER-',
      value: this.place.value,
      view: (parent) => mappedView(parent, filterMapper(untyped, wanted)),
      operator: (table) => tableFilter({ predicate: untyped, wanted, table }),
    })
    // A parent that keeps its rows can say what was there, so that rows that never matched are not deleted.
    if (this.rows.sendOldValues(false)) table.rows.sendOldValues(false)
    return new KTable(table)
  }

  #join(kind: 'inner' | 'left', table: TableParts, [first, second, third]: readonly unknown[]): KTable<K, unknown> {
    return new KTable(
      typeof second === 'function'
        ? joinByForeignKey(kind, this, table, first as AnyExtractor, second as AnyJoiner, third as AnyTableJoined)
        : joinTables(kind, this, table, first as AnyJoiner, second as AnyMaterializing),
    )
  }
}

type AnyExtractor = ForeignKeyExtractor<unknown, unknown, unknown>
