import { describe, expect, test } from '@jest/globals'
import { PartitionQueue } from '../../src/produce/partition-queue.ts'
import { ProducerBatch } from '../../src/produce/producer-batch.ts'

/** A batch that claims to hold so many records. */
class ClaimedBatch extends ProducerBatch {
  readonly #claimed: number

  constructor(count: number) {
    super(Buffer.alloc(1024), 0)
    this.#claimed = count
  }

  override get count(): number {
    return this.#claimed
  }
}

function queueOf(...counts: number[]): { queue: PartitionQueue; batches: ProducerBatch[] } {
  const queue = new PartitionQueue('t', 0)
  const batches = counts.map((count) => new ClaimedBatch(count))
  queue.batches.push(...batches)
  queue.useProducerId(7)
  return { queue, batches }
}

/** As if the broker knew the producer already. */
function knownQueueOf(...counts: number[]): { queue: PartitionQueue; batches: ProducerBatch[] } {
  const { queue, batches } = queueOf(...counts)
  const before = new ClaimedBatch(0)
  before.seal({ producerId: 7, producerEpoch: 0, baseSequence: 0 }, 'none')
  queue.acknowledged(before)
  return { queue, batches }
}

function send(queue: PartitionQueue, broker = 1): ProducerBatch | null {
  const batch = queue.next(broker)
  if (batch === null) return null
  batch.seal(queue.identify(batch), 'none')
  queue.sent(batch, broker)
  return batch
}

describe('numbers', () => {
  test('follow each other in the order of sending, from 0', () => {
    const { queue, batches } = knownQueueOf(3, 5, 1)
    while (send(queue) !== null);
    expect(batches.map(({ identity }) => identity)).toEqual([
      { producerId: 7, producerEpoch: 0, baseSequence: 0 },
      { producerId: 7, producerEpoch: 0, baseSequence: 3 },
      { producerId: 7, producerEpoch: 0, baseSequence: 8 },
    ])
  })

  test('wrap behind 2^31 - 1', () => {
    const { queue, batches } = knownQueueOf(2 ** 31 - 3, 5, 1)
    while (send(queue) !== null);
    expect(batches.map(({ identity }) => identity!.baseSequence)).toEqual([0, 2 ** 31 - 3, 2])
  })

  test('a new epoch counts from 0, once nothing is in flight', () => {
    const { queue, batches } = knownQueueOf(3, 5, 1)
    send(queue)
    send(queue)
    queue.requireEpoch()
    expect(queue.next(1)).toBeNull()
    queue.answered(batches[0]!)
    queue.remove(batches[0]!)
    expect(queue.next(1)).toBeNull()
    queue.answered(batches[1]!)
    queue.retry(batches[1]!, 0)
    expect(send(queue)).toBe(batches[1])
    expect(batches[1]!.identity).toEqual({ producerId: 7, producerEpoch: 1, baseSequence: 0 })
  })

  test('when the epochs are used up a fresh producer id is needed', () => {
    const { queue } = queueOf(1)
    for (let epoch = 0; epoch < 32767; epoch++) {
      queue.requireEpoch()
      expect(queue.needsProducerId).toBe(false)
      queue.identify(queue.batches[0]!)
    }
    queue.requireEpoch()
    expect(queue.needsProducerId).toBe(true)
    queue.useProducerId(8)
    expect(queue.needsProducerId).toBe(false)
    expect(queue.identify(queue.batches[0]!)).toEqual({ producerId: 8, producerEpoch: 0, baseSequence: 0 })
  })
})

describe('order', () => {
  test('the first batch of an epoch is alone until the broker knows the producer', () => {
    const { queue, batches } = queueOf(1, 1, 1)
    expect(send(queue)).toBe(batches[0])
    expect(queue.next(1)).toBeNull()
    queue.answered(batches[0]!)
    queue.acknowledged(batches[0]!)
    queue.remove(batches[0]!)
    expect(send(queue)).toBe(batches[1])
    expect(send(queue)).toBe(batches[2])
  })

  test('while one that failed is unsettled, one is in flight at a time', () => {
    const { queue, batches } = knownQueueOf(1, 1, 1)
    send(queue)
    send(queue)
    for (const batch of batches.slice(0, 2)) {
      queue.answered(batch)
      queue.retry(batch, 0)
    }
    for (const batch of batches.slice(0, 2)) {
      expect(send(queue)).toBe(batch)
      expect(queue.next(1)).toBeNull()
      queue.answered(batch)
      queue.remove(batch)
    }
    expect(send(queue)).toBe(batches[2])
  })

  test('a new leader gets nothing while the old one may still answer', () => {
    const { queue, batches } = knownQueueOf(1, 1)
    send(queue, 1)
    expect(queue.next(2)).toBeNull()
    queue.answered(batches[0]!)
    queue.remove(batches[0]!)
    expect(queue.next(2)).toBe(batches[1])
  })
})
