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
  queue.useIdentity(7, 0)
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

  test('when the epochs are used up a fresh producer id is needed', () => {
    const { queue } = queueOf(1)
    for (let epoch = 0; epoch < 32767; epoch++) {
      queue.missesNumber(queue.batches[0]!)
      expect(queue.needsProducerId).toBe(false)
      queue.identify(queue.batches[0]!)
    }
    queue.missesNumber(queue.batches[0]!)
    expect(queue.needsProducerId).toBe(true)
    queue.useIdentity(8, 0)
    expect(queue.needsProducerId).toBe(false)
    expect(queue.identify(queue.batches[0]!)).toEqual({ producerId: 8, producerEpoch: 0, baseSequence: 0 })
  })
})

describe('a gap in the numbers', () => {
  /** Sends all, and has these come back: refused for their number, or without an answer. */
  function sentThen(batches: ProducerBatch[], queue: PartitionQueue, lost: number[]): void {
    while (send(queue) !== null);
    for (const [i, batch] of batches.entries()) {
      queue.answered(batch)
      if (lost.includes(i)) batch.mayBeWritten = true
      queue.retry(batch, 0)
    }
  }
  const numbers = (batch: ProducerBatch | null): [number, number] => [
    batch!.identity!.producerEpoch,
    batch!.identity!.baseSequence,
  ]

  test('is left in the next epoch, which counts from 0, once nothing is in flight', () => {
    const { queue, batches } = knownQueueOf(3, 5, 1)
    send(queue)
    send(queue)
    queue.answered(batches[0]!)
    queue.abandon(batches[0]!)
    expect(queue.next(1)).toBeNull()
    queue.answered(batches[1]!)
    queue.retry(batches[1]!, 0)
    expect(send(queue)).toBe(batches[1])
    expect(numbers(batches[1]!)).toEqual([1, 0])
  })

  test('a batch behind it that may be written goes out again under its own number', () => {
    const { queue, batches } = knownQueueOf(3, 5, 1)
    sentThen(batches, queue, [0, 1])
    queue.abandon(batches[0]!)
    expect(send(queue)).toBe(batches[1])
    expect(numbers(batches[1]!)).toEqual([0, 3])
    expect(queue.next(1)).toBeNull()
  })

  test('is none if a batch from behind it is acknowledged: what was given up is written', () => {
    const { queue, batches } = knownQueueOf(3, 5, 1)
    sentThen(batches, queue, [0, 1])
    queue.abandon(batches[0]!)
    send(queue)
    queue.answered(batches[1]!)
    queue.acknowledged(batches[1]!)
    queue.remove(batches[1]!)
    expect(send(queue)).toBe(batches[2])
    expect(numbers(batches[2]!)).toEqual([0, 8])
  })

  test('is one if a batch from behind it is refused: the rest moves to the next epoch', () => {
    const { queue, batches } = knownQueueOf(3, 5, 1)
    sentThen(batches, queue, [0, 1, 2])
    queue.abandon(batches[0]!)
    send(queue)
    queue.answered(batches[1]!)
    batches[1]!.mayBeWritten = false
    queue.missesNumber(batches[1]!)
    queue.retry(batches[1]!, 0)
    expect(send(queue)).toBe(batches[1])
    expect(numbers(batches[1]!)).toEqual([1, 0])
  })

  test('before which a batch may be written: that one keeps its number, and closes nothing', () => {
    const { queue, batches } = knownQueueOf(3, 5, 1)
    sentThen(batches, queue, [0])
    queue.abandon(batches[1]!)
    expect(send(queue)).toBe(batches[0])
    expect(numbers(batches[0]!)).toEqual([0, 0])
    queue.answered(batches[0]!)
    queue.acknowledged(batches[0]!)
    queue.remove(batches[0]!)
    expect(send(queue)).toBe(batches[2])
    expect(numbers(batches[2]!)).toEqual([1, 0])
  })

  test('new batches wait until it is clear whether there is one', () => {
    const { queue, batches } = knownQueueOf(3, 5)
    sentThen(batches, queue, [0, 1])
    queue.abandon(batches[0]!)
    const fresh = new ClaimedBatch(2)
    queue.batches.push(fresh)
    expect(send(queue)).toBe(batches[1])
    expect(queue.next(1)).toBeNull()
    queue.answered(batches[1]!)
    queue.acknowledged(batches[1]!)
    queue.remove(batches[1]!)
    expect(send(queue)).toBe(fresh)
    expect(numbers(fresh)).toEqual([0, 8])
  })

  test('the last batch given up, numbers start anew in the next epoch', () => {
    const { queue, batches } = knownQueueOf(3)
    sentThen(batches, queue, [0])
    queue.abandon(batches[0]!)
    const fresh = new ClaimedBatch(2)
    queue.batches.push(fresh)
    expect(send(queue)).toBe(fresh)
    expect(numbers(fresh)).toEqual([1, 0])
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
