import { SluiceError, type Converter, type TopicPartition } from '@sluice/sdk'
import { PartitionTally } from './partition-tally.ts'
import { HeldBack } from './held-back.ts'
import { InputQueue } from './input-queue.ts'
import type { SourceChain } from './chain.ts'
import type { RecordContext } from './record-context.ts'
import type { StartOfPartition, TaskPartition, TaskSettings } from './task-contract.ts'
import { UNREAD } from './untouched.ts'

/** One partition of a task, and the way that its records go. */
export interface Way extends TaskPartition {
  time: number
  readonly chain: SourceChain
  readonly quarantine: string
  /** Its next record, if it had to be read to know its time. */
  peeked: Peeked | null
  /** Until when it is waited for though it has nothing; null while it has something. */
  idleUntil: number | null
  /** Its next record has failed and is tried again. */
  retry: Retry | null
}

export interface Retry {
  readonly offset: number
  readonly since: number
  attempts: number
  /** Not before. */
  at: number
}

export interface Peeked {
  readonly time: number
  readonly key: unknown
  readonly value: unknown
}

/** Comes first, and is found out what is wrong with it when it is run. */
export const UNREADABLE: Peeked = { time: -1, key: null, value: null }

export function wayOf(start: StartOfPartition, chain: SourceChain, settings: TaskSettings): Way {
  const { topic, partition, offset, tally, endOffset = offset, time = -1, held } = start
  return {
    topic,
    partition,
    position: offset,
    tally: new PartitionTally(tally),
    queue: new InputQueue(endOffset, settings.isolation),
    time,
    node: chain.source.name,
    chain,
    quarantine: chain.source.quarantine ?? settings.quarantineTopic,
    peeked: null,
    idleUntil: null,
    isPaused: false,
    held: held === undefined ? null : new HeldBack(offset, new Set(), held),
    retry: null,
  }
}

/** What nothing looks at is not decoded. */
export function read(converter: Converter, isRead: boolean, bytes: Uint8Array | null, at: RecordContext): unknown {
  if (isRead) return converter.decode(at.topic, bytes, at.headers).value
  return bytes === null ? null : UNREAD
}

/** That of a partition which the task reads. */
export function wayFor(ways: readonly Way[], { topic, partition }: TopicPartition): Way {
  const way = ways.find((way) => way.topic === topic && way.partition === partition)
  if (way === undefined)
    throw new SluiceError('INTERNAL', 'A task does not read this partition', { place: { topic, partition } })
  return way
}
