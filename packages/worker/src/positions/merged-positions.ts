import type { ProducerRecord, TransactionalProducer } from '@sluice/kafka'
import { describeError, type Logger, type SourcePartition, type SourcePosition } from '@sluice/sdk'
import type { SettledPosition } from '../record-path/in-flight.ts'
import { canonicalKey, type ListedPositions, type PositionChange } from './position-store.ts'
import type { TopicPositions } from './topic-positions.ts'

/**
 * The positions of a connector that has an offset topic of its own (`offsets.storage.topic`), which counts, with the worker's as a copy:
 * positions from before it had its own are found there, and found again should it lose its own.
 */
export class MergedPositions implements ListedPositions {
  readonly #own: TopicPositions
  readonly #worker: TopicPositions
  readonly #logger: Logger
  /** The latest of each position that the worker's topic has not yet, by its canonical key. */
  readonly #uncopied = new Map<string, { readonly connector: string; readonly change: PositionChange }>()
  /** One copy is made at a time. Never rejects. */
  #copying: Promise<void> | undefined

  /** Closes `own` when it is closed; `worker` is everybody's. */
  constructor(own: TopicPositions, worker: TopicPositions, logger: Logger) {
    this.#own = own
    this.#worker = worker
    this.#logger = logger
  }

  /** The topic that counts. */
  get topic(): string {
    return this.#own.topic
  }

  async position(connector: string, partition: SourcePartition): Promise<SourcePosition | null> {
    const [own, worker] = await Promise.all([
      this.#own.position(connector, partition),
      this.#worker.position(connector, partition),
    ])
    return own ?? worker
  }

  async positions(connector: string): Promise<readonly SettledPosition[]> {
    const [own, worker] = await Promise.all([this.#own.positions(connector), this.#worker.positions(connector)])
    const merged = new Map<string, SettledPosition>()
    for (const one of [...worker, ...own]) merged.set(canonicalKey(connector, one.partition), one)
    return [...merged.values()]
  }

  async store(connector: string, positions: readonly PositionChange[]): Promise<void> {
    await this.#forgetCopies(connector, positions)
    await this.#own.store(connector, positions)
    this.#copy(connector, positions)
  }

  async storeWith(
    producer: TransactionalProducer,
    connector: string,
    positions: readonly PositionChange[],
  ): Promise<void> {
    await this.#forgetCopies(connector, positions)
    await this.#own.storeWith(producer, connector, positions)
    this.#copy(connector, positions)
  }

  records(connector: string, positions: readonly PositionChange[]): readonly ProducerRecord[] {
    return this.#own.records(connector, positions)
  }

  committed(connector: string, positions: readonly PositionChange[]): void {
    this.#own.committed(connector, positions)
    this.#copy(connector, positions)
  }

  async close(): Promise<void> {
    await this.#copying
    await this.#own.close()
  }

  /** What is to be forgotten must be gone from the copy first: else, after a crash in between, it would come back from there. */
  async #forgetCopies(connector: string, positions: readonly PositionChange[]): Promise<void> {
    const forgotten = positions.filter(({ position }) => position === null)
    if (forgotten.length === 0) return
    for (const { partition } of forgotten) this.#uncopied.delete(canonicalKey(connector, partition))
    await this.#copying
    await this.#worker.store(connector, forgotten)
  }

  /** Best effort: while the worker's topic cannot be written, only the latest is kept for it. */
  #copy(connector: string, positions: readonly PositionChange[]): void {
    for (const change of positions)
      if (change.position !== null) this.#uncopied.set(canonicalKey(connector, change.partition), { connector, change })
    if (this.#uncopied.size > 0) this.#copying ??= this.#copyAll().finally(() => (this.#copying = undefined))
  }

  async #copyAll(): Promise<void> {
    while (this.#uncopied.size > 0) {
      const copies = [...this.#uncopied.values()]
      this.#uncopied.clear()
      const byConnector = Map.groupBy(copies, ({ connector }) => connector)
      for (const [connector, changes] of byConnector) {
        try {
          await this.#worker.store(
            connector,
            changes.map(({ change }) => change),
          )
        } catch (error) {
          const facts = { connector, error: describeError(error) }
          this.#logger.warn("Positions could not be copied to the worker's topic", facts)
        }
      }
    }
  }
}
