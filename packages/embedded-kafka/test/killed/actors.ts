import { kafkaErrorCode } from '@sluice/kafka-protocol'
import { batchOf, keyedBatch } from '../support/batches.ts'
import type { RawClient } from '../support/raw-client.ts'
import { type RawTopic, produceBody } from '../support/requests.ts'
import type { Ledger, TransactionFacts } from './ledger.ts'

/** A source of numbers that a seed decides: mulberry32. */
export function numbersOf(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let x = Math.imul(state ^ (state >>> 15), state | 1)
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61)
    return ((x ^ (x >>> 14)) >>> 0) % below
  }
}

export interface Stage {
  readonly ledger: Ledger
  readonly random: (below: number) => number
  /** Whole again after each kill. */
  client: RawClient
  data: RawTopic
  keyed: RawTopic
}

/** Does one thing, as long as the broker lives. Rejects when it is killed. */
export interface Actor {
  step(stage: Stage): Promise<void>
}

const CONCURRENT = kafkaErrorCode('CONCURRENT_TRANSACTIONS')
export const PARTITIONS = 3

function succeeded(what: string, errorCode: number | undefined): void {
  if (errorCode !== 0) throw new Error(`${what} is refused with error ${errorCode}`)
}

/** Writes numbered values, and after a kill the batch that was not acknowledged once more. */
export class IdempotentProducer implements Actor {
  readonly #partition: number
  #producerId: number | bigint = -1
  #sequence = 0
  #pending: string[] | undefined

  constructor(partition: number) {
    this.#partition = partition
  }

