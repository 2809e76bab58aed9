/** Stores that keep times, used as if they kept values only. */
import type {
  KeyValue,
  KeyValueStore,
  ReadOnlyWindowStore,
  TimestampedKeyValueStore,
  TimestampedWindowStore,
  ValueAndTimestamp,
  WindowEntry,
} from '../state/stores.ts'

/** What a test puts into a store that keeps times has none, as in Kafka Streams (`NO_TIMESTAMP`). */
const NO_TIME = -1

export function plainKeyValueStore<K, V>(store: TimestampedKeyValueStore<K, V>): KeyValueStore<K, V> {
  return {
    put: (key, value) => store.put(key, value, NO_TIME),
    putIfAbsent: (key, value) => store.putIfAbsent(key, value, NO_TIME)?.value ?? null,
    putAll(entries) {
      for (const [key, value] of entries) store.put(key, value, NO_TIME)
    },
    delete: (key) => store.delete(key)?.value ?? null,
    name: store.name,
    close: () => store.close(),
    get: (key) => store.get(key)?.value ?? null,
    range: (from, to) => rows(store.range(from, to)),
    reverseRange: (from, to) => rows(store.reverseRange(from, to)),
    all: () => rows(store.all()),
    reverseAll: () => rows(store.reverseAll()),
    prefixScan: (prefix) => rows(store.prefixScan(prefix)),
    approximateNumEntries: () => store.approximateNumEntries(),
  }
}

export function plainWindowStore<K, V>(store: TimestampedWindowStore<K, V>): ReadOnlyWindowStore<K, V> {
  return {
    name: store.name,
    close: () => store.close(),
    fetch: (key, start) => store.fetch(key, start)?.value ?? null,
    fetchRange: (key, from, to) => windows(store.fetchRange(key, from, to)),
    backwardFetchRange: (key, from, to) => windows(store.backwardFetchRange(key, from, to)),
    fetchKeys: (keyFrom, keyTo, from, to) => windows(store.fetchKeys(keyFrom, keyTo, from, to)),
    backwardFetchKeys: (keyFrom, keyTo, from, to) => windows(store.backwardFetchKeys(keyFrom, keyTo, from, to)),
    fetchAll: (from, to) => windows(store.fetchAll(from, to)),
    backwardFetchAll: (from, to) => windows(store.backwardFetchAll(from, to)),
    all: () => windows(store.all()),
  }
}

function* rows<K, V>(of: Iterable<KeyValue<K, ValueAndTimestamp<V>>>): Iterable<KeyValue<K, V>> {
  for (const { key, value } of of) yield { key, value: value.value }
}

function* windows<K, V>(of: Iterable<WindowEntry<K, ValueAndTimestamp<V>>>): Iterable<WindowEntry<K, V>> {
  for (const { key, start, value } of of) yield { key, start, value: value.value }
}
