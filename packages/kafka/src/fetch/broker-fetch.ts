import type { ResponseBody } from '@sluice/kafka-protocol'
import { SluiceError, describeError } from '@sluice/sdk'
import type { ClusterContext } from '../cluster.ts'
import { backoffMs } from '../deadline.ts'
import { KAFKA_ERROR, refused } from '../kafka-errors.ts'
import { ISOLATION_LEVELS } from '../list-offsets.ts'
import type { BrokerLinks } from '../wire/broker-links.ts'
import type { Connection } from '../wire/connection.ts'
import { LentFrame } from '../wire/frame-memory.ts'
import { AnswerSize } from './answer-size.ts'
import type { FetchSettings } from './fetch-settings.ts'
import { FetchSession, type SessionRequest } from './fetch-session.ts'
import type { PartitionState } from './partition-state.ts'

export type PartitionAnswer = ResponseBody<'Fetch'>['responses'][number]['partitions'][number]

/** Takes what a broker sent for a partition; says whether that was anything to return. `frame`: the answer that records lie in, if it is lent. */
export type OnPartition = (
  state: PartitionState,
  found: PartitionAnswer,
  endpoints: ResponseBody<'Fetch'>['nodeEndpoints'],
  frame: (records: Uint8Array) => LentFrame | null,
) => boolean

/** From this version on topics are named by their id alone (KIP-516). */
const VERSION_WITH_IDS = 13
const VERSION_MAX = 18
/** `log_start_offset`, fetch sessions and leader epochs are all there. */
const VERSION_MIN = 12

/** A broker that answers an empty fetch sooner than this does not wait as it was asked to. */
const ANSWER_TOO_SOON_MS = 5
const PAUSE_MS = 50
const CLOSE_TIMEOUT_MS = 500

const NO_ID = 'AAAAAAAAAAAAAAAAAAAAAA'

/** The fetches from one broker: one at a time, in a session. Every failure is followed by a pause. */
export class BrokerFetch {
  readonly broker: number
  /** Partitions to read in the next fetch: gathered anew by every pump. */
  readonly wanted: PartitionState[] = []
  /** Something that it sent waits to be polled. */
  isAhead = false
  isBusy = false
  /** It is the source of some assigned partition. */
  isUsed = false
  /** Not before this monotonic time. */
  retryAt = 0
  readonly #context: ClusterContext
  readonly #settings: FetchSettings
  readonly #links: BrokerLinks
  readonly #onPartition: OnPartition
  readonly #size: AnswerSize
  #session: FetchSession
  #failures = 0
  #answers = 0

  constructor(
    broker: number,
    context: ClusterContext,
    settings: FetchSettings,
    links: BrokerLinks,
    onPartition: OnPartition,
  ) {
    this.broker = broker
    this.#context = context
    this.#settings = settings
    this.#links = links
    this.#onPartition = onPartition
    this.#size = new AnswerSize(settings.minBytes, settings.bytesMax)
    this.#session = new FetchSession(true, settings.partitionBytesMax)
  }

