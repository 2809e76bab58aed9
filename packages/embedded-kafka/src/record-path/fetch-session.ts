import type { RequestBody } from '@sluice/kafka-protocol'
import type { Topic } from '../broker.ts'
import { FetchPartition, type FetchTopic, type Look } from './fetch-partition.ts'

/**
 * What a client fetches over and over (KIP-227): it names changes only, and is answered changes only. An append marks its partition, so
 * that an idle poll looks at no partition at all, whatever their number. While nobody waits a marked one is not watched any more: a
 * session that nobody comes back to costs appends nothing. Partitions that were answered go to the end of the line.
 */
export class FetchSession {
  readonly id: number
  readonly node: number
  readonly usesIds: boolean
  epoch = 1
  /** Broker time of the last request. */
  lastUsed: number
  readonly #partitions = new Map<string, FetchPartition>()
  /** To look at, in turn. */
  readonly #pending = new Set<FetchPartition>()
  #wake: (() => void) | undefined

  constructor(id: number, node: number, usesIds: boolean, now: number) {
    this.id = id
    this.node = node
    this.usesIds = usesIds
    this.lastUsed = now
  }

  get size(): number {
    return this.#partitions.size
  }

  get pending(): Iterable<FetchPartition> {
    return this.#pending
  }

  /** Adds or moves what a request names, removes what it forgets. */
  update(topics: readonly FetchTopic[], forgotten: RequestBody<'Fetch'>['forgottenTopicsData']): void {
    for (const { topic, topicId, partitions } of topics) {
      for (const asked of partitions) {
        const key = this.#key(topic, topicId, asked.partition)
        let partition = this.#partitions.get(key)
        if (partition === undefined) {
          partition = new FetchPartition(topic, this.usesIds ? topicId : null, asked.partition)
          this.#partitions.set(key, partition)
        }
        partition.update(asked)
        this.#pending.add(partition)
      }
    }
    for (const { topic, topicId, partitions } of forgotten) {
      for (const index of partitions) this.#forget(this.#key(topic, topicId, index))
    }
  }

  /** Takes over the partitions of a first, full fetch. */
  adopt(partitions: readonly FetchPartition[]): void {
    for (const partition of partitions) {
      this.#partitions.set(this.#key(partition.topic, partition.topicId ?? '', partition.index), partition)
      this.#pending.add(partition)
    }
  }

  /** An answer is about to be sent: what was told, and who is worth looking at next time. */
  answered(looks: readonly Look[]): void {
    for (const look of looks) {
      const { partition } = look
      partition.told(look)
      this.#pending.delete(partition)
      if (look.isPending) this.#pending.add(partition)
      else this.#watch(partition)
    }
  }

  /** Looked at: what was found as the client knows it is nothing to look at until something is appended. */
  quiet(looks: readonly Look[]): void {
    for (const look of looks) {
      const { partition } = look
      if (!look.isPending && !partition.isNews(look)) {
        this.#watch(partition)
        this.#pending.delete(partition)
      }
    }
  }

  /** What was found is too little: more of it is waited for. */
  watchPending(): void {
    for (const partition of this.#pending) this.#watch(partition)
  }

  /** Calls back when a partition is marked; undefined ends it. */
  onMark(wake: (() => void) | undefined): void {
    this.#wake = wake
  }

  /** A topic is gone, or leaders moved: look at all of it again. */
  markAll(topic?: Topic): void {
    for (const partition of this.#partitions.values()) {
      if (topic !== undefined && partition.topicId !== topic.id && partition.topic !== topic.name) continue
      partition.forgetSource()
      this.#pending.add(partition)
    }
    this.#wake?.()
  }

  close(): void {
    for (const partition of this.#partitions.values()) partition.unwatch()
    this.#partitions.clear()
    this.#pending.clear()
  }

  #watch(partition: FetchPartition): void {
    if (!partition.isWatched) partition.watch(() => this.#mark(partition))
  }

  #mark(partition: FetchPartition): void {
    this.#pending.add(partition)
    if (this.#wake === undefined) partition.unwatch()
    else this.#wake()
  }

  #forget(key: string): void {
    const partition = this.#partitions.get(key)
    if (partition === undefined) return
    partition.unwatch()
    this.#pending.delete(partition)
    this.#partitions.delete(key)
  }

  #key(topic: string, topicId: string, index: number): string {
    return `${this.usesIds ? topicId : topic}/${index}`
  }
}
