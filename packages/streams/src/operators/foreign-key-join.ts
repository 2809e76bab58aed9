/**
 * The five nodes of a join of two tables by a foreign key (KIP-213). The left side subscribes each of its rows with the right row that
 * it names; the right side keeps subscriptions and answers when it is asked and when its row changes; the left side joins an answer
 * unless its row has changed in the meantime.
 */
import type { Change } from '../dsl/change.ts'
import type { Side } from '../serde.ts'
import {
  foreignKeyPrefix,
  type CombinedKey,
  type Subscription,
  type SubscriptionInstruction,
  type SubscriptionResponse,
} from '../state/formats/foreign-key.ts'
import { murmur3 } from '../state/formats/murmur3.ts'
import { codecOf, keyBytes } from '../state/formats/side-codec.ts'
import type { TimestampedKeyValueStore } from '../state/stores.ts'
import { NULL_FOREIGN_KEY, NULL_KEY, OUT_OF_ORDER } from './drop-reasons.ts'
import type { AnyJoiner } from './joiner.ts'
import type { Operator } from './operator.ts'
import type { RecordContext } from '../record-path/record-context.ts'
import { made } from '../topology/synchronous.ts'
import type { TableView } from './table-view.ts'

/** The key of the right row that a left row names; null: none. */
export type ForeignKeyExtractor<K, V, FK> = (value: V, key: K) => FK | null

type Subscribed = Subscription<unknown>
type Combined = CombinedKey<unknown, unknown>

/** An answer on its way to the topic: where it goes is not written. */
export interface RoutedResponse extends SubscriptionResponse<unknown> {
  readonly primaryPartition: number
}

export interface SubscriptionSendOptions {
  readonly kind: 'inner' | 'left'
  readonly extractor: ForeignKeyExtractor<unknown, unknown, unknown>
  /** Of the left table's values: what answers are recognised by are their bytes. */
  readonly leftValue: Side
  /** Of the right table's keys. */
  readonly foreignKey: Side
  /** Read when compiled: whether the left table is versioned. */
  readonly of: { readonly isVersioned: boolean }
}

/** Of the left table: a change becomes a subscription, and the end of the one before. Needs old values. */
export function subscriptionSend(options: SubscriptionSendOptions): Operator {
  const { kind, extractor } = options
  return {
    kind: 'subscriptionSend',
    prefix: 'KTABLE-FK-JOIN-SUBSCRIPTION-REGISTRATION-',
    calls: { 'foreign key extractor': extractor },
    changes: 'record',
    compile(next, scope) {
      const { node, task } = scope
      const { isVersioned } = options.of
      const isLeft = kind === 'left'
      const primaryPartition = Number(task.slice(task.indexOf('_') + 1))
      const value = codecOf<unknown>(options.leftValue, node)
      const foreign = codecOf<unknown>(options.foreignKey, node)
      const isSame = (a: unknown, b: unknown): boolean =>
        a === b || Buffer.compare(keyBytes(foreign, a), keyBytes(foreign, b)) === 0
      const send = (
        foreignKey: unknown,
        instruction: SubscriptionInstruction,
        primaryKey: unknown,
        newValue: unknown,
        at: RecordContext,
      ): void => {
        const bytes = newValue === null ? null : value.encode(newValue)
        const subscription: Subscribed = {
          hash: bytes === null ? null : murmur3(bytes),
          instruction,
          primaryKey,
          primaryPartition,
        }
        next(foreignKey, subscription, at)
      }
      return (key, change, at) => {
        at.node = node
        const { newValue, oldValue, isLatest } = change as Change<unknown>
        if (key === null) return scope.drop(at, NULL_KEY)
        if (isVersioned && !isLatest) return scope.drop(at, OUT_OF_ORDER)
        const newForeign = newValue === null ? null : made('foreign key extractor', extractor(newValue, key))
        const oldForeign = oldValue === null ? null : made('foreign key extractor', extractor(oldValue, key))
        const hasMoved = oldForeign !== null && (newForeign === null || !isSame(newForeign, oldForeign))
        if (newValue === null && oldValue === null) return at.keep()
        if (isLeft) {
          if (hasMoved) send(oldForeign, 'deleteKeyNoPropagate', key, newValue, at)
          return send(newForeign, 'propagateNullIfNoForeignValue', key, newValue, at)
        }
        if (newForeign === null) {
          if (newValue !== null) scope.drop(at, NULL_FOREIGN_KEY)
          if (oldForeign !== null) send(oldForeign, 'deleteKeyAndPropagate', key, newValue, at)
          return
        }
        if (!hasMoved) return send(newForeign, 'propagateOnlyIfForeignValue', key, newValue, at)
        send(oldForeign, 'deleteKeyNoPropagate', key, newValue, at)
        send(newForeign, 'propagateNullIfNoForeignValue', key, newValue, at)
      }
    },
  }
}

