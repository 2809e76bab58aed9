import { type ApiName, BatchAppender, type RequestInput, type ResponseBody, kafkaError } from '@sluice/kafka-protocol'
import { RawClient } from '../support/raw-client.ts'

/** What a broker said, step by step: error names, and producer ids by the order in which they were first seen. */
export type Transcript = string[]

/**
 * Sends requests of one transactional id and writes down what came back, so that the transcripts of two brokers can be compared.
 * Each run uses names of its own.
 */
export class Scribe {
  readonly client: RawClient
  readonly transactionalId: string
  readonly topic: string
  readonly transcript: Transcript = []
  /** The producer as the last answer had it. */
  producerId = -1
  producerEpoch = -1
  readonly #ids: number[] = []

  constructor(client: RawClient, name: string) {
    this.client = client
    this.transactionalId = `txn-${name}`
    this.topic = `topic-${name}`
  }

  async begin(): Promise<void> {
    await this.client.send('CreateTopics', {
      topics: [{ name: this.topic, numPartitions: 2, replicationFactor: 1, assignments: [], configs: [] }],
      timeoutMs: 10_000,
    })
    await this.retry(async () => {
      const { topics } = await this.client.send('Metadata', { topics: [{ topicId: ZERO_UUID, name: this.topic }] }, 12)
      return topics[0]?.partitions.length === 2 && topics[0].partitions.every(({ leaderId }) => leaderId >= 0)
    })
    await this.retry(async () => {
      const answer = await this.client.send('FindCoordinator', { keyType: 1, coordinatorKeys: [this.transactionalId] })
      return answer.coordinators[0]!.errorCode === 0
    })
    await this.retry(async () => {
      const { transactionStates } = await this.client.send('DescribeTransactions', {
        transactionalIds: [this.transactionalId],
      })
      return transactionStates[0]!.errorCode === 105
    })
  }

  /** Asks until it holds; at most ten seconds. */
  async retry(holds: () => Promise<boolean>): Promise<void> {
    for (let i = 0; i < 200; i++) {
      if (await holds()) return
      await new Promise((resolve) => void setTimeout(resolve, 50))
    }
    throw new Error('It never came true')
  }

  send<N extends ApiName>(api: N, body: RequestInput<N>, version?: number): Promise<ResponseBody<N>> {
    return this.client.send(api, body, version)
  }

  note(step: string, outcome: string | number): void {
    this.transcript.push(`${step}: ${typeof outcome === 'number' ? kafkaError(outcome).name : outcome}`)
  }

