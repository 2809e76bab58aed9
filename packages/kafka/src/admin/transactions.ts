import { askLeaders } from '../by-leader.ts'
import { KAFKA_ERROR, refused } from '../kafka-errors.ts'
import { type AdminRequests, type Answer, answered, valuesOf } from './admin-requests.ts'
import type {
  HangingTransaction,
  Outcome,
  TransactionDescription,
  TransactionListing,
  TransactionsAdmin,
} from './admin-port.ts'

export class Transactions implements TransactionsAdmin {
  readonly #requests: AdminRequests

  constructor(requests: AdminRequests) {
    this.#requests = requests
  }

  async list(
    options: NonNullable<Parameters<TransactionsAdmin['list']>[0]> = {},
  ): Promise<readonly TransactionListing[]> {
    const { states = [], producerIds = [], runningLongerThanMs = -1, pattern = null } = options
    const lowest = pattern !== null ? 2 : runningLongerThanMs >= 0 ? 1 : 0
    const listed = await this.#requests.ofBrokers('list transactions', async (connection) => {
      const answer = await connection.send('ListTransactions', connection.version('ListTransactions', { lowest }), {
        stateFilters: [...states],
        producerIdFilters: [...producerIds],
        durationFilter: runningLongerThanMs,
        transactionalIdPattern: pattern,
      })
      const { errorCode, transactionStates, unknownStateFilters } = answer
      const what = `${connection.name} cannot list transactions`
      if (errorCode !== KAFKA_ERROR.NONE) throw refused(errorCode, what)
      if (unknownStateFilters.length > 0) {
        const unknown = `there is no state ${unknownStateFilters.join(', ')}`
        throw refused(KAFKA_ERROR.INVALID_REQUEST, what, {}, unknown)
      }
      return transactionStates.map(({ transactionState: state, ...one }) => ({ ...one, state }))
    })
    return valuesOf(listed)
      .flat()
      .toSorted((a, b) => (a.transactionalId < b.transactionalId ? -1 : 1))
  }

  describe(transactionalIds: readonly string[]): Promise<readonly Outcome<string, TransactionDescription>[]> {
    const what = 'describe transactions'
    return this.#requests.ofCoordinators(what, 'transaction', transactionalIds, async (connection, ids) => {
      const version = connection.version('DescribeTransactions')
      const answer = await connection.send('DescribeTransactions', version, { transactionalIds: [...ids] })
      return new Map(
        answer.transactionStates.map((found): [string, Answer<TransactionDescription>] => {
          const { transactionalId, errorCode, topics } = found
          const value = {
            transactionalId,
            state: found.transactionState,
            producerId: found.producerId,
            producerEpoch: found.producerEpoch,
            timeoutMs: found.transactionTimeoutMs,
            startTimeMs: Number(found.transactionStartTimeMs),
            partitions: topics.flatMap(({ topic, partitions }) =>
              partitions.map((partition) => ({ topic, partition })),
            ),
          }
          const place = { transactionalId }
          return [transactionalId, answered(errorCode, value, `Cannot describe transaction ${transactionalId}`, place)]
        }),
      )
    })
  }

  fenceProducers(
    transactionalIds: readonly string[],
  ): Promise<readonly Outcome<string, { readonly producerId: number | bigint; readonly producerEpoch: number }>[]> {
    const { requestTimeoutMs } = this.#requests.context
    return this.#requests.ofCoordinators(
      'fence producers',
      'transaction',
      transactionalIds,
      async (connection, ids) => {
        const version = connection.version('InitProducerId', { lowest: 3, highest: 5 })
        const fenced = ids.map(async (transactionalId): Promise<[string, Answer<FencedProducer>]> => {
          const body = { transactionalId, transactionTimeoutMs: requestTimeoutMs, producerId: -1, producerEpoch: -1 }
          const { errorCode, producerId, producerEpoch } = await connection.send('InitProducerId', version, body)
          const what = `Cannot fence the producers of ${transactionalId}`
          return [transactionalId, answered(errorCode, { producerId, producerEpoch }, what, { transactionalId })]
        })
        return new Map(await Promise.all(fenced))
      },
    )
  }

  async abort(transaction: HangingTransaction): Promise<void> {
    const { topic, partition, producerId, producerEpoch, coordinatorEpoch } = transaction
    const what = `abort the transaction of producer ${producerId}`
    await askLeaders(what, [transaction], this.#requests.deadline(), this.#requests.context, async (connection) => {
      const { markers } = await connection.send(
        'WriteTxnMarkers',
        connection.version('WriteTxnMarkers', { highest: 1 }),
        {
          markers: [
            {
              producerId,
              producerEpoch,
              transactionResult: false,
              topics: [{ name: topic, partitionIndexes: [partition] }],
              // A coordinator that never wrote is older than any.
              coordinatorEpoch: Math.max(0, coordinatorEpoch),
            },
          ],
        },
      )
      const errorCode = markers[0]?.topics[0]?.partitions[0]?.errorCode ?? KAFKA_ERROR.UNKNOWN_SERVER_ERROR
      return [errorCode === KAFKA_ERROR.NONE ? { answer: undefined } : { errorCode }]
    })
  }
}

interface FencedProducer {
  readonly producerId: number | bigint
  readonly producerEpoch: number
}
