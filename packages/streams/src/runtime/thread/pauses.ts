import { SluiceError, type TopicPartition } from '@sluice/sdk'
import { keyText } from '../../record-path/held-back.ts'
import { memoryOf } from '../../record-path/remember.ts'
import type { ParkedRecord } from '../../record-path/task-contract.ts'
import type { Topology } from '../../topology/topology.ts'

/** What is paused: everything, unless it says less. A partition without a topic: the tasks of that number. */
export interface PauseTarget {
  readonly subtopology?: number
  readonly topic?: string
  readonly partition?: number
  /**
   * Of the topic, which must be given: records with this key are put aside, and all others go on. As the topic has it: bytes, or a text in
   * UTF-8. See `HeldBack` for what that costs.
   */
  readonly key?: Uint8Array | string
}

/**
 * What an instance is not to process for now. It stays a member and keeps its tasks; nothing is fetched of what is paused, and nothing
 * is committed for it but what was processed before. Whoever pauses the whole and a part of it has to resume both.
 */
export class Pauses {
  readonly #targets = new Map<string, PauseTarget>()
  /** By the name of the target that they are paused by. */
  readonly #parked = new Map<string, { readonly record: ParkedRecord; readonly subtopology: number }>()
  readonly #listeners = new Set<() => void>()
  /** Grows with every change. */
  #version = 0

  get version(): number {
    return this.#version
  }

  add(target: PauseTarget): void {
    const name = nameOf(target)
    // Somebody wants it so from now on.
    this.#parked.delete(name)
    this.#targets.set(name, target)
    this.#changed()
  }

  remove(target: PauseTarget): void {
    const name = nameOf(target)
    this.#parked.delete(name)
    if (this.#targets.delete(name)) this.#changed()
  }

  /** A record has failed that its partition is to wait before. Resumed like one that somebody has paused. */
  park(subtopology: number, record: ParkedRecord): void {
    const { topic, partition } = record
    const target = { topic, partition }
    this.add(target)
    this.#parked.set(nameOf(target), { record, subtopology })
  }

  /** The records that partitions wait before and that nothing else keeps: nobody has paused these partitions too. */
  parked(): readonly ParkedRecord[] {
    const wanted = Array.from(this.#targets).filter(([name]) => !this.#parked.has(name))
    return Array.from(this.#parked.values())
      .filter(({ record, subtopology }) => {
        const { topic, partition } = record
        return !wanted.some(([, target]) => covers(target, { subtopology, topic, partition }))
      })
      .map(({ record }) => record)
  }

  /** Whether this very target is paused, or all of it by another one. */
  has(target: PauseTarget): boolean {
    return this.#some((one) => covers(one, target))
  }

  isPaused(subtopology: number, { topic, partition }: TopicPartition): boolean {
    return this.#some((one) => covers(one, { subtopology, topic, partition }))
  }

  /** The keys that are paused in a partition, by `keyText`. */
  keysOf(subtopology: number, { topic, partition }: TopicPartition): ReadonlySet<string> {
    const keys = new Set<string>()
    for (const target of this.#targets.values()) {
      const { key } = target
      if (key !== undefined && covers(target, { subtopology, topic, partition, key })) keys.add(keyText(key))
    }
    return keys
  }

  /** Told of every change until it is taken away again. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #some(holds: (target: PauseTarget) => boolean): boolean {
    for (const target of this.#targets.values()) if (holds(target)) return true
    return false
  }

  #changed(): void {
    this.#version++
    for (const listener of this.#listeners) listener()
  }
}

function covers(whole: PauseTarget, part: PauseTarget): boolean {
  return (
    (whole.subtopology === undefined || whole.subtopology === part.subtopology) &&
    (whole.topic === undefined || whole.topic === part.topic) &&
    (whole.partition === undefined || whole.partition === part.partition) &&
    (whole.key === undefined || (part.key !== undefined && keyText(whole.key) === keyText(part.key)))
  )
}

function nameOf({ subtopology, topic, partition, key }: PauseTarget): string {
  return JSON.stringify([
    subtopology ?? null,
    topic ?? null,
    partition ?? null,
    key === undefined ? null : keyText(key),
  ])
}

/**
 * Whether records of a key can be held back: others are then ahead of what is committed, which none may be who reads the topic once more.
 * @throws SluiceError TOPOLOGY_INVALID
 */
export function checkPause({ topic, key }: PauseTarget, topology: Topology): void {
  if (key === undefined) return
  if (topic === undefined) throw cannotPause('The topic of a key that is to be paused is not given', {})
  const store = [...topology.stores.values()].find(({ sourceTopic }) => sourceTopic === topic)
  if (store !== undefined)
    throw cannotPause(`${topic} is what store ${store.definition.name} is restored from`, { topic })
  const reader = topology.subtopologies.find(({ sourceTopics }) => sourceTopics.includes(topic))
  if (reader !== undefined && memoryOf(reader) > 0)
    throw cannotPause(`A check behind ${topic} remembers the records before its position`, { topic })
}

function cannotPause(why: string, place: Readonly<Record<string, string>>): SluiceError {
  return new SluiceError('TOPOLOGY_INVALID', `A key cannot be paused: ${why}`, {
    place,
    remedy: 'Pause a partition, or the whole topic.',
  })
}
