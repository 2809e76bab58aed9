import type { RequestInput } from '@sluice/kafka-protocol'
import type { GroupScribe } from './group-scribe.ts'

/** Conversations about offsets in transactions, as producers before KIP-890 have them. */
export const OFFSETS_IN_TRANSACTIONS: Readonly<Record<string, (scribe: GroupScribe) => Promise<void>>> = {
  'offsets in a transaction that is aborted': async (s) => {
    const t = await Transaction.begin(s)
    await t.addGroup()
    await t.commitOffsets('commit')
    await t.end(false)
    await t.fetch('aborted', true)
  },

  'a commit in the middle of a transaction': async (s) => {
    const t = await Transaction.begin(s)
    await t.addGroup()
    await t.commitOffsets('in the transaction')
    const partitions = [{ partitionIndex: 0, committedOffset: 99, committedMetadata: '' }]
    await s.ask(
      'outside',
      'OffsetCommit',
      { groupId: s.group, generationIdOrMemberEpoch: -1, memberId: '', topics: [{ name: s.topic, partitions }] },
      9,
    )
    await t.fetch('both', false)
    await t.end(true)
    await t.fetch('the later one counts', true)
  },
}

/** What releases before 4.0 answer otherwise, or not at all: they believe a producer's epoch without looking, and know no KIP-890. */
export const OFFSETS_IN_CHECKED_TRANSACTIONS: typeof OFFSETS_IN_TRANSACTIONS = {
  'offsets in a transaction': async (s) => {
    const t = await Transaction.begin(s)
    await t.commitOffsets('before the group was added', {}, 3)
    await t.commitOffsets('before the group was added v4', {}, 4)
    await t.addGroup()
    await t.commitOffsets('commit', {}, 3, [0, 1, 77])
    await t.fetch('while it is open', false)
    await t.fetch('while it is open, only what is stable', true)
    await t.fetchAll('all, while it is open')
    await t.commitOffsets('another producer epoch', { producerEpoch: 9 })
    await t.commitOffsets('another producer', { producerId: 987_654 })
    await t.commitOffsets('no group id', { groupId: '' })
    await t.end(true)
    await t.fetch('committed', true)
    await t.fetchAll('all, committed')
  },

  'members and their transactions (KIP-447)': async (s) => {
    const t = await Transaction.begin(s)
    await t.addGroup()
    await t.commitOffsets('a generation of no group', { generationId: 1, memberId: 'zz' })
    const joining: RequestInput<'JoinGroup'> = {
      groupId: s.group,
      sessionTimeoutMs: 30_000,
      rebalanceTimeoutMs: 30_000,
      memberId: '',
      groupInstanceId: 'i1',
      protocolType: 'consumer',
      protocols: [{ name: 'a', metadata: Buffer.from('00000000000000000000', 'hex') }],
    }
    const { memberId } = await s.ask('joins', 'JoinGroup', joining, 9)
    const as = { memberId, groupInstanceId: 'i1' }
    await t.commitOffsets('before it is assigned', { ...as, generationId: 1 })
    await s.ask('syncs', 'SyncGroup', {
      groupId: s.group,
      generationId: 1,
      ...as,
      protocolType: 'consumer',
      protocolName: 'a',
      assignments: [],
    })
    await t.commitOffsets('a zombie generation', { ...as, generationId: 0 })
    await t.commitOffsets('a stranger', { memberId: 'zz', generationId: 1 })
    await t.commitOffsets('a fenced instance', { memberId: 'zz', groupInstanceId: 'i1', generationId: 1 })
    await t.commitOffsets('nobody', {})
    await t.commitOffsets('the member', { ...as, generationId: 1 })
    await t.end(true)
    await t.fetch('committed', true)
  },

  'offsets that add themselves to a transaction': async (s) => {
    const t = await Transaction.begin(s)
    await t.commitOffsets('commit', {}, 5)
    await t.fetch('while it is open', true)
    await t.end(true, 5)
    await t.fetch('committed', true)
  },
}

class Transaction {
  readonly #s: GroupScribe
  readonly #transactionalId: string
  #producerId: number | bigint = -1
  #producerEpoch = -1

  static async begin(scribe: GroupScribe): Promise<Transaction> {
    const transaction = new Transaction(scribe)
    await transaction.#init()
    return transaction
  }

  private constructor(scribe: GroupScribe) {
    this.#s = scribe
    this.#transactionalId = `txn-${scribe.group}`
  }

  async addGroup(): Promise<void> {
    const producer = { producerId: this.#producerId, producerEpoch: this.#producerEpoch }
    const body = { transactionalId: this.#transactionalId, ...producer, groupId: this.#s.group }
    await this.#s.ask('add the group', 'AddOffsetsToTxn', body, 3)
  }

  async commitOffsets(
    label: string,
    change: Partial<RequestInput<'TxnOffsetCommit'>> = {},
    version = 3,
    partitions: readonly number[] = [0],
  ): Promise<void> {
    const committed = partitions.map((partitionIndex) => ({
      partitionIndex,
      committedOffset: 5 + partitionIndex,
      committedLeaderEpoch: 3,
      committedMetadata: 'm',
    }))
    await this.#s.ask(
      label,
      'TxnOffsetCommit',
      {
        transactionalId: this.#transactionalId,
        groupId: this.#s.group,
        producerId: this.#producerId,
        producerEpoch: this.#producerEpoch,
        memberId: '',
        topics: [{ name: this.#s.topic, partitions: committed }],
        ...change,
      },
      version,
    )
  }

  async fetch(label: string, requireStable: boolean): Promise<void> {
    const topics = [{ name: this.#s.topic, partitionIndexes: [0, 1] }]
    await this.#s.ask(label, 'OffsetFetch', { groups: [{ groupId: this.#s.group, topics }], requireStable }, 8)
  }

  async fetchAll(label: string): Promise<void> {
    await this.#s.ask(
      label,
      'OffsetFetch',
      { groups: [{ groupId: this.#s.group, topics: null }], requireStable: true },
      8,
    )
  }

  /** Ends it, and waits until its marker is written. */
  async end(committed: boolean, version = 3): Promise<void> {
    const producer = { producerId: this.#producerId, producerEpoch: this.#producerEpoch }
    const client = this.#s.clientOf()
    const body = { transactionalId: this.#transactionalId, ...producer, committed }
    const answer = await client.send('EndTxn', body, version)
    this.#s.say('end', answer.errorCode)
    await this.#s.until(async () => {
      const { transactionStates } = await client.send('DescribeTransactions', {
        transactionalIds: [this.#transactionalId],
      })
      return transactionStates[0]!.transactionState.startsWith('Complete')
    })
    await this.#s.pause(50)
  }

  async #init(): Promise<void> {
    const client = this.#s.clientOf()
    await this.#s.until(async () => {
      const answer = await client.send(
        'InitProducerId',
        { transactionalId: this.#transactionalId, transactionTimeoutMs: 30_000, producerId: -1, producerEpoch: -1 },
        4,
      )
      if (answer.errorCode !== 0) return false
      this.#producerId = answer.producerId
      this.#producerEpoch = answer.producerEpoch
      return true
    })
  }
}