  /**
   * Reads `wanted` once; at most `bytesMax` bytes come, but for a first batch that is larger. Returns whether anything came
   * for any partition; `isAwaited` says then whether the reader has been waiting for it. @throws SluiceError what the whole fetch failed with, if it cannot be tried again
   */
  async fetch(bytesMax: number, isAwaited: () => boolean): Promise<boolean> {
    const { clock, logger, metadata } = this.#context
    this.isBusy = true
    try {
      const connection = await this.#links.to(this.broker)
      const sentAt = clock.monotonic()
      const answer = await this.#send(connection, Math.min(bytesMax, this.#size.bytes))
      if (answer.errorCode !== KAFKA_ERROR.NONE) {
        this.#session.failed(answer.errorCode)
        throw refused(answer.errorCode, `Broker ${this.broker} refused a fetch`)
      }
      this.#session.answered(answer.sessionId)
      this.#failures = 0
      const { isAny, bytes } = this.#take(answer)
      const tookMs = clock.monotonic() - sentAt
      this.#size.answered(bytes, tookMs, isAwaited())
      if (!isAny && tookMs < Math.min(ANSWER_TOO_SOON_MS, this.#settings.maxWaitMs / 2)) {
        this.retryAt = clock.monotonic() + PAUSE_MS
      }
      return isAny
    } catch (error) {
      this.#session.failed(KAFKA_ERROR.NONE)
      if (!(error instanceof SluiceError) || !error.retriable) throw error
      metadata.refreshSoon()
      logger.debug('Fetching again', { broker: this.broker, error: describeError(error) })
      // The session alone is gone: a new one is opened at once.
      const isLost = isSessionError(error)
      if (!isLost || this.#failures > 0) {
        this.retryAt = clock.monotonic() + backoffMs(this.#failures + 1, this.#context.random)
      }
      this.#failures++
      for (const state of this.wanted) state.replica = -1
      return false
    } finally {
      this.isBusy = false
    }
  }

  /** Ends the session at the broker, whose memory of it would otherwise stay until it is needed for another. */
  async close(): Promise<void> {
    const request = this.#session.closing()
    const connection = request === null ? undefined : this.#context.links.openTo(this.broker)
    if (request === null || connection === undefined) return
    const { clock, requestTimeoutMs } = this.#context
    const version = this.#version(connection)
    const closed = connection.send('Fetch', version, this.#body(request, 0, 0), requestTimeoutMs).catch(() => undefined)
    await Promise.race([closed, clock.sleep(CLOSE_TIMEOUT_MS, this.#context.signal)])
  }

  #send(connection: Connection, bytesMax: number): Promise<ResponseBody<'Fetch'>> {
    const { maxWaitMs, partitionBytesMax } = this.#settings
    const areNamed = this.wanted.every(({ topicId }) => topicId !== NO_ID && topicId !== '')
    const hasIds = areNamed && connection.version('Fetch', { lowest: VERSION_MIN }) >= VERSION_WITH_IDS
    if (hasIds !== this.#session.hasIds) this.#session = new FetchSession(hasIds, partitionBytesMax)
    const request = this.#session.next(this.wanted)
    const timeoutMs = this.#context.requestTimeoutMs + maxWaitMs
    return connection.send('Fetch', this.#version(connection), this.#body(request, bytesMax, maxWaitMs), timeoutMs)
  }

  #version(connection: Connection): number {
    const highest = this.#session.hasIds ? VERSION_MAX : VERSION_WITH_IDS - 1
    return connection.version('Fetch', { lowest: VERSION_MIN, highest })
  }

  #body(request: SessionRequest, maxBytes: number, maxWaitMs: number) {
    const { minBytes, isolation, rackId } = this.#settings
    return { ...request, maxWaitMs, minBytes, maxBytes, isolationLevel: ISOLATION_LEVELS[isolation], rackId }
  }

  #take({ responses, nodeEndpoints }: ResponseBody<'Fetch'>): { readonly isAny: boolean; readonly bytes: number } {
    let [isAny, bytes] = [false, 0]
    this.#answers++
    let frame: LentFrame | null = null
    const frameOf = (records: Uint8Array): LentFrame | null =>
      this.#settings.isLent ? (frame ??= LentFrame.of(records)) : null
    for (const { topic, topicId, partitions } of responses) {
      for (const found of partitions) {
        const state = this.#session.member(topic, topicId, found.partitionIndex)
        if (state === undefined || !this.#onPartition(state, found, nodeEndpoints, frameOf)) continue
        isAny = true
        state.servedAt = this.#answers
        bytes += found.records?.length ?? 0
      }
    }
    return { isAny, bytes }
  }
}

function isSessionError({ place }: SluiceError): boolean {
  const error = place?.['error']
  return (
    error === 'FETCH_SESSION_ID_NOT_FOUND' ||
    error === 'INVALID_FETCH_SESSION_EPOCH' ||
    error === 'FETCH_SESSION_TOPIC_ID_ERROR'
  )
}
