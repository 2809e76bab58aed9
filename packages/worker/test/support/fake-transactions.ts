/** A transactional producer and the positions of its transactions, kept in memory and in the test's hand. */
import type { Produced, ProducerRecord, TransactionalProducer } from '@sluice/kafka'
import { SluiceError } from '@sluice/sdk'
import type { SettledPosition } from '../../src/record-path/in-flight.ts'
import { SourceTransactions, type TransactionalPositions } from '../../src/record-path/source-transactions.ts'
import { TransactionRequests } from '../../src/record-path/transaction-requests.ts'
import { text } from './fake-kafka.ts'
import { SourceRun, type SourceRunOptions } from './source-run.ts'

/** What a transaction held when it ended, as `topic=value`. */
export interface Ended {
  readonly how: 'commit' | 'abort'
  readonly records: readonly string[]
}

export class FakeTransactionalProducer implements TransactionalProducer {
  /** Transactions that have ended, in order. */
  readonly ended: Ended[] = []
  /** Resolves what a commit waits for; without it commits end at once. */
  gate: Promise<void> = Promise.resolve()
  refusal: unknown
  commitRefusal: unknown
  commits = 0
  closedWith: number | undefined
  /** How many transactions have been begun. */
  begun = 0
  #open: ProducerRecord[] | null = null
  /** Whoever produced hears of it when the transaction ends: nothing is sent before. With `sendsAtOnce` it is, to offset 0 and on. */
  #waiting: PromiseWithResolvers<readonly Produced[]>[] = []
  sendsAtOnce = false
  #isEnding = false

  begin(): void {
    if (this.#open !== null || this.#isEnding) throw new Error('a transaction is open')
    this.begun += 1
    this.#open = []
  }

  async produce(records: readonly ProducerRecord[]): Promise<readonly Produced[]> {
    if (this.#open === null) throw new Error('no transaction is open')
    if (this.refusal !== undefined) throw this.refusal
    this.#open.push(...records)
    if (this.sendsAtOnce)
      return records.map(({ topic }, firstOffset) => ({ topic, partition: 0, firstOffset, count: 1 }))
    const answer = Promise.withResolvers<readonly Produced[]>()
    this.#waiting.push(answer)
    return answer.promise
  }

  async sendOffsets(): Promise<void> {
    throw new Error('a source has no group')
  }

  commit(): Promise<void> {
    this.commits += 1
    return this.#end('commit')
  }

  abort(): Promise<void> {
    return this.#end('abort')
  }

  async close(timeoutMs?: number): Promise<void> {
    this.closedWith = timeoutMs
  }

  async #end(how: Ended['how']): Promise<void> {
    const open = this.#open
    if (open === null) throw new Error('no transaction is open')
    const waiting = this.#waiting
    this.#open = null
    this.#waiting = []
    this.#isEnding = true
    await this.gate
    this.#isEnding = false
    for (const { resolve, reject } of waiting) {
      if (how === 'commit') resolve([])
      else reject(new SluiceError('KAFKA_TRANSACTION_ABORTABLE', 'aborted before this was sent'))
    }
    if (how === 'commit' && this.commitRefusal !== undefined) throw this.commitRefusal
    this.ended.push({ how, records: open.map(({ topic, value }) => `${topic}=${text(value)}`) })
  }
}

/** Positions as records of the topic `positions`. */
export class FakeTransactionalPositions implements TransactionalPositions {
  readonly told: SettledPosition[] = []

  records(positions: readonly SettledPosition[]): readonly ProducerRecord[] {
    return positions.map(({ partition, position }) => ({
      topic: 'positions',
      partition: null,
      key: Buffer.from(JSON.stringify(partition)),
      value: Buffer.from(String(position['n'])),
      timestamp: null,
      headers: null,
    }))
  }

  committed(positions: readonly SettledPosition[]): void {
    this.told.push(...positions)
  }
}

export type Boundary = 'poll' | 'interval' | 'connector'

/** A source that runs exactly once. */
export class TransactionalRun {
  readonly producer = new FakeTransactionalProducer()
  readonly positions = new FakeTransactionalPositions()
  readonly requests = new TransactionRequests()
  readonly run: SourceRun

  constructor(boundary: Boundary, options: SourceRunOptions) {
    const { producer, positions, requests } = this
    this.run = new SourceRun({
      ...options,
      ...(boundary === 'connector' ? { transaction: requests } : {}),
      deliver: async (_run, shared, fail) =>
        new SourceTransactions(
          {
            ...shared,
            producer,
            positions,
            boundary:
              boundary === 'poll'
                ? { kind: 'poll' }
                : boundary === 'interval'
                  ? { kind: 'interval', intervalMs: 1000 }
                  : { kind: 'connector', requests },
          },
          fail,
        ),
    })
  }

  /** What was committed, transaction by transaction. */
  get committed(): readonly (readonly string[])[] {
    return this.producer.ended.filter(({ how }) => how === 'commit').map(({ records }) => records)
  }
}
