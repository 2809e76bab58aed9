import { batchSizeBound } from '@sluice/kafka-protocol'
import { type Clock, type Random, SluiceError } from '@sluice/sdk'
import type { TopicMetadata } from '../metadata.ts'
import type { ProducerRecord } from '../port.ts'
import { BufferPool } from './buffer-pool.ts'
import { PartitionQueue } from './partition-queue.ts'
import { StickyPartition, partitionForKey } from './partitioner.ts'
import type { ProduceCall } from './produce-call.ts'
import { ProducerBatch } from './producer-batch.ts'

/** Smallest buffer that is leased for a batch, however many partitions share the memory. */
const LEASE_BYTES_MIN = 16 * 1024

export interface AccumulatorLimits {
  readonly batchBytesMax: number
  readonly bufferBytesMax: number
  readonly requestBytesMax: number
}

/** What queueing a call's records came to: all queued, or what it waits for: memory, or a topic's description. */
export type Queueing = 'queued' | 'memory' | { readonly topic: string; readonly isKnown: boolean }

/** One topic's queues. Changed only when the topic grows. */
export class TopicQueues {
  metadata: TopicMetadata
  readonly queues: (PartitionQueue | undefined)[] = []
  readonly sticky: StickyPartition
  /** Lowered when the broker finds a batch too large. */
  batchBytesMax: number = Infinity
  readonly #hasLeader = (partition: number): boolean => (this.metadata.leaders[partition] ?? -1) !== -1

  constructor(metadata: TopicMetadata, random: Random) {
    this.metadata = metadata
    this.sticky = new StickyPartition(metadata.leaders.length, random.next())
  }

  update(metadata: TopicMetadata): void {
    // Created again under its name: what is queued goes there, as with Java, but nobody there knows the producer.
    if (metadata.id !== this.metadata.id) for (const queue of this.queues) queue?.forgotten()
    this.metadata = metadata
    this.sticky.resize(metadata.leaders.length)
  }

  /** A batch of this partition takes no more records: keyless records go on to the next partition. */
  closed(partition: number): void {
    if (partition === this.sticky.current) this.sticky.next(this.#hasLeader)
  }
}

/**
 * Queues records: each goes to its partition's open batch, whose bytes are the ones that will be sent. The loop over records is
 * the hot path of producing: no allocation, promise or look-up by name per record.
 */
export class Accumulator {
  readonly pool: BufferPool
  readonly topics: Map<string, TopicQueues> = new Map()
  /** Partitions with batches that are not in flight; in the order of their turn. */
  readonly waiting: Set<PartitionQueue> = new Set()
  readonly #limits: AccumulatorLimits
  readonly #clock: Clock
  readonly #random: Random
  #queueCount = 0
  #leaseBytes: number

  constructor(limits: AccumulatorLimits, clock: Clock, random: Random) {
    this.#limits = limits
    this.#clock = clock
    this.#random = random
    this.pool = new BufferPool(limits.bufferBytesMax)
    this.#leaseBytes = limits.batchBytesMax
  }