  async step({ client, data, ledger, random }: Stage): Promise<void> {
    if (this.#producerId === -1) {
      const answer = await client.send('InitProducerId', { transactionalId: null, transactionTimeoutMs: 0 }, 4)
      succeeded('InitProducerId', answer.errorCode)
      this.#producerId = answer.producerId
    }
    this.#pending ??= Array.from({ length: 1 + random(20) }, (_, i) => `idempotent ${this.#sequence + i}`)
    const seal = { producerId: this.#producerId, producerEpoch: 0, baseSequence: this.#sequence }
    const body = produceBody(data, batchOf(this.#pending, seal), { index: this.#partition })
    const answer = await client.send('Produce', body, 13)
    succeeded('Produce', answer.responses[0]?.partitionResponses[0]?.errorCode)
    const sent = ledger.sent.get(this.#partition) ?? []
    ledger.sent.set(this.#partition, [...sent, ...this.#pending])
    this.#sequence += this.#pending.length
    this.#pending = undefined
  }
}

/** Transactions of records and offsets; after a kill the same id begins anew, and what it had open must be gone. */
export class TransactionalProducer implements Actor {
  readonly #id: string
  #number = 0
  #producerId: number | bigint = -1
  #epoch = -1
  #sequences = new Map<number, number>()

  constructor(id: string) {
    this.#id = id
  }

  async step(stage: Stage): Promise<void> {
    const { ledger, random } = stage
    if (this.#producerId === -1) await this.begin(stage)
    const facts: TransactionFacts = {
      id: this.#id,
      number: this.#number,
      isCommit: random(3) > 0,
      offset: this.#number++,
      acknowledged: 0,
      attempted: 0,
      hasOffset: false,
      outcome: 'open',
    }
    ledger.transactions.push(facts)
    for (let left = 1 + random(4); left > 0; left--) await this.#produce(stage, facts, random(PARTITIONS))
    if (random(2) === 0) await this.#commitOffset(stage, facts)
    await this.#end(stage, facts)
  }

  /** Takes the id over from whoever had it: what was open is aborted. */
  async begin({ client }: Stage): Promise<void> {
    const body = { transactionalId: this.#id, transactionTimeoutMs: 60_000, producerId: -1, producerEpoch: -1 }
    for (;;) {
      const answer = await client.send('InitProducerId', body, 4)
      if (answer.errorCode === CONCURRENT) continue
      succeeded('InitProducerId', answer.errorCode)
      this.#producerId = answer.producerId
      this.#epoch = answer.producerEpoch
      this.#sequences = new Map()
      return
    }
  }

  async #produce({ client, data, random }: Stage, facts: TransactionFacts, index: number): Promise<void> {
    const values = Array.from({ length: 1 + random(5) }, (_, i) => `${this.#id} ${facts.number} ${facts.attempted + i}`)
    const baseSequence = this.#sequences.get(index) ?? 0
    const seal = { producerId: this.#producerId, producerEpoch: this.#epoch, baseSequence, isTransactional: true }
    const body = produceBody(data, batchOf(values, seal), { index, transactionalId: this.#id })
    facts.attempted += values.length
    for (;;) {
      const { responses } = await client.send('Produce', body, 13)
      const errorCode = responses[0]?.partitionResponses[0]?.errorCode
      if (errorCode === CONCURRENT) continue
      succeeded('Produce', errorCode)
      break
    }
    facts.acknowledged += values.length
    this.#sequences.set(index, baseSequence + values.length)
  }

  async #commitOffset({ client, data }: Stage, facts: TransactionFacts): Promise<void> {
    const body = {
      transactionalId: this.#id,
      groupId: `group of ${this.#id}`,
      producerId: this.#producerId,
      producerEpoch: this.#epoch,
      memberId: '',
      topics: [
        { name: data.name, partitions: [{ partitionIndex: 0, committedOffset: facts.offset, committedMetadata: '' }] },
      ],
    }
    const answer = await client.send('TxnOffsetCommit', body, 5)
    succeeded('TxnOffsetCommit', answer.topics[0]?.partitions[0]?.errorCode)
    facts.hasOffset = true
  }

  async #end({ client }: Stage, facts: TransactionFacts): Promise<void> {
    facts.outcome = 'unknown'
    const body = {
      transactionalId: this.#id,
      producerId: this.#producerId,
      producerEpoch: this.#epoch,
      committed: facts.isCommit,
    }
    const answer = await client.send('EndTxn', body, 5)
    succeeded('EndTxn', answer.errorCode)
    facts.outcome = 'ended'
    this.#producerId = answer.producerId
    this.#epoch = answer.producerEpoch
    this.#sequences = new Map()
  }
}

/** Commits offsets of a group that has no members, ever higher ones. */
export class Committer implements Actor {
  readonly #group: string

  constructor(group: string) {
    this.#group = group
  }

  async step({ client, data, ledger }: Stage): Promise<void> {
    let facts = ledger.commits.get(this.#group)
    if (facts === undefined) ledger.commits.set(this.#group, (facts = { acknowledged: -1, attempted: -1 }))
    const committedOffset = ++facts.attempted
    const topics = [{ name: data.name, partitions: [{ partitionIndex: 1, committedOffset, committedMetadata: 'm' }] }]
    const answer = await client.send('OffsetCommit', { groupId: this.#group, memberId: '', topics }, 8)
    succeeded('OffsetCommit', answer.topics[0]?.partitions[0]?.errorCode)
    facts.acknowledged = committedOffset
  }
}

/** Creates topics and deletes them. */
export class Administrator implements Actor {
  async step({ client, ledger, random }: Stage): Promise<void> {
    const name = `made-${random(6)}`
    const isThere = ledger.topics.get(name)
    ledger.topics.set(name, undefined)
    if (isThere !== true) {
      const topics = [{ name, numPartitions: 2, replicationFactor: 1, assignments: [], configs: [] }]
      const answer = await client.send('CreateTopics', { topics, timeoutMs: 1000 }, 5)
      if (isThere === false || answer.topics[0]?.errorCode !== kafkaErrorCode('TOPIC_ALREADY_EXISTS')) {
        succeeded('CreateTopics', answer.topics[0]?.errorCode)
      }
      ledger.topics.set(name, true)
    } else {
      const answer = await client.send('DeleteTopics', { topicNames: [name], timeoutMs: 1000 }, 5)
      succeeded('DeleteTopics', answer.responses[0]?.errorCode)
      ledger.topics.set(name, false)
    }
  }
}

/** Writes newer and newer values of few keys into the compacted topic. */
export class KeyedProducer implements Actor {
  #value = 0

  async step({ client, keyed, ledger, random }: Stage): Promise<void> {
    const key = `key ${random(10)}`
    const value = ++this.#value
    const before = ledger.keys.get(key) ?? { value: 0, attempted: 0 }
    ledger.keys.set(key, { ...before, attempted: value })
    const answer = await client.send('Produce', produceBody(keyed, keyedBatch(key, String(value))), 13)
    succeeded('Produce', answer.responses[0]?.partitionResponses[0]?.errorCode)
    ledger.keys.set(key, { value, attempted: value })
  }
}
