import type { StateStore } from '../state/stores.ts'
import { checkMethods, refusePromise, suppliedBy, type Immediate } from '../topology/synchronous.ts'
import type { NodeScope, Operator } from './operator.ts'
import type { ProcessorSupplier, StoreReference } from './process.ts'
import { mappedView, tableMap, type RowMapper } from './table-map.ts'
import type { TableOutput } from './table-output.ts'
import type { TableView } from './table-view.ts'

/** What a transformer may ask. */
export interface TransformerContext {
  /** Sub-topology and partition, such as `0_1`. */
  readonly taskId: string
  /** A store that was named with the transformer. @throws SluiceError TOPOLOGY_INVALID */
  getStateStore<S extends StateStore>(store: StoreReference<S>): S
  /** The largest timestamp that the task has seen; -1 before the first record. */
  currentStreamTimeMs(): number
  currentSystemTimeMs(): number
}

/** Kafka Streams' `ValueTransformerWithKey`. One object per task and node; it must change neither of what it is given. */
export interface ValueTransformer<K, V, W> {
  /** Called once, before the first row. */
  init?(context: TransformerContext): Immediate
  /** Null: no row. Not called for deleted rows, which Kafka Streams gives as null. */
  transform(key: K, value: V): W | null
  /** Called once, when the task ends or moves, while its stores are still open. What it throws ends the run. */
  close?(): Immediate
}

type AnySupplier = ProcessorSupplier<ValueTransformer<unknown, unknown, unknown>>

export interface TableTransformValuesOptions {
  readonly supplier: AnySupplier
  readonly table: TableOutput
}

/** Makes a new value of each row's value, by an object that may look into stores. */
export function tableTransformValues({ supplier, table }: TableTransformValuesOptions): Operator {
  const kind = 'transformValues'
  const prefix = 'KTABLE-TRANSFORMVALUES-'
  return {
    kind,
    prefix,
    calls: { supplier },
    changes: 'value',
    compile: (next, scope) =>
      tableMap({ kind, prefix, map: transformerOf(supplier, scope), table, skipsNothing: false }).compile(next, scope),
  }
}

/** The rows where the table has no store: transformed when they are looked up, by a transformer of the looking node's own. */
export function transformedView(parent: TableView, supplier: AnySupplier, stores: readonly string[]): TableView {
  return {
    stores: [...new Set([...parent.stores, ...stores])],
    isVersioned: parent.isVersioned,
    compile: (scope) => mappedView(parent, transformerOf(supplier, scope)).compile(scope),
  }
}

function transformerOf(supplier: AnySupplier, scope: NodeScope): RowMapper {
  const transformer = suppliedBy(scope.node, supplier, 'transform')
  checkMethods(scope.node, transformer, 'init', 'transform', 'close')
  const begun = transformer.init?.({
    taskId: scope.task,
    getStateStore: <S extends StateStore>(store: StoreReference<S>) => scope.store(store.name) as S,
    currentStreamTimeMs: () => scope.streamTime(),
    currentSystemTimeMs: () => scope.clock.now(),
  })
  refusePromise(`init of ${scope.node}`, begun)
  if (transformer.close !== undefined) scope.onClose(() => void transformer.close?.())
  return (value, key) => transformer.transform(key, value)
}
