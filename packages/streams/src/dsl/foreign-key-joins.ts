import {
  foreignTableJoin,
  responseJoin,
  subscriptionJoin,
  subscriptionReceive,
  subscriptionSend,
  type ForeignKeyExtractor,
  type RoutedResponse,
} from '../operators/foreign-key-join.ts'
import type { AnyJoiner } from '../operators/joiner.ts'
import type { Operator } from '../operators/operator.ts'
import { tableSource } from '../operators/table-source.ts'
import type { AnyTableJoined } from '../options.ts'
import type { Serde, Side } from '../serde.ts'
import { combinedKeySerde, subscriptionResponseSerde, subscriptionSerde } from '../state/formats/foreign-key.ts'
import type { GraphNode } from '../topology/graph-node.ts'
import type { StreamPartitioner } from '../topology/record-functions.ts'
import { topologyInvalid } from '../topology/topology-invalid.ts'
import type { Place } from './place.ts'
import { known, storeBase, tableStoreDefinition } from './stored.ts'
import type { TableParts } from './table-parts.ts'
import { SourceRows, writeStore } from './table-rows.ts'

const REGISTRATION = 'KTABLE-FK-JOIN-SUBSCRIPTION-REGISTRATION-'
const RESPONSE = 'KTABLE-FK-JOIN-SUBSCRIPTION-RESPONSE-'
const PROCESSOR = 'KTABLE-FK-JOIN-SUBSCRIPTION-PROCESSOR-'
const RESOLVER = 'KTABLE-FK-JOIN-SUBSCRIPTION-RESPONSE-RESOLVER-PROCESSOR-'
const OUTPUT = 'KTABLE-FK-JOIN-OUTPUT-'

type AnyExtractor = ForeignKeyExtractor<unknown, unknown, unknown>

/**
 * Joins each row of a table with the row of another that its foreign key names (KIP-213). The left side subscribes with the right one,
 * by a topic in the right table's partitions; the right side answers each subscription, and each change of its row, by a topic in the
 * left table's. Neither table need have as many partitions as the other.
 */
