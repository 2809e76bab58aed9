import { reversed, type AnyJoiner } from '../operators/joiner.ts'
import { passThrough } from '../operators/pass-through.ts'
import { selfJoin, selfJoinWindowed } from '../operators/self-join.ts'
import { streamStreamJoin } from '../operators/stream-stream-join.ts'
import { windowedStore } from '../operators/windowed-store.ts'
import type { AnyStreamJoined as AnyJoined } from '../options.ts'
import type { WindowDefinition } from '../state/definition.ts'
import type { GraphNode, Writing } from '../topology/graph-node.ts'
import type { Names } from '../topology/names.ts'
import { checkName } from '../topology/names.ts'
import type { TopologyDraft } from '../topology/topology-draft.ts'
import type { JoinWindows } from '../windows/join-windows.ts'
import { copartition, type StreamPlace } from './place.ts'
import { repartitionedForJoin } from './repartitioned-for-join.ts'
import { known, storeBase } from './stored.ts'

type Kind = 'inner' | 'left' | 'outer'

/** Joins two streams within windows: per side a node that keeps its records and one that joins them, and one where the results meet. */
export function joinStreams(
  kind: Kind,
  one: StreamPlace,
  other: StreamPlace,
  joiner: AnyJoiner,
  windows: JoinWindows,
  joined: AnyJoined = {},
): StreamPlace {
  const { graph } = one
  const { name: given, key, value, otherValue } = joined
  const left = repartitionedForJoin(one, given === undefined ? one.node.name : `${given}-left`, { key, value })
  const rightPrefix = given === undefined ? other.node.name : `${given}-right`
  const right = repartitionedForJoin(other, rightPrefix, { key, value: otherValue })
  const sources = copartition(left, right)
  const names = namesOf(graph.names, kind, joined)
  const stores = storesOf(names, kind, windows, left, right, joined)
  const isSelfJoin = (writing: Writing): boolean =>
    kind === 'inner' && left.node === right.node && writing.optimizations.has('single.store.self.join')
  const keep = (name: string, definition: WindowDefinition, isLeft: boolean): GraphNode => ({
    name,
    write(to, writing) {
      if (!isLeft && isSelfJoin(writing)) return
      to.store(definition, { isUnnamed: joined.storeName === undefined })
      const operator = isSelfJoin(writing) ? selfJoinWindowed() : windowedStore({ store: definition.name })
      to.processor({ name, predecessors: writing.parents, operator }, [definition.name])
    },
  })
  graph.add(keep(names.thisWindowed, stores.left, true), [left.node])
  graph.add(keep(names.otherWindowed, stores.right, false), [right.node])
  const node: GraphNode = {
    name: names.merge,
    joinsNullKeys: kind !== 'inner',
    write(to, writing) {
      if (isSelfJoin(writing)) {
        const operator = { ...selfJoin({ joiner, windows, store: stores.left.name }), calls: { joiner } }
        to.processor({ name: names.merge, predecessors: [names.thisWindowed], operator }, [stores.left.name])
      } else writeJoin(to, names, stores, kind, joiner, windows, joined)
    },
  }
  graph.add(node, [left.node, right.node])
  return { graph, node, key: key ?? null, value: null, sources, isRekeyed: false }
}

interface JoinNames {
  readonly thisWindowed: string
  readonly otherWindowed: string
  readonly joinThis: string
  readonly joinOther: string
  readonly merge: string
  readonly thisStore: string
  readonly otherStore: string
  readonly sharedStore: string
}

