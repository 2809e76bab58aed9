/** What several workers put, written down in one place. */
import { systemClock, type SinkRecord, type SinkTask, type TopicPartition } from '@sluice/sdk'

/** Where every put of every worker is written down. */
export class Ledger {
  /** `partition/offset` → by which workers, in order. */
  readonly puts = new Map<string, string[]>()
  /** Partitions that are open now, by worker. */
  readonly open = new Map<string, Set<number>>()
  readonly calls: string[] = []

  /** Parts of a sink that belongs to this worker; a record of a partition that it was not opened with fails it. */
  parts(worker: string): Pick<SinkTask, 'open' | 'put' | 'close'> {
    const held = new Set<number>()
    this.open.set(worker, held)
    return {
      open: async (partitions: readonly TopicPartition[]) => {
        for (const { partition } of partitions) held.add(partition)
        this.calls.push(`${worker} open ${partitions.map(({ partition }) => partition).join('+')}`)
      },
      put: async (records: readonly SinkRecord[]) => {
        for (const { originalPartition, originalOffset } of records) {
          if (!held.has(originalPartition)) throw new Error(`${worker} was not opened with ${originalPartition}`)
          const at = `${originalPartition}/${originalOffset}`
          this.puts.set(at, [...(this.puts.get(at) ?? []), worker])
        }
        if (records.length > 0) await systemClock.sleep(1)
      },
      close: async (partitions: readonly TopicPartition[]) => {
        for (const { partition } of partitions) held.delete(partition)
        this.calls.push(`${worker} close ${partitions.map(({ partition }) => partition).join('+')}`)
      },
    }
  }

  get twice(): readonly string[] {
    return [...this.puts].filter(([, workers]) => workers.length > 1).map(([at]) => at)
  }
}

/** Small numbers that come in the same order in every run. */
export function dice(seed: number): (sides: number) => number {
  let state = seed
  return (sides) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return Math.floor((state / 2_147_483_648) * sides)
  }
}
