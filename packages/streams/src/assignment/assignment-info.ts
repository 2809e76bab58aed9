/**
 * What the leader of a Streams group tells each member beside its partitions: the user data of the assignment, byte for byte that of
 * Kafka Streams' protocol version 11.
 */
import { SluiceError, type TopicPartition } from '@sluice/sdk'
import type { TaskId } from './task-id.ts'
import { int, long, text, WireReader } from './wire.ts'

const VERSION = 11
/** Behind each task: the name of its topology, of length 0. */
const NO_TOPOLOGY_NAME = Buffer.alloc(4)
/** No other rebalance is planned. */
export const NEVER = Infinity
const LARGEST_LONG = Buffer.from('7fffffffffffffff', 'hex')

export interface AssignmentInfo {
  /** One for each assigned partition, in the same order: which task that partition is for. */
  readonly activeTasks: readonly TaskId[]
  readonly standbyTasks: readonly { readonly task: TaskId; readonly partitions: readonly TopicPartition[] }[]
  /** Which member can be asked for what state: `host:port` to partitions. */
  readonly partitionsByHost: ReadonlyMap<string, readonly TopicPartition[]>
  readonly standbyPartitionsByHost: ReadonlyMap<string, readonly TopicPartition[]>
  readonly errorCode: number
  /** When to join again, in milliseconds since the epoch, to see whether state has been warmed up (KIP-441). */
  readonly nextRebalanceMs: number
}

export function encodeAssignmentInfo(info: AssignmentInfo): Uint8Array {
  const { activeTasks, standbyTasks, partitionsByHost, standbyPartitionsByHost, errorCode, nextRebalanceMs } = info
  const named = [...partitionsByHost.values(), ...standbyPartitionsByHost.values()].flat()
  const topics = [...new Set(named.map(({ topic }) => topic))]
  const hosts = (those: ReadonlyMap<string, readonly TopicPartition[]>): Buffer[] => [
    int(those.size),
    ...Array.from(those, ([endPoint, partitions]) => {
      const colon = endPoint.lastIndexOf(':')
      const places = partitions.flatMap(({ topic, partition }) => [int(topics.indexOf(topic)), int(partition)])
      const host = [text(endPoint.slice(0, colon), 'short'), int(Number(endPoint.slice(colon + 1)))]
      return Buffer.concat([...host, int(partitions.length), ...places])
    }),
  ]
  return Buffer.concat([
    int(VERSION),
    int(VERSION),
    int(activeTasks.length),
    ...activeTasks.map(bytesOfTask),
    int(standbyTasks.length),
    ...standbyTasks.flatMap(({ task, partitions }) => [
      bytesOfTask(task),
      int(partitions.length),
      ...partitions.flatMap(({ topic, partition }) => [text(topic, 'short'), int(partition)]),
    ]),
    int(topics.length),
    ...topics.flatMap((topic, index) => [int(index), text(topic, 'short')]),
    ...hosts(partitionsByHost),
    ...hosts(standbyPartitionsByHost),
    int(errorCode),
    nextRebalanceMs === NEVER ? LARGEST_LONG : long(nextRebalanceMs),
  ])
}

/** @throws SluiceError KAFKA_PROTOCOL for what is no assignment of this version */
export function decodeAssignmentInfo(bytes: Uint8Array): AssignmentInfo {
  const from = new WireReader(bytes)
  const task = (): TaskId => {
    const id = { subtopology: from.int(), partition: from.int() }
    from.text('int')
    return id
  }
  try {
    const version = from.int()
    if (version !== VERSION) throw new RangeError(`version ${version}`)
    from.int()
    const activeTasks = from.list(task)
    const standbyTasks = from.list(() => ({
      task: task(),
      partitions: from.list(() => ({ topic: from.text('short'), partition: from.int() })),
    }))
    const topics = new Map(from.list(() => [from.int(), from.text('short')] as const))
    const hosts = (): Map<string, readonly TopicPartition[]> =>
      new Map(
        from.list(() => {
          const endPoint = `${from.text('short')}:${from.int()}`
          return [endPoint, from.list(() => ({ topic: topics.get(from.int()) ?? '', partition: from.int() }))] as const
        }),
      )
    const partitionsByHost = hosts()
    const standbyPartitionsByHost = hosts()
    const errorCode = from.int()
    const next = from.bytes(8)
    const nextRebalanceMs = next.equals(LARGEST_LONG) ? NEVER : Number(next.readBigInt64BE(0))
    return { activeTasks, standbyTasks, partitionsByHost, standbyPartitionsByHost, errorCode, nextRebalanceMs }
  } catch (cause) {
    throw new SluiceError('KAFKA_PROTOCOL', 'The leader of the group assigns in a way that Kafka Streams 4 would not', {
      cause,
      remedy: 'Let all members of the application run versions that know each other.',
    })
  }
}

function bytesOfTask({ subtopology, partition }: TaskId): Buffer {
  return Buffer.concat([int(subtopology), int(partition), NO_TOPOLOGY_NAME])
}
