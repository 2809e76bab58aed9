import type { StoreReference } from '../operators/process.ts'
import type { TimersReference } from '../operators/timers.ts'
import type { Stored } from '../options.ts'
import type { Serde } from '../serde.ts'
import { bytesSerde } from '../serdes.ts'
import type {
  KeyValueDefinition,
  SessionDefinition,
  TimestampedKeyValueDefinition,
  TimestampedWindowDefinition,
  VersionedDefinition,
  WindowDefinition,
} from '../state/definition.ts'
import type {
  KeyValueStore,
  SessionStore,
  TimestampedKeyValueStore,
  TimestampedWindowStore,
  VersionedKeyValueStore,
  WindowStore,
} from '../state/stores.ts'
import { checkDuration } from '../windows/duration-check.ts'
import { storeBase } from './stored.ts'

interface StoreOptions<K, V> extends Stored {
  readonly key: Serde<K>
  readonly value: Serde<V>
}

interface WindowOptions<K, V> extends StoreOptions<K, V> {
  readonly retentionMs: number
  readonly windowSizeMs: number
}

/**
 * Kafka Streams' `Stores`: the stores of processors, to be added with `addStateStore` or with the processor that uses them. What they
 * return is also what `ProcessorContext.getStateStore` takes to give the store with its type.
 */
export const Stores = {
  /** A value per key. */
  keyValue<K, V>(name: string, options: StoreOptions<K, V>): KeyValueDefinition & StoreReference<KeyValueStore<K, V>> {
    return { kind: 'keyValue', ...storeBase(name, options, options) }
  },
  /** A value per key, and its time: what tables of the DSL are kept in. */
  timestampedKeyValue<K, V>(
    name: string,
    options: StoreOptions<K, V>,
  ): TimestampedKeyValueDefinition & StoreReference<TimestampedKeyValueStore<K, V>> {
    return { kind: 'timestampedKeyValue', ...storeBase(name, options, options) }
  },
  /** All values of a key over time, for so long. */
  versionedKeyValue<K, V>(
    name: string,
    options: StoreOptions<K, V> & { readonly historyRetentionMs: number },
  ): VersionedDefinition & StoreReference<VersionedKeyValueStore<K, V>> {
    const historyRetentionMs = checkDuration(`The history of store ${name}`, options.historyRetentionMs, 0)
    return { kind: 'versioned', ...storeBase(name, options, options), historyRetentionMs }
  },
  /** A value per key and window; with `retainDuplicates` any number of them. */
  window<K, V>(
    name: string,
    options: WindowOptions<K, V> & { readonly retainDuplicates?: boolean },
  ): WindowDefinition & StoreReference<WindowStore<K, V>> {
    const { retainDuplicates = false } = options
    return { kind: 'window', ...storeBase(name, options, options), ...windows(name, options), retainDuplicates }
  },
  /** A value per key and window, and its time. */
  timestampedWindow<K, V>(
    name: string,
    options: WindowOptions<K, V>,
  ): TimestampedWindowDefinition & StoreReference<TimestampedWindowStore<K, V>> {
    const base = storeBase(name, options, options)
    return { kind: 'timestampedWindow', ...base, ...windows(name, options), retainDuplicates: false }
  },
  /** One timer per key, for `Timers`. */
  timers<K>(name: string, options: Stored & { readonly key: Serde<K> }): KeyValueDefinition & TimersReference<K> {
    const bytes = { key: bytesSerde, value: bytesSerde }
    return { kind: 'keyValue', ...storeBase(name, options, bytes), timerKey: options.key }
  },
  /** A value per key and session. */
  session<K, V>(
    name: string,
    options: StoreOptions<K, V> & { readonly retentionMs: number },
  ): SessionDefinition & StoreReference<SessionStore<K, V>> {
    const retentionMs = checkDuration(`The retention of store ${name}`, options.retentionMs, 0)
    return { kind: 'session', ...storeBase(name, options, options), retentionMs }
  },
}

function windows(
  name: string,
  { retentionMs, windowSizeMs }: { readonly retentionMs: number; readonly windowSizeMs: number },
): { readonly retentionMs: number; readonly windowSizeMs: number } {
  checkDuration(`The window size of store ${name}`, windowSizeMs, 0)
  return { windowSizeMs, retentionMs: checkDuration(`The retention of store ${name}`, retentionMs, windowSizeMs) }
}