/** Of the right side: keeps or forgets a subscription, and hands it on under its combined key. */
export function subscriptionReceive({ store: name }: { readonly store: string }): Operator {
  return {
    kind: 'subscriptionReceive',
    prefix: 'KTABLE-FK-JOIN-SUBSCRIPTION-PROCESSOR-',
    changes: 'record',
    compile(next, scope) {
      const { node } = scope
      const store = scope.store(name) as TimestampedKeyValueStore<Combined, Subscribed>
      return (key, value, at) => {
        at.node = node
        const subscription = value as Subscribed
        const { instruction, primaryKey } = subscription
        if (key === null && instruction !== 'propagateNullIfNoForeignValue') return scope.drop(at, NULL_KEY)
        const combined: Combined = { foreignKey: key, primaryKey }
        if (key !== null) {
          const isDelete = instruction === 'deleteKeyNoPropagate' || instruction === 'deleteKeyAndPropagate'
          store.put(combined, isDelete ? null : subscription, at.timestamp)
          at.keep()
        }
        next(combined, subscription, at)
      }
    },
  }
}

/** Of the right side: answers a subscription with the right row as it is. */
export function subscriptionJoin({ rightView }: { readonly rightView: TableView }): Operator {
  return {
    kind: 'subscriptionJoin',
    prefix: 'KTABLE-FK-JOIN-SUBSCRIPTION-PROCESSOR-',
    changes: 'record',
    compile(next, scope) {
      const { node } = scope
      const rows = rightView.compile(scope)
      return (key, value, at) => {
        at.node = node
        const { hash, instruction, primaryKey, primaryPartition } = value as Subscribed
        const { foreignKey } = key as Combined
        if (instruction === 'deleteKeyNoPropagate') return at.keep()
        const row = foreignKey === null ? null : rows.get(foreignKey)
        if (row === null && instruction === 'propagateOnlyIfForeignValue') return at.keep()
        const foreignValue = instruction === 'deleteKeyAndPropagate' || row === null ? null : row.value
        const response: RoutedResponse = { hash, foreignValue, primaryPartition }
        const { timestamp } = at
        if (row !== null && row.timestamp > timestamp) at.timestamp = row.timestamp
        next(primaryKey, response, at)
        at.timestamp = timestamp
      }
    },
  }
}

export interface ForeignTableJoinOptions {
  /** The subscriptions. */
  readonly store: string
  readonly foreignKey: Side
  /** Read when compiled: whether the right table is versioned. */
  readonly of: { readonly isVersioned: boolean }
}

/** Of the right table: a change is told to all who have subscribed with its key. Results carry the change's time. */
export function foreignTableJoin(options: ForeignTableJoinOptions): Operator {
  return {
    kind: 'foreignTableJoin',
    prefix: 'KTABLE-FK-JOIN-SUBSCRIPTION-PROCESSOR-',
    changes: 'record',
    compile(next, scope) {
      const { node } = scope
      const { isVersioned } = options.of
      const store = scope.store(options.store) as TimestampedKeyValueStore<Combined, Subscribed>
      const foreign = codecOf<unknown>(options.foreignKey, node)
      return (key, value, at) => {
        at.node = node
        if (key === null) return scope.drop(at, NULL_KEY)
        const { newValue, isLatest } = value as Change<unknown>
        if (isVersioned && !isLatest) return scope.drop(at, OUT_OF_ORDER)
        at.keep()
        for (const { value: row } of store.prefixScan(foreignKeyPrefix(keyBytes(foreign, key)))) {
          const { hash, primaryKey, primaryPartition } = row.value
          const response: RoutedResponse = { hash, foreignValue: newValue, primaryPartition }
          next(primaryKey, response, at)
        }
      }
    },
  }
}

export interface ResponseJoinOptions {
  readonly kind: 'inner' | 'left'
  /** Of the left value and the right one, null where a left join finds none. */
  readonly joiner: AnyJoiner
  readonly leftView: TableView
  /** Of the left table's values, as `subscriptionSend` was told. */
  readonly leftValue: Side
}

/** Of the left side: joins an answer with the left row, unless that is no longer the row that was asked for. */
export function responseJoin(options: ResponseJoinOptions): Operator {
  const { kind, joiner, leftView, leftValue } = options
  return {
    kind: 'responseJoin',
    prefix: 'KTABLE-FK-JOIN-SUBSCRIPTION-RESPONSE-RESOLVER-PROCESSOR-',
    calls: { joiner },
    changes: 'value',
    compile(next, scope) {
      const { node } = scope
      const isLeft = kind === 'left'
      const rows = leftView.compile(scope)
      const codec = codecOf<unknown>(leftValue, node)
      return (key, value, at) => {
        at.node = node
        const { hash, foreignValue } = value as SubscriptionResponse<unknown>
        const row = rows.get(key)
        const bytes = row === null ? null : codec.encode(row.value)
        if (!isSameHash(hash, bytes === null ? null : murmur3(bytes))) return at.keep()
        const isNone = row === null || (foreignValue === null && !isLeft)
        next(key, isNone ? null : made('joiner', joiner(row.value, foreignValue, key)), at)
      }
    },
  }
}

function isSameHash(a: Uint8Array | null, b: Uint8Array | null): boolean {
  if (a === null || b === null) return a === b
  return Buffer.compare(a, b) === 0
}
