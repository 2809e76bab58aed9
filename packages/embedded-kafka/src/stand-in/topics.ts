/** Stands in for the topic registry until it is there: everything in memory. */
import { randomBytes } from 'node:crypto'
import { ApiError } from '../api/handler.ts'
import type { Partition, Topic, TopicConfig, Topics } from '../broker.ts'
import type { BrokerClock } from '../clock.ts'
import { MemoryStorage } from '../log/memory-storage.ts'
import { SegmentLog } from '../log/partition-log.ts'

const config: TopicConfig = {
  isCompacted: false,
  isDeleted: true,
  segmentBytes: 1 << 30,
  segmentMs: 7 * 86_400_000,
  retentionBytes: -1,
  retentionMs: 7 * 86_400_000,
  deleteRetentionMs: 86_400_000,
  minCompactionLagMs: 0,
  maxMessageBytes: 1_048_588,
  timestampType: 'create',
  timestampBeforeMaxMs: Infinity,
  timestampAfterMaxMs: 3_600_000,
  compression: 'producer',
  indexIntervalBytes: 4096,
  minCleanableDirtyRatio: 0.5,
} as never

export function standInTopics(clock: BrokerClock, leaderFor: (p: number) => number): Topics {
  const topics = new Map<string, Topic>()
  const listeners: ((topic: Topic) => void)[] = []
  const storage = new MemoryStorage()
  let changes = 0
  const around = {
    clock,
    isFlushedAlways: false,
    producerExpirationMs: () => 86_400_000,
    onWrite: () => {},
    log: () => {},
  }
  const partition = (topic: Topic, index: number): Partition & { leader: number; leaderEpoch: number } => ({
    topic,
    index,
    leader: leaderFor(index),
    leaderEpoch: 0,
    log: new SegmentLog(
      `${topic.name}-${index}`,
      storage.directory([`${topic.name}-${index}`]),
      () => config as never,
      around,
    ),
  })
  return {
    get changes() {
      return changes
    },
    get: (name) => topics.get(name),
    byId: (id) => [...topics.values()].find((t) => t.id === id),
    all: () => topics.values(),
    create(name, partitions, overrides, isInternal = false) {
      if (topics.has(name)) throw new ApiError('TOPIC_ALREADY_EXISTS')
      const list: Partition[] = []
      const topic: Topic = {
        name,
        id: randomBytes(16).toString('base64url'),
        isInternal,
        partitions: list,
        overrides,
        config,
      }
      for (let i = 0; i < partitions; i++) list.push(partition(topic, i))
      topics.set(name, topic)
      changes++
      return topic
    },
    delete(name) {
      const topic = topics.get(name)
      if (topic === undefined) throw new ApiError('UNKNOWN_TOPIC_OR_PARTITION')
      topics.delete(name)
      for (const p of topic.partitions) storage.remove([`${topic.name}-${p.index}`])
      changes++
      for (const l of listeners) l(topic)
    },
    addPartitions(name, total) {
      const topic = topics.get(name)!
      for (let i = topic.partitions.length; i < total; i++) (topic.partitions as Partition[]).push(partition(topic, i))
      changes++
    },
    configure() {},
    partition: (name, index) => topics.get(name)?.partitions[index],
    onDelete: (l) => void listeners.push(l),
  } as Topics
}
