import { TopicReader, type Kafka } from '@sluice/kafka'

/** What became of the records of all tasks. */
export interface TickOutcome {
  readonly tasks: number
  readonly records: number
  /** Numbers of a task that are not in its topic though a later one is. */
  readonly lost: number
  readonly twice: number
  /** … of tasks that were not on a worker that was killed. */
  readonly twiceInOrder: number
  /** Tasks of which an older start has sent something behind the first record of a newer one. */
  readonly overlapping: readonly string[]
}

interface Tick {
  readonly number: number
  readonly run: string
}

/** What the tasks have sent, read back from their topics. */
export class TickLedger {
  readonly #ticks = new Map<string, Tick[]>()
  readonly #readers: TopicReader[] = []

  static async open(kafka: Kafka, topics: readonly string[]): Promise<TickLedger> {
    const ledger = new TickLedger()
    for (const topic of topics) {
      const take = (key: string, value: string): void => ledger.#take(key, value)
      ledger.#readers.push(
        await TopicReader.open(kafka, {
          topic,
          take: (_, records) => {
            for (let i = 0; i < records.count; i++) take(textOf(records.key(i)), textOf(records.value(i)))
          },
        }),
      )
    }
    return ledger
  }

  /** The process that has sent each task's last record. */
  lastPids(): ReadonlyMap<string, number> {
    return new Map(Array.from(this.#ticks, ([key, ticks]) => [key, Number(ticks.at(-1)!.run.split('.')[0])]))
  }

  /** How many records each task has. */
  counts(): ReadonlyMap<string, number> {
    return new Map(Array.from(this.#ticks, ([key, ticks]) => [key, ticks.length]))
  }

  async caughtUp(): Promise<void> {
    await Promise.all(this.#readers.map((reader) => reader.caughtUp()))
  }

  async close(): Promise<void> {
    await Promise.all(this.#readers.map((reader) => reader.close()))
  }

  /** @param mayRepeat tasks that were on a worker when it was killed */
  outcome(mayRepeat: ReadonlySet<string>): TickOutcome {
    let [records, lost, twice, twiceInOrder] = [0, 0, 0, 0]
    const overlapping: string[] = []
    for (const [key, ticks] of this.#ticks) {
      const numbers = new Set(ticks.map(({ number }) => number))
      const repeated = ticks.length - numbers.size
      records += ticks.length
      lost += Math.max(...numbers) + 1 - numbers.size
      twice += repeated
      if (!mayRepeat.has(key)) twiceInOrder += repeated
      const runs = ticks.map(({ run }) => run).filter((run, i, all) => run !== all[i - 1])
      if (new Set(runs).size < runs.length) overlapping.push(key)
    }
    return { tasks: this.#ticks.size, records, lost, twice, twiceInOrder, overlapping }
  }

  #take(key: string, value: string): void {
    const [number, run] = value.split(' ') as [string, string]
    const ticks = this.#ticks.get(key)
    const tick = { number: Number(number), run }
    if (ticks === undefined) this.#ticks.set(key, [tick])
    else ticks.push(tick)
  }
}

function textOf(bytes: Uint8Array | null): string {
  return bytes === null ? '' : Buffer.from(bytes).toString()
}