  /** Makes a topic known, or tells how it has changed. */
  describe(metadata: TopicMetadata): void {
    const known = this.topics.get(metadata.topic)
    if (known === undefined) this.topics.set(metadata.topic, new TopicQueues(metadata, this.#random))
    else if (known.metadata !== metadata) known.update(metadata)
  }

  /** Queues what is left of a call's records, as far as it goes. */
  queue(call: ProduceCall): Queueing {
    const { records } = call
    const count = records.length
    const now = this.#clock.now()
    let topic: TopicQueues | undefined
    for (; call.at < count; call.at++) {
      const record = records[call.at]!
      if (topic === undefined || topic.metadata.topic !== record.topic) {
        topic = this.topics.get(record.topic)
        if (topic === undefined) {
          const refusal = call.refusedTopics.get(record.topic) ?? withoutTopic(record)
          if (refusal === null) return { topic: record.topic, isKnown: false }
          call.refuse(refusal)
          continue
        }
      }
      const partition = partitionOf(record, topic)
      const queue = topic.queues[partition] ?? this.#addQueue(topic, partition)
      if (queue === null) {
        // The topic may have grown since it was described: look again, once per call and topic.
        if (call.looksAgain(record.topic)) return { topic: record.topic, isKnown: true }
        call.refuse(noPartition(record, topic))
        continue
      }
      const batch = queue.open
      try {
        if (
          batch !== null &&
          batch.gate === call.gate &&
          batch.appender.append(record.key, record.value, record.timestamp ?? now, record.headers)
        ) {
          batch.share(call)
        } else if (!this.#begin(topic, queue, record, call, now)) return 'memory'
      } catch (error) {
        call.refuse(unfit(record, error))
      }
    }
    return 'queued'
  }

  /** Closes the open batch of a partition and begins another with this record; false if memory must be waited for. */
  #begin(topic: TopicQueues, queue: PartitionQueue, record: ProducerRecord, call: ProduceCall, now: number): boolean {
    const bound = batchSizeBound(record.key, record.value, record.headers)
    if (bound > this.#limits.requestBytesMax) {
      call.refuse(tooLarge(record, bound, this.#limits.requestBytesMax))
      return true
    }
    if (queue.open !== null) {
      queue.isBusy = true
      queue.open.isFull = true
      queue.open = null
      topic.closed(queue.partition)
      // A keyless record goes on with the partition: that is what makes it sticky to whole batches.
      if (record.key === null && record.partition === null) {
        call.at--
        return true
      }
    }
    const wholeBytes = Math.min(this.#leaseBytes, topic.batchBytesMax)
    const wantedBytes = queue.isBusy ? wholeBytes : littleFor(bound * (call.records.length - call.at))
    const buffer = this.pool.lease(Math.max(bound, Math.min(wholeBytes, wantedBytes)))
    if (buffer === null) return false
    const batch = new ProducerBatch(buffer, this.#clock.monotonic(), call.gate)
    try {
      batch.appender.append(record.key, record.value, record.timestamp ?? now, record.headers)
    } catch (error) {
      this.pool.release(buffer)
      throw error
    }
    batch.share(call)
    queue.open = batch
    queue.batches.push(batch)
    this.waiting.add(queue)
    return true
  }

  /** Null when the topic has no such partition. */
  #addQueue(topic: TopicQueues, partition: number): PartitionQueue | null {
    if (!Number.isInteger(partition) || partition < 0 || partition >= topic.metadata.leaders.length) return null
    const queue = new PartitionQueue(topic.metadata.topic, partition)
    topic.queues[partition] = queue
    this.#queueCount++
    // Every partition gets a buffer and a few more, or one that has filled up would starve the others.
    const share = 2 ** Math.floor(Math.log2(this.#limits.bufferBytesMax / (4 * this.#queueCount)))
    this.#leaseBytes = Math.min(this.#limits.batchBytesMax, Math.max(share, LEASE_BYTES_MIN))
    return queue
  }
}

/** Of the sizes that are reused. Who writes now and then never fills a batch, and of those there may be hundreds in a process. */
function littleFor(bytes: number): number {
  return Math.max(LEASE_BYTES_MIN, 2 ** Math.ceil(Math.log2(bytes)))
}

function partitionOf({ partition, key }: ProducerRecord, topic: TopicQueues): number {
  if (partition !== null) return partition
  return key === null ? topic.sticky.current : partitionForKey(key, topic.metadata.leaders.length)
}

function tooLarge({ topic }: ProducerRecord, bytes: number, bytesMax: number): SluiceError {
  return new SluiceError(
    'RECORD_TOO_LARGE',
    `A record of ${bytes} bytes for topic ${topic} exceeds ${bytesMax} bytes`,
    {
      place: { topic },
      remedy: 'Make the record smaller, or raise requestBytesMax and the max.message.bytes of the topic.',
    },
  )
}

function noPartition({ topic, partition }: ProducerRecord, { metadata }: TopicQueues): SluiceError {
  const count = metadata.leaders.length
  return new SluiceError(
    'KAFKA_REFUSED',
    `Topic ${topic} has ${count} partitions, so there is no partition ${partition}`,
    {
      place: { topic, partition: partition ?? -1, partitions: count, error: 'UNKNOWN_TOPIC_OR_PARTITION' },
      remedy: 'Give a partition that the topic has, or null to have it chosen.',
    },
  )
}

/** Null where it names one: whoever is not held to types may not. */
function withoutTopic({ topic }: { readonly topic: unknown }): SluiceError | null {
  if (typeof topic === 'string' && topic !== '') return null
  return new SluiceError('DATA_INVALID', `A record names no topic: ${JSON.stringify(topic)}`, {
    remedy: 'Say with each record which topic it is for.',
  })
}

function unfit({ topic }: ProducerRecord, cause: unknown): SluiceError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new SluiceError('DATA_INVALID', `A record for topic ${topic} cannot be written: ${reason}`, {
    cause,
    place: { topic },
    remedy: 'Give keys and values as bytes and the timestamp as whole milliseconds.',
  })
}