function namesOf(names: Names, kind: Kind, { name: given, storeName }: AnyJoined): JoinNames {
  if (storeName !== undefined) checkName('Store name', storeName)
  const isRightOuter = kind === 'outer'
  const isLeftOuter = kind !== 'inner'
  const thisSuffix = isRightOuter ? '-outer-this-join' : '-this-join'
  const otherSuffix = isLeftOuter ? '-outer-other-join' : '-other-join'
  const thisWindowed = names.suffixed(given, '-this-windowed', 'KSTREAM-WINDOWED-')
  const otherWindowed = names.suffixed(given, '-other-windowed', 'KSTREAM-WINDOWED-')
  const generatedThis = names.next(isRightOuter ? 'KSTREAM-OUTERTHIS-' : 'KSTREAM-JOINTHIS-')
  const generatedOther = names.next(isLeftOuter ? 'KSTREAM-OUTEROTHER-' : 'KSTREAM-JOINOTHER-')
  return {
    thisWindowed,
    otherWindowed,
    joinThis: given === undefined ? generatedThis : given + thisSuffix,
    joinOther: given === undefined ? generatedOther : given + otherSuffix,
    merge: names.suffixed(given, '-merge', 'KSTREAM-MERGE-'),
    thisStore: `${storeName === undefined ? generatedThis : storeName + thisSuffix}-store`,
    otherStore: `${storeName === undefined ? generatedOther : storeName + otherSuffix}-store`,
    sharedStore:
      storeName === undefined
        ? `KSTREAM-OUTERSHARED-${generatedThis.slice(-10)}-store`
        : `${storeName}-${isRightOuter ? 'outer' : 'left'}-shared-join-store`,
  }
}

interface JoinStores {
  readonly left: WindowDefinition
  readonly right: WindowDefinition
  readonly shared:
    | ({ readonly kind: 'outerJoin'; readonly rightValue: WindowDefinition['value'] } & ReturnType<typeof storeBase>)
    | null
}

function storesOf(
  names: JoinNames,
  kind: Kind,
  windows: JoinWindows,
  left: StreamPlace,
  right: StreamPlace,
  joined: AnyJoined,
): JoinStores {
  const key = joined.key ?? left.key ?? right.key
  const value = joined.value ?? left.value
  const rightValue = known(joined.otherValue ?? right.value, 'values', names.otherStore)
  const facts = {
    kind: 'window',
    retentionMs: windows.sizeMs + windows.graceMs,
    windowSizeMs: windows.sizeMs,
    retainDuplicates: true,
  } as const
  const stored = { ...joined, caching: false }
  return {
    left: { ...storeBase(names.thisStore, stored, { key, value }), ...facts },
    right: { ...storeBase(names.otherStore, stored, { key, value: rightValue }), ...facts },
    shared:
      kind === 'inner'
        ? null
        : { kind: 'outerJoin', ...storeBase(names.sharedStore, stored, { key, value }), rightValue },
  }
}

function writeJoin(
  to: TopologyDraft,
  names: JoinNames,
  { left, right, shared }: JoinStores,
  kind: Kind,
  joiner: AnyJoiner,
  windows: JoinWindows,
  joined: AnyJoined,
): void {
  if (shared !== null) to.store(shared, { isUnnamed: joined.storeName === undefined })
  const common = {
    windows,
    pair: {},
    ...(shared === null ? {} : { sharedStore: shared.name, joiners: { left: joiner, right: reversed(joiner) } }),
  }
  const sharedStores = shared === null ? [] : [shared.name]
  const joinThis = streamStreamJoin({
    ...common,
    side: 'left',
    isOuter: kind !== 'inner',
    joiner,
    otherStore: right.name,
  })
  const joinOther = streamStreamJoin({
    ...common,
    side: 'right',
    isOuter: kind === 'outer',
    joiner: reversed(joiner),
    otherStore: left.name,
  })
  const thisStores = [right.name, ...sharedStores]
  const called = { ...joinThis, calls: { joiner } }
  to.processor({ name: names.joinThis, predecessors: [names.thisWindowed], operator: called }, thisStores)
  const otherStores = [left.name, ...sharedStores]
  to.processor({ name: names.joinOther, predecessors: [names.otherWindowed], operator: joinOther }, otherStores)
  const operator = passThrough('joinMerge', 'KSTREAM-MERGE-')
  to.processor({ name: names.merge, predecessors: [names.joinThis, names.joinOther], operator })
}