  id(producerId: number): string {
    if (producerId === -1) return 'none'
    if (!this.#ids.includes(producerId)) this.#ids.push(producerId)
    return `id${this.#ids.indexOf(producerId) + 1}`
  }

  /** CONCURRENT_TRANSACTIONS is asked again, and counts as one step: how often depends on the machine. */
  async init(
    version: number,
    { timeoutMs = 60_000, producerId = -1, producerEpoch = -1, transactionalId = this.transactionalId } = {},
  ): Promise<void> {
    const body = {
      transactionalId: transactionalId as string | null,
      transactionTimeoutMs: timeoutMs,
      ...(version >= 3 && { producerId, producerEpoch }),
    }
    let answer = await this.send('InitProducerId', body, version)
    let isConcurrent = false
    while (answer.errorCode === 51) {
      isConcurrent = true
      await new Promise((resolve) => void setTimeout(resolve, 20))
      answer = await this.send('InitProducerId', body, version)
    }
    const outcome = answer.errorCode === 0 ? `${this.id(Number(answer.producerId))}/${answer.producerEpoch}` : ''
    this.note(
      `InitProducerId ${version}`,
      `${isConcurrent ? 'CONCURRENT_TRANSACTIONS, then ' : ''}${kafkaError(answer.errorCode).name} ${outcome}`,
    )
    if (answer.errorCode === 0) {
      this.producerId = Number(answer.producerId)
      this.producerEpoch = answer.producerEpoch
    }
  }

  async add(
    version: number,
    {
      topics = [{ name: this.topic, partitions: [0] }],
      epoch = this.producerEpoch,
      producerId = this.producerId,
      transactionalId = this.transactionalId,
      verifyOnly = false,
    } = {},
  ): Promise<void> {
    const body =
      version < 4
        ? {
            v3AndBelowTransactionalId: transactionalId,
            v3AndBelowProducerId: producerId,
            v3AndBelowProducerEpoch: epoch,
            v3AndBelowTopics: topics,
          }
        : { transactions: [{ transactionalId, producerId, producerEpoch: epoch, verifyOnly, topics }] }
    const results = await this.untilDone(async () => {
      const answer = await this.send('AddPartitionsToTxn', body, version)
      const byTopic =
        version < 4 ? answer.resultsByTopicV3AndBelow : answer.resultsByTransaction.flatMap((one) => one.topicResults)
      return byTopic
        .flatMap(({ resultsByPartition }) => resultsByPartition)
        .toSorted((a, b) => a.partitionIndex - b.partitionIndex)
        .map(({ partitionErrorCode }) => kafkaError(partitionErrorCode).name)
        .join(' ')
    })
    this.note(`AddPartitionsToTxn ${version}${verifyOnly ? ' verify' : ''}`, results)
  }

  async addOffsets(version: number, groupId = 'group'): Promise<void> {
    const { transactionalId, producerId, producerEpoch } = this
    const outcome = await this.untilDone(async () => {
      const answer = await this.send(
        'AddOffsetsToTxn',
        { transactionalId, producerId, producerEpoch, groupId },
        version,
      )
      return kafkaError(answer.errorCode).name
    })
    this.note(`AddOffsetsToTxn ${version}`, outcome)
  }

  async end(
    version: number,
    isCommit: boolean,
    { epoch = this.producerEpoch, producerId = this.producerId, transactionalId = this.transactionalId } = {},
  ): Promise<void> {
    const body = { transactionalId, producerId, producerEpoch: epoch, committed: isCommit }
    let answer = await this.send('EndTxn', body, version)
    // A retry that comes before the markers are written is asked to wait; whether it does depends on the machine.
    while (answer.errorCode === 51) {
      await new Promise((resolve) => void setTimeout(resolve, 20))
      answer = await this.send('EndTxn', body, version)
    }
    const next = version >= 5 ? ` ${this.id(Number(answer.producerId))}/${answer.producerEpoch}` : ''
    this.note(`EndTxn ${version} ${isCommit ? 'commit' : 'abort'}`, `${kafkaError(answer.errorCode).name}${next}`)
    if (answer.errorCode === 0 && version >= 5) {
      this.producerId = Number(answer.producerId)
      this.producerEpoch = answer.producerEpoch
    }
  }

  async produce(version: number, { partition = 0, sequence = 0, epoch = this.producerEpoch } = {}): Promise<void> {
    const appender = new BatchAppender(new Uint8Array(1024))
    appender.append(null, Buffer.from('value'), Date.now())
    const records = appender.seal({
      producerId: this.producerId,
      producerEpoch: epoch,
      baseSequence: sequence,
      isTransactional: true,
    })
    const outcome = await this.untilDone(async () => {
      const { responses } = await this.send(
        'Produce',
        {
          transactionalId: this.transactionalId,
          acks: -1,
          timeoutMs: 5000,
          topicData: [{ name: this.topic, partitionData: [{ index: partition, records }] }],
        },
        version,
      )
      return kafkaError(responses[0]!.partitionResponses[0]!.errorCode).name
    })
    this.note(`Produce ${version}`, outcome)
  }

  async describe(): Promise<void> {
    const { transactionStates } = await this.send('DescribeTransactions', { transactionalIds: [this.transactionalId] })
    const { errorCode, transactionState, transactionTimeoutMs, producerId, producerEpoch, topics } =
      transactionStates[0]!
    const partitions = topics
      .map(
        ({ topic, partitions }) =>
          `${topic === this.topic ? 'topic' : topic}:${partitions.toSorted((a, b) => a - b).join(',')}`,
      )
      .toSorted()
    this.note(
      'DescribeTransactions',
      errorCode === 0
        ? `${transactionState} ${transactionTimeoutMs} ${this.id(Number(producerId))}/${producerEpoch} [${partitions.join(' ')}]`
        : errorCode,
    )
  }

  /** Waits until the markers of the transaction are written, then describes it. */
  async settled(): Promise<void> {
    await this.retry(async () => {
      const { transactionStates } = await this.send('DescribeTransactions', {
        transactionalIds: [this.transactionalId],
      })
      return !transactionStates[0]!.transactionState.startsWith('Prepare')
    })
    await this.describe()
  }

  async list(body: Partial<RequestInput<'ListTransactions'>>, version = 1): Promise<void> {
    const answer = await this.send('ListTransactions', { stateFilters: [], producerIdFilters: [], ...body }, version)
    const found = answer.transactionStates.filter(({ transactionalId }) => transactionalId === this.transactionalId)
    this.note(
      'ListTransactions',
      `${kafkaError(answer.errorCode).name} ${found.map(({ transactionState }) => transactionState).join()} unknown: ${answer.unknownStateFilters.join()}`,
    )
  }

  async endOffset(isolationLevel: number): Promise<void> {
    const { topics } = await this.send(
      'ListOffsets',
      {
        replicaId: -1,
        isolationLevel,
        topics: [{ name: this.topic, partitions: [{ partitionIndex: 0, timestamp: -1 }] }],
      },
      7,
    )
    const { errorCode, offset } = topics[0]!.partitions[0]!
    this.note(`ListOffsets ${isolationLevel}`, errorCode === 0 ? String(offset) : errorCode)
  }

  private async untilDone(ask: () => Promise<string>): Promise<string> {
    let outcome = await ask()
    while (/CONCURRENT_TRANSACTIONS|NOT_ENOUGH_REPLICAS\b|NOT_LEADER_OR_FOLLOWER/.test(outcome)) {
      await new Promise((resolve) => void setTimeout(resolve, 20))
      outcome = await ask()
    }
    return outcome
  }
}

const ZERO_UUID = 'AAAAAAAAAAAAAAAAAAAAAA'
const COMMIT = true
const ABORT = false

export interface Script {
  /** transaction.version that it needs. */
  readonly needs: 0 | 2
  run(scribe: Scribe): Promise<void>
}

function tv1(run: Script['run']): Script {
  return { needs: 0, run }
}

function tv2(run: Script['run']): Script {
  return { needs: 2, run }
}

/** Conversations about one transactional id. */
export const SCRIPTS: Readonly<Record<string, Script>> = {
  'each initialisation bumps the epoch': tv1(async (s) => {
    for (const version of [0, 1, 2, 3, 4]) await s.init(version)
    await s.describe()
  }),
  'an idempotent producer has an id of its own and epoch 0': tv1(async (s) => {
    await s.init(4, { transactionalId: null as unknown as string })
    await s.init(4, { transactionalId: null as unknown as string, timeoutMs: 0 })
    await s.init(4, { transactionalId: null as unknown as string, producerId: 5, producerEpoch: 5 })
  }),
  'bad initialisations are refused': tv1(async (s) => {
    await s.init(4, { transactionalId: '' })
    await s.init(4, { timeoutMs: 0 })
    await s.init(4, { timeoutMs: -1 })
    await s.init(4, { timeoutMs: 900_001 })
    await s.init(4, { timeoutMs: 900_000 })
    await s.init(4, { producerId: 7 })
    await s.init(4, { producerEpoch: 7 })
    await s.init(4, { transactionalId: '', timeoutMs: 0 })
  }),
  'a producer goes on after an error with its own epoch (KIP-360)': tv1(async (s) => {
    await s.init(4)
    const { producerId } = s
    await s.init(4, { producerId, producerEpoch: 0 })
    await s.init(4, { producerId, producerEpoch: 0 })
    await s.init(4, { producerId, producerEpoch: 1 })
    await s.init(4, { producerId, producerEpoch: 0 })
    await s.init(3, { producerId, producerEpoch: 0 })
    await s.init(4, { producerId: producerId + 123_456, producerEpoch: 2 })
    await s.init(4)
    await s.init(4, { producerId, producerEpoch: 2 })
    await s.init(4, { producerId, producerEpoch: 9 })
  }),
  'an id nobody knows takes any expectation': tv1(async (s) => {
    await s.init(4, { producerId: 987_654, producerEpoch: 3 })
    await s.init(4, { producerId: 987_654, producerEpoch: 3 })
  }),
  'another producer aborts the open transaction and fences its producer': tv1(async (s) => {
    await s.init(4)
    const { producerId, producerEpoch } = s
    await s.add(3)
    await s.init(4)
    await s.settled()
    for (const version of [1, 2, 3]) await s.add(version, { producerId, epoch: producerEpoch })
    for (const version of [1, 2, 3]) await s.end(version, COMMIT, { producerId, epoch: producerEpoch })
    await s.init(3, { producerId, producerEpoch })
    await s.init(4, { producerId, producerEpoch })
  }),
  'partitions are added once, all or none': tv1(async (s) => {
    await s.init(4)
    await s.add(3, { topics: [{ name: s.topic, partitions: [0, 5] }] })
    await s.describe()
    await s.add(3)
    await s.add(3)
    await s.add(0, { topics: [{ name: s.topic, partitions: [1] }] })
    await s.add(3, { topics: [{ name: `${s.topic}-missing`, partitions: [0] }] })
    await s.add(3, { topics: [] })
    await s.describe()
  }),
  'nobody adds partitions of internal topics by hand': tv1(async (s) => {
    await s.init(4)
    await s.add(3, { topics: [{ name: '__transaction_state', partitions: [0] }] })
  }),
  'who adds must be the producer of the id': tv1(async (s) => {
    await s.add(3, { producerId: 5, epoch: 0 })
    await s.init(4)
    await s.add(3, { transactionalId: '' })
    await s.add(3, { producerId: s.producerId + 1 })
    for (const version of [0, 1, 2, 3]) await s.add(version, { epoch: s.producerEpoch + 1 })
  }),
  'the brokers’ own form of adding verifies too': tv1(async (s) => {
    await s.init(4)
    await s.add(4, { verifyOnly: true })
    await s.add(4)
    await s.add(4, { verifyOnly: true })
    await s.add(4, { topics: [{ name: s.topic, partitions: [1] }], verifyOnly: true })
    await s.add(4, { topics: [{ name: s.topic, partitions: [0, 1] }], verifyOnly: true })
    await s.add(4, { verifyOnly: true, epoch: s.producerEpoch + 1 })
    await s.add(4, { verifyOnly: true, producerId: s.producerId + 1 })
    await s.add(4, { topics: [{ name: s.topic, partitions: [7] }], verifyOnly: true })
  }),
  'a transaction commits once (transaction.version 0)': tv1(async (s) => {
    await s.init(4)
    await s.end(4, COMMIT)
    await s.end(4, ABORT)
    await s.add(3)
    await s.end(4, COMMIT)
    await s.settled()
    await s.end(4, COMMIT)
    await s.end(4, ABORT)
    await s.add(3)
    await s.end(4, ABORT)
    await s.settled()
    await s.end(4, ABORT)
    await s.end(4, COMMIT)
    await s.end(4, COMMIT, { epoch: s.producerEpoch + 1 })
    await s.end(4, COMMIT, { producerId: s.producerId + 1 })
    await s.end(4, COMMIT, { transactionalId: '' })
    await s.end(4, COMMIT, { transactionalId: `${s.transactionalId}-unknown` })
  }),
  'an epoch is never bumped by EndTxn before version 5': tv1(async (s) => {
    await s.init(4)
    for (let i = 0; i < 3; i++) {
      await s.add(3)
      await s.end(i, COMMIT)
      await s.settled()
    }
  }),
  'initialising after a complete transaction bumps the epoch': tv1(async (s) => {
    await s.init(4)
    await s.add(3)
    await s.end(3, COMMIT)
    await s.settled()
    await s.init(4)
    await s.describe()
    await s.add(3)
    await s.end(3, ABORT)
    await s.settled()
    await s.init(4, { producerId: s.producerId, producerEpoch: s.producerEpoch })
  }),
  'the time-out is the one of the last initialisation': tv1(async (s) => {
    await s.init(4, { timeoutMs: 1000 })
    await s.describe()
    await s.init(4, { timeoutMs: 2000 })
    await s.describe()
  }),
  'offsets of a group are a partition of the transaction': tv1(async (s) => {
    await s.addOffsets(3)
    await s.init(4)
    await s.addOffsets(3)
    await s.end(3, COMMIT)
    await s.settled()
    await s.addOffsets(0, '')
    s.producerEpoch++
    for (const version of [0, 1, 2, 3]) await s.addOffsets(version)
  }),
  'a batch for a partition that was not added is refused': tv1(async (s) => {
    await s.init(4)
    for (const version of [7, 9, 10, 11]) await s.produce(version)
    await s.add(3)
    await s.produce(9)
    await s.produce(11, { partition: 1 })
    await s.produce(9, { partition: 1 })
    await s.endOffset(0)
    await s.endOffset(1)
    await s.end(3, COMMIT)
    await s.settled()
    await s.endOffset(0)
    await s.endOffset(1)
    await s.produce(11, { sequence: 1 })
  }),
  'a fenced producer’s batch is refused': tv1(async (s) => {
    await s.init(4)
    await s.add(3)
    await s.produce(9)
    await s.init(4)
    await s.settled()
    await s.produce(9, { sequence: 1, epoch: 0 })
    await s.produce(11, { sequence: 1, epoch: 0 })
    await s.endOffset(1)
  }),
  'transactions are listed by state, producer, duration': tv1(async (s) => {
    await s.list({})
    await s.init(4)
    await s.list({ stateFilters: ['Empty'] })
    await s.list({ stateFilters: ['Ongoing'] })
    await s.list({ durationFilter: 0 })
    await s.list({ durationFilter: 3_600_000 })
    await s.add(3)
    await s.list({ stateFilters: ['Ongoing', 'Nonsense', 'PrepareEpochFence', 'ongoing', 'Dead'] })
    await s.list({ producerIdFilters: [s.producerId] })
    await s.list({ producerIdFilters: [s.producerId + 99_999] })
    await s.list({ durationFilter: 3_600_000 })
    await s.end(3, COMMIT)
    await s.settled()
    await s.list({ stateFilters: ['CompleteCommit'] }, 0)
    await s.list({ stateFilters: ['Nonsense'] })
  }),
  'an unknown transactional id is not found': tv1(async (s) => {
    await s.describe()
    const { transactionStates } = await s.send('DescribeTransactions', { transactionalIds: [''] })
    s.note('empty id', transactionStates[0]!.errorCode)
  }),
  'transactions are listed by a pattern of their names': tv2(async (s) => {
    await s.init(4)
    await s.list({ transactionalIdPattern: `${s.transactionalId.slice(0, -1)}.` }, 2)
    await s.list({ transactionalIdPattern: s.transactionalId.slice(0, -1) }, 2)
    await s.list({ transactionalIdPattern: '(' }, 2)
    await s.list({ transactionalIdPattern: '' }, 2)
  }),
  'each end bumps the epoch (KIP-890)': tv2(async (s) => {
    await s.init(5)
    for (let i = 0; i < 3; i++) {
      await s.produce(12)
      await s.end(5, i !== 1)
      await s.settled()
    }
  }),
  'a retry of EndTxn is told the outcome, another end is not (KIP-890)': tv2(async (s) => {
    await s.init(5)
    await s.end(5, COMMIT)
    await s.end(5, COMMIT, { epoch: s.producerEpoch - 1 })
    await s.produce(12)
    const first = s.producerEpoch
    await s.end(5, COMMIT)
    await s.settled()
    await s.end(5, COMMIT, { epoch: first })
    await s.end(5, ABORT, { epoch: first })
    await s.end(5, COMMIT)
    await s.end(5, COMMIT, { epoch: first - 1 })
    await s.end(5, COMMIT, { epoch: first + 5 })
    await s.produce(12)
    const second = s.producerEpoch
    await s.end(5, ABORT)
    await s.settled()
    await s.end(5, ABORT, { epoch: second })
    await s.end(5, COMMIT, { epoch: second })
    await s.end(5, COMMIT)
  }),
  'aborting nothing bumps the epoch too (KIP-890)': tv2(async (s) => {
    await s.init(5)
    await s.end(5, ABORT)
    await s.settled()
    await s.end(5, ABORT)
    await s.settled()
    await s.produce(12)
    await s.end(5, COMMIT)
    await s.settled()
    await s.end(5, ABORT)
    await s.settled()
    await s.end(5, ABORT, { producerId: s.producerId + 1 })
    await s.end(5, ABORT, { transactionalId: '' })
    await s.end(5, ABORT, { transactionalId: `${s.transactionalId}-unknown` })
  }),
  'another producer fences one of transaction.version 2': tv2(async (s) => {
    await s.init(5)
    await s.produce(12)
    const { producerId, producerEpoch } = s
    await s.init(5)
    await s.settled()
    await s.produce(12, { epoch: producerEpoch, sequence: 1 })
    await s.end(5, COMMIT, { producerId, epoch: producerEpoch })
    await s.end(5, ABORT, { producerId, epoch: producerEpoch })
    await s.init(5, { producerId, producerEpoch })
    await s.produce(12)
    await s.end(5, COMMIT)
    await s.settled()
    await s.endOffset(1)
  }),
  'an open transaction of version 0 is fenced by a broker of version 2': tv2(async (s) => {
    await s.init(4)
    await s.add(3)
    await s.produce(9)
    const { producerEpoch } = s
    await s.init(5, { producerId: s.producerId, producerEpoch })
    await s.settled()
    await s.endOffset(1)
  }),
  'both ways of ending can follow each other': tv2(async (s) => {
    await s.init(5)
    await s.add(3)
    await s.end(5, COMMIT)
    await s.settled()
    await s.produce(12)
    await s.end(4, ABORT)
    await s.settled()
    await s.end(5, ABORT)
    await s.settled()
  }),
}

/** Runs a script against a broker. */
export async function runScript(port: number, title: string, suffix: string): Promise<Transcript> {
  const client = await RawClient.open(port)
  try {
    const scribe = new Scribe(client, `${Object.keys(SCRIPTS).indexOf(title)}-${suffix}`)
    await scribe.begin()
    await SCRIPTS[title]!.run(scribe)
    return scribe.transcript
  } finally {
    client.close()
  }
}