export function joinByForeignKey(
  kind: 'inner' | 'left',
  left: TableParts,
  right: TableParts,
  extractor: AnyExtractor,
  joiner: AnyJoiner,
  { name: given, materialized = {}, partitioner, otherPartitioner }: AnyTableJoined = {},
): TableParts {
  const { graph } = left.place
  const { names } = graph
  left.rows.sendOldValues(true)
  right.rows.sendOldValues(true)
  const topic = `${names.suffixed(given, '-subscription-registration', REGISTRATION)}-topic`
  const sides = sidesOf(left.place, right.place, topic)
  const isUnnamed = given === undefined

  const send = names.suffixed(given, '-subscription-registration-processor', REGISTRATION)
  const sink = names.suffixed(given, '-subscription-registration-sink', 'KTABLE-SINK-')
  const source = names.suffixed(given, '-subscription-registration-source', 'KTABLE-SOURCE-')
  const store = names.suffixed(given, '-subscription-store', 'KTABLE-FK-JOIN-SUBSCRIPTION-STATE-STORE-')
  const receive = names.suffixed(given, '-subscription-receive', PROCESSOR)
  const joinForeign = names.suffixed(given, '-subscription-join-foreign', PROCESSOR)
  const foreignJoin = names.suffixed(given, '-foreign-join-subscription', PROCESSOR)
  const responseTopic = `${names.suffixed(given, '-subscription-response', RESPONSE)}-topic`
  const responseSink = names.suffixed(given, '-subscription-response-sink', 'KTABLE-SINK-')
  const responseSource = names.suffixed(given, '-subscription-response-source', 'KTABLE-SOURCE-')
  const resolver = names.suffixed(given, '-subscription-response-resolver', RESOLVER)
  const result = names.suffixed(given, '-result', OUTPUT)
  const resultStore = materialized.name ?? names.store(OUTPUT)

  const leftView = left.rows.view()
  const rightView = right.rows.view()
  const subscriptions = {
    kind: 'timestampedKeyValue',
    ...storeBase(store, { caching: false }, { key: sides.combined, value: sides.subscription }),
  } as const
  const add = (name: string, parents: readonly GraphNode[], write: GraphNode['write'], isTopic = false): GraphNode => {
    const repartition = {
      topic: name,
      ...sides.none,
      filterName: '',
      sinkName: name,
      sourceName: name,
      partitions: null,
    }
    const node: GraphNode = { name, write, ...(isTopic ? { repartition } : {}) }
    graph.add(node, parents)
    return node
  }
  const processor = (
    name: string,
    parents: readonly GraphNode[],
    stores: readonly string[],
    operator: () => Operator,
  ): GraphNode =>
    add(name, parents, (to, writing) =>
      to.processor({ name, predecessors: writing.parents, operator: operator() }, stores),
    )

  const sent = processor(send, [left.place.node], [], () =>
    subscriptionSend({
      kind,
      extractor,
      leftValue: sides.leftValue,
      foreignKey: sides.foreignKey,
      of: { isVersioned: left.rows.isVersioned },
    }),
  )
  const toRight = add(sink, [sent], (to, { parents }) => {
    to.repartition({ name: topic, partitions: null, isUnnamed })
    to.sink({
      name: sink,
      predecessors: parents,
      topic,
      key: sides.foreignKey,
      value: sides.subscription,
      ...(otherPartitioner === undefined ? {} : { partitioner: single(otherPartitioner, sink) }),
    })
  })
  const atRight = add(
    source,
    [toRight],
    (to) =>
      to.source({ name: source, topics: [topic], key: sides.foreignKey, value: sides.subscription, quarantine: null }),
    true,
  )
  graph.copartition(new Set([...right.place.sources, source]))
  const received = add(receive, [atRight], (to, { parents }) => {
    to.store(subscriptions, { isUnnamed })
    to.processor({ name: receive, predecessors: parents, operator: subscriptionReceive({ store }) }, [store])
  })
  const answered = processor(joinForeign, [received], rightView.stores, () => subscriptionJoin({ rightView }))
  const changed = processor(foreignJoin, [right.place.node], [store], () =>
    foreignTableJoin({ store, foreignKey: sides.foreignKey, of: { isVersioned: right.rows.isVersioned } }),
  )
  const toLeft = add(responseSink, [answered, changed], (to, { parents }) => {
    to.repartition({ name: responseTopic, partitions: null, isUnnamed })
    to.sink({
      name: responseSink,
      predecessors: parents,
      topic: responseTopic,
      key: sides.primaryKey,
      value: sides.response,
      partitioner: partitioner === undefined ? toAsker : single(partitioner, responseSink),
    })
  })
  const atLeft = add(
    responseSource,
    [toLeft],
    (to) =>
      to.source({
        name: responseSource,
        topics: [responseTopic],
        key: sides.primaryKey,
        value: sides.response,
        quarantine: null,
      }),
    true,
  )
  const sources = new Set([...left.place.sources, responseSource])
  graph.copartition(sources)
  const resolved = processor(resolver, [atLeft], leftView.stores, () =>
    responseJoin({ kind, joiner, leftView, leftValue: sides.leftValue }),
  )

  const known = { key: materialized.key ?? sides.primaryKey, value: materialized.value ?? null }
  const rows = new SourceRows(
    {
      name: resultStore,
      isUnnamed: materialized.name === undefined,
      define: () => tableStoreDefinition(resultStore, materialized, known),
    },
    materialized.historyRetentionMs !== undefined,
  )
  const node = add(result, [resolved], (to, { parents }) => {
    const { output } = rows
    if (output.store !== null) writeStore(to, rows.store)
    const operator = tableSource({ table: output, prefix: OUTPUT, kind: 'foreignKeyJoin' })
    to.processor({ name: result, predecessors: parents, operator }, output.store === null ? [] : [output.store])
  })
  return { place: { graph, node, ...known, sources, closedAfterMs: null }, rows }
}

interface JoinSides {
  readonly primaryKey: Side
  readonly leftValue: Side
  readonly foreignKey: Side
  readonly subscription: Side
  readonly response: Side
  readonly combined: Side
  readonly none: { readonly key: Side; readonly value: Side }
}

function sidesOf(left: Place, right: Place, where: string): JoinSides {
  const primaryKey = known(left.key, 'keys', where)
  const foreignKey = known(right.key, 'keys', where)
  const rightValue = known(right.value, 'values', where)
  return {
    primaryKey,
    foreignKey,
    leftValue: known(left.value, 'values', where),
    subscription: subscriptionSerde(primaryKey as Serde<unknown>),
    response: subscriptionResponseSerde(rightValue as Serde<unknown>),
    combined: combinedKeySerde(foreignKey as Serde<unknown>, primaryKey as Serde<unknown>),
    none: { key: primaryKey, value: primaryKey },
  }
}

/** An answer goes to the partition that has asked. Asked by an older version, which did not say: where the key's bytes say. */
const toAsker: StreamPartitioner = (_topic, _key, value) => {
  const { primaryPartition } = value as RoutedResponse
  return primaryPartition < 0 ? null : primaryPartition
}

/** A row is in one partition only. */
function single(partitioner: StreamPartitioner, node: string): StreamPartitioner {
  return (topic, key, value, partitions) => {
    const chosen = partitioner(topic, key, value, partitions)
    if (chosen === null || typeof chosen === 'number') return chosen
    if (chosen.length === 1) return chosen
    throw topologyInvalid(
      `The partitioner of ${node} chose ${chosen.length} partitions for one row`,
      'Let it choose exactly one.',
      { node, topic },
    )
  }
}
