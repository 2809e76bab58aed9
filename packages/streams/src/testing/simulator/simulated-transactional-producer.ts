import type {
  CommittedOffset,
  GroupIdentity,
  GroupTenure,
  Produced,
  ProducerRecord,
  TransactionalProducer,
} from '@sluice/kafka'
import { SluiceError } from '@sluice/sdk'
import type { Channel, Link } from './link.ts'
import type { SimulatedBroker } from './simulated-broker.ts'
import { abortable, outOfTurn } from './simulated-errors.ts'
import { closed, type PartitionedSending } from './simulated-producer.ts'
import type { ProducerNumbers } from './simulated-transactions.ts'

const RETRY_MS = 20
const TENURE_TRIES = 100

/** One transaction at a time; what fails in it dooms it, and a fenced producer is at its end. */
export class SimulatedTransactionalProducer implements TransactionalProducer {
  readonly #link: Link
  readonly #broker: SimulatedBroker
  readonly #sending: PartitionedSending
  readonly #numbers: ProducerNumbers
  readonly #channel: Channel = { lastMs: 0 }
  #isOpen = false
  /** Whether the broker knows of the open transaction. */
  #isBegun = false
  #underWay: Promise<unknown>[] = []
  #doom: SluiceError | null = null
  #end: SluiceError | null = null

  constructor(link: Link, broker: SimulatedBroker, sending: PartitionedSending, numbers: ProducerNumbers) {
    this.#link = link
    this.#broker = broker
    this.#sending = sending
    this.#numbers = numbers
  }

  begin(): void {
    if (this.#end !== null) throw this.#end
    if (this.#isOpen) throw outOfTurn('begin')
    this.#isOpen = true
    this.#isBegun = false
    this.#underWay = []
    this.#doom = null
  }

  produce(records: readonly ProducerRecord[]): Promise<readonly Produced[]> {
    return this.#within('produce', () => this.#sending.send(records, this.#numbers))
  }

  sendOffsets(group: GroupIdentity | GroupTenure, offsets: readonly CommittedOffset[]): Promise<void> {
    return this.#within('sendOffsets', () => this.#sendOffsets(group, offsets))
  }

  async commit(): Promise<void> {
    this.#check('commit')
    await Promise.allSettled(this.#underWay)
    this.#check('commit')
    if (this.#doom !== null) throw this.#doom
    if (this.#isBegun) await this.#askEnd('committed')
    this.#isOpen = false
  }

  async abort(): Promise<void> {
    this.#check('abort')
    await Promise.allSettled(this.#underWay)
    if (this.#end !== null) throw this.#end
    if (this.#isBegun) await this.#askEnd('aborted')
    this.#isOpen = false
  }

  async close(timeoutMs?: number): Promise<void> {
    const isToAbort = this.#isOpen && this.#end === null && timeoutMs !== 0
    try {
      if (isToAbort) await this.abort()
    } finally {
      this.#sending.giveUp()
      this.#end ??= closed()
    }
  }

  /** Of a tenure it is asked again who the member is, when its generation has just ended. */
  async #sendOffsets(group: GroupIdentity | GroupTenure, offsets: readonly CommittedOffset[]): Promise<void> {
    for (let tries = 0; ; tries++) {
      try {
        const place = 'identity' in group ? group.identity() : group
        await this.#link.request<void>(
          'add offsets',
          (answer) => {
            this.#broker.addOffsets(this.#numbers, place, this.#link.name, offsets)
            answer()
          },
          this.#channel,
        )
        return
      } catch (error) {
        const isPassing = error instanceof SluiceError && (error.retriable || isOfGeneration(error))
        if (!('identity' in group) || !isPassing || error.code === 'KAFKA_TIMEOUT' || tries === TENURE_TRIES)
          throw error
        await this.#link.clock.sleep(RETRY_MS)
      }
    }
  }

  #askEnd(state: 'committed' | 'aborted'): Promise<void> {
    const asked = this.#link.request<void>(
      state === 'committed' ? 'commit' : 'abort',
      (answer) => {
        this.#broker.transactions.end(this.#numbers, state)
        answer()
      },
      this.#channel,
    )
    return asked.catch((error: unknown) => {
      // Nobody knows whether it has come to its end.
      throw (error as SluiceError).code === 'KAFKA_TIMEOUT' ? error : this.#judge(error as SluiceError)
    })
  }

  async #within<T>(what: string, send: () => Promise<T>): Promise<T> {
    this.#check(what)
    this.#isBegun = true
    const sent = send().catch((error: unknown) => {
      throw this.#judge(error as SluiceError)
    })
    this.#underWay.push(sent)
    return sent
  }

  #check(what: string): void {
    if (this.#end !== null) throw this.#end
    if (!this.#isOpen) throw outOfTurn(what)
  }

  /** What a failure means for the transaction, and for the producer. */
  #judge(error: SluiceError): SluiceError {
    const name = error.place?.['error']
    if (name === 'INVALID_PRODUCER_EPOCH') return (this.#end ??= error)
    return (this.#doom ??= abortable(error))
  }
}

function isOfGeneration(error: SluiceError): boolean {
  return error.place?.['error'] === 'ILLEGAL_GENERATION'
}
