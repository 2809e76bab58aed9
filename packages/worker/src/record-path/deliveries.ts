import type { Produced, ProducerRecord } from '@sluice/kafka'
import type { SourceTask } from '@sluice/sdk'
import type { OutgoingBatch } from './outgoing-batch.ts'

/**
 * Tells a source where its records lie, before anything that follows from them: positions at least once, the commit exactly once. It is told
 * in the order of the batches, whatever the order of the broker's answers; one call does not wait for what the one before is still at.
 */
export class Deliveries {
  readonly #task: Pick<SourceTask, 'delivered'>
  #turn: Promise<void> = Promise.resolve()

  constructor(task: Pick<SourceTask, 'delivered'>) {
    this.#task = task
  }

  /** Resolves when the batch is durable and the source has taken note of it; rejects as `produced` does, or as the source. */
  async settled(batch: OutgoingBatch, produced: Promise<readonly Produced[]>): Promise<void> {
    const { origins } = batch
    if (origins === null) {
      await produced
      return
    }
    const before = this.#turn
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#turn = promise
    let noted: Promise<void> | undefined
    try {
      const runs = await produced
      await before
      noted = this.#task.delivered?.(origins, offsetsOf(batch.records, runs))
    } finally {
      resolve()
    }
    await noted
  }
}

/**
 * The offset of each record. A producer keeps the order of the records of a partition, so that its runs, in the order of their offsets,
 * are its records in theirs. -1 where that does not help: the partition was left to the producer, or something of it was refused, or is at
 * a place that the broker did not say.
 */
export function offsetsOf(records: readonly ProducerRecord[], runs: readonly Produced[]): Float64Array {
  const offsets = new Float64Array(records.length).fill(-1)
  const places = new Map<string, Map<number, Place>>()
  for (const run of runs) placeOf(places, run.topic, run.partition).runs.push(run)
  for (const [i, { topic, partition }] of records.entries())
    if (partition !== null) places.get(topic)?.get(partition)?.records.push(i)
  for (const byPartition of places.values()) for (const place of byPartition.values()) lay(place, offsets)
  return offsets
}

interface Place {
  readonly runs: Produced[]
  /** Their indexes. */
  readonly records: number[]
}

function placeOf(places: Map<string, Map<number, Place>>, topic: string, partition: number): Place {
  let byPartition = places.get(topic)
  if (byPartition === undefined) places.set(topic, (byPartition = new Map()))
  let place = byPartition.get(partition)
  if (place === undefined) byPartition.set(partition, (place = { runs: [], records: [] }))
  return place
}

function lay({ runs, records }: Place, offsets: Float64Array): void {
  const count = runs.reduce((sum, run) => sum + run.count, 0)
  if (count !== records.length || runs.some(({ firstOffset }) => firstOffset < 0)) return
  let at = 0
  for (const run of runs.toSorted((a, b) => a.firstOffset - b.firstOffset))
    for (let i = 0; i < run.count; i++) offsets[records[at++]!] = run.firstOffset + i
}
