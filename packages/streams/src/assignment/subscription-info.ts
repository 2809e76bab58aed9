/**
 * What a member of a Streams group tells the group's leader of itself: the user data of its subscription, byte for byte that of Kafka
 * Streams' protocol version 11.
 */
import { SluiceError } from '@sluice/sdk'
import type { TaskId } from './task-id.ts'
import { int, long, text, WireReader } from './wire.ts'

const VERSION = 11
/** Names of topologies (KIP-691) are not in use: a null text. */
const NO_TOPOLOGY_NAME = Buffer.from([0xff, 0xff])

/** A task whose state is here, and how much of its changelogs it holds. */
export interface HeldTask extends TaskId {
  /** Offsets restored so far, of all its changelogs together; `HELD.running` and `HELD.unknown` are said instead where they are true. */
  readonly offsetSum: number
}

/** In place of a sum of offsets: the task is running here; its state is here, but how much of it is not known. */
export const HELD = { running: -2, unknown: -3 } as const

export interface SubscriptionInfo {
  /** As a UUID in text. */
  readonly processId: string
  /** `host:port` for queries; null: none. */
  readonly userEndPoint: string | null
  readonly tasks: readonly HeldTask[]
  /** Changes when the same is to be told anew: 0 to 127. */
  readonly uniqueField: number
  /** 0: none. Kafka Streams' `AssignorError`: 1 INCOMPLETE_SOURCE_TOPIC_METADATA, 2 VERSION_PROBING, 3 ASSIGNMENT_ERROR, 4 SHUTDOWN_REQUESTED. */
  readonly errorCode: number
  readonly clientTags: Readonly<Record<string, string>>
}

export function encodeSubscriptionInfo(info: SubscriptionInfo): Uint8Array {
  const tags = Object.entries(info.clientTags)
  return Buffer.concat([
    int(VERSION),
    int(VERSION),
    Buffer.from(info.processId.replaceAll('-', ''), 'hex'),
    text(info.userEndPoint ?? '', 'int'),
    int(info.tasks.length),
    ...info.tasks.flatMap(({ subtopology, partition, offsetSum }) => [
      int(subtopology),
      int(partition),
      long(offsetSum),
      NO_TOPOLOGY_NAME,
    ]),
    Buffer.from([info.uniqueField]),
    int(info.errorCode),
    int(tags.length),
    ...tags.flatMap(([key, value]) => [text(key, 'int'), text(value, 'int')]),
  ])
}

/** @throws SluiceError KAFKA_PROTOCOL for what is no subscription of this version */
export function decodeSubscriptionInfo(bytes: Uint8Array): SubscriptionInfo {
  const from = new WireReader(bytes)
  try {
    const version = from.int()
    if (version !== VERSION) throw new RangeError(`version ${version}`)
    from.int()
    const processId = uuidOf(from.bytes(16))
    const userEndPoint = from.text('int')
    const tasks = from.list(() => {
      const task = { subtopology: from.int(), partition: from.int(), offsetSum: from.long() }
      const length = from.short()
      if (length > 0) from.bytes(length)
      return task
    })
    const uniqueField = from.byte()
    const errorCode = from.int()
    const tags = from.list(() => [from.text('int'), from.text('int')] as const)
    return {
      processId,
      userEndPoint: userEndPoint === '' ? null : userEndPoint,
      tasks,
      uniqueField,
      errorCode,
      clientTags: Object.fromEntries(tags),
    }
  } catch (cause) {
    throw new SluiceError('KAFKA_PROTOCOL', 'A member of the group says nothing that Kafka Streams 4 would say', {
      cause,
      remedy: 'Let all members of the application run versions that know each other: see its other members.',
    })
  }
}

function uuidOf(bytes: Buffer): string {
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
