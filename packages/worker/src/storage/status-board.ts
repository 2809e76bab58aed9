import type { TaskId } from '../herder/herder.ts'
import type { StatusRecord } from './status-records.ts'
import type { StoredStatus, TopicUse } from './status-store.ts'

/** How everything is doing, as the records say that were read so far (`KafkaStatusBackingStore`). The same for every store. */
export class StatusBoard {
  readonly #connectors = new Map<string, StoredStatus>()
  readonly #tasks = new Map<string, Map<number, StoredStatus>>()
  readonly #topics = new Map<string, Map<string, TopicUse>>()

  apply(record: StatusRecord): void {
    switch (record.kind) {
      case 'connector':
        return put(this.#connectors, record.connector, isGone(record.status) ? null : record.status)
      case 'task':
        return this.#applyTask(record.id, record.status)
      case 'topic':
        return putBelow(this.#topics, record.connector, record.topic, record.use)
    }
  }

  /**
   * Whether a failure or a shut-down may still be written: not when another worker, which has the work by now, has written since.
   */
  isSafe(record: StatusRecord): boolean {
    if (record.kind === 'topic' || record.status === null) return true
    const known = record.kind === 'connector' ? this.connector(record.connector) : this.task(record.id)
    const { workerId, generation } = record.status
    return known === null || known.workerId === workerId || known.generation <= generation
  }

  connector(connector: string): StoredStatus | null {
    return this.#connectors.get(connector) ?? null
  }

  task({ connector, task }: TaskId): StoredStatus | null {
    return this.#tasks.get(connector)?.get(task) ?? null
  }

  tasks(connector: string): readonly (StoredStatus & { readonly id: number })[] {
    const tasks = Array.from(this.#tasks.get(connector) ?? [], ([id, status]) => ({ id, ...status }))
    return tasks.toSorted((a, b) => a.id - b.id)
  }

  connectors(): readonly string[] {
    return [...new Set([...this.#connectors.keys(), ...this.#tasks.keys()])]
  }

  topics(connector: string): readonly TopicUse[] {
    return [...(this.#topics.get(connector)?.values() ?? [])]
  }

  topic(connector: string, topic: string): TopicUse | null {
    return this.#topics.get(connector)?.get(topic) ?? null
  }

  #applyTask({ connector, task }: TaskId, status: StoredStatus | null): void {
    const known = this.task({ connector, task })
    // When work moves, the worker that gave it up may be heard of after the one that took it over.
    const isLate = status?.state === 'UNASSIGNED' && known?.state === 'RUNNING' && known.generation >= status.generation
    if (!isLate) putBelow(this.#tasks, connector, task, isGone(status) ? null : status)
  }
}

function isGone(status: StoredStatus | null): status is null {
  return status === null || status.state === 'DESTROYED'
}

function put<K, V>(map: Map<K, V>, key: K, value: V | null): void {
  if (value === null) map.delete(key)
  else map.set(key, value)
}

function putBelow<K, V>(maps: Map<string, Map<K, V>>, above: string, key: K, value: V | null): void {
  const map = maps.get(above) ?? new Map<K, V>()
  put(map, key, value)
  put(maps, above, map.size === 0 ? null : map)
}
