import type { Kafka } from '@sluice/kafka'
import { type Clock, describeError, isRetriable, type Logger, SluiceError, systemClock } from '@sluice/sdk'
import { BoardStatuses } from './board-statuses.ts'
import { prepareTopic } from './internal-topic.ts'
import { decodeStatusRecord, encodeStatusRecord, statusKey, type StatusRecord } from './status-records.ts'
import type { StatusStore, TopicUse } from './status-store.ts'
import type { InternalTopic } from './storage-settings.ts'
import type { StoreClientIds } from './store-clients.ts'
import { type ReadEntry, TopicLog } from './topic-log.ts'

const RETRY_MS = 1_000
/** How long what is under way gets when the store stops. */
const STOP_MS = 5_000

export interface KafkaStatusStoreOptions {
  readonly kafka: Kafka
  readonly topic: InternalTopic
  readonly clientIds: Pick<StoreClientIds, 'statuses'>
  readonly logger: Logger
  readonly clock?: Clock
}

/** A record on its way. Another one of the same key takes its place, and a tombstone that is read ends it: then it is not tried again. */
interface Write {
  readonly record: StatusRecord
  readonly isSafe: boolean
}

/** Connect's status topic. The records are in status-records.ts, the reader's rules in status-board.ts. */
export class KafkaStatusStore extends BoardStatuses implements StatusStore {
  readonly #options: KafkaStatusStoreOptions
  readonly #clock: Clock
  readonly #closing = new AbortController()
  /** The last write of each key that is on its way. */
  readonly #writes = new Map<string, Write>()
  readonly #underWay = new Set<Promise<void>>()
  /** What was written last about uses of topics and has not been read back, by key: each use is written once. */
  readonly #unread = new Map<string, StatusRecord & { readonly kind: 'topic' }>()
  /** Of the last write: an older one is not tried again. */
  #generation = -1
  #log: TopicLog | null = null

  constructor(options: KafkaStatusStoreOptions) {
    super()
    this.#options = options
    this.#clock = options.clock ?? systemClock
  }

  async start(): Promise<void> {
    const { kafka, topic, clientIds, logger } = this.#options
    await prepareTopic(kafka.admin, topic, logger)
    this.#log = await TopicLog.open(kafka, {
      topic: topic.topic,
      clientId: clientIds.statuses,
      // Nobody writes it in transactions.
      isolation: 'read_uncommitted',
      take: (entry) => this.#take(entry),
      logger,
      clock: this.#clock,
    })
  }

  putTopic(use: TopicUse): void {
    const { connector, topic } = use
    this.#putTopic({ kind: 'topic', connector, topic, use })
  }

  removeTopics(connector: string): void {
    const unread = [...this.#unread.values()].filter((record) => record.connector === connector)
    for (const topic of new Set([...this.topics(connector), ...unread].map((use) => use.topic)))
      this.#putTopic({ kind: 'topic', connector, topic, use: null })
  }

  async flush(timeoutMs: number): Promise<void> {
    const isOver = new AbortController()
    await Promise.race([Promise.all(this.#underWay), this.#clock.sleep(timeoutMs, isOver.signal)])
    isOver.abort(null)
  }

  async refresh(timeoutMs: number): Promise<void> {
    if (this.#log === null) throw notOpen(this.#options.topic.topic)
    await this.#log.refresh(timeoutMs)
  }

  async stop(): Promise<void> {
    this.#closing.abort()
    await this.#log?.close(STOP_MS)
    await Promise.all(this.#underWay)
    this.#log = null
  }

  #take({ key, value }: ReadEntry): void {
    const record = decodeStatusRecord(key, value)
    const text = statusKey(record)
    // What was deleted is not written again.
    if (value === null) this.#writes.delete(text)
    if (record.kind === 'topic' && isUsed(record) === isUsed(this.#unread.get(text))) this.#unread.delete(text)
    this.board.apply(record)
  }

  protected override put(record: StatusRecord, generation: number, isSafe: boolean): void {
    this.#generation = generation
    if (isSafe && !this.board.isSafe(record)) return
    this.#write(record, isSafe)
  }

  #putTopic(record: StatusRecord & { readonly kind: 'topic' }): void {
    const key = statusKey(record)
    const isKnown = this.board.topic(record.connector, record.topic) !== null
    const was = this.#unread.has(key) ? isUsed(this.#unread.get(key)) : isKnown
    if (was === isUsed(record)) return
    this.#unread.set(key, record)
    this.#write(record, false)
  }

  #write(record: StatusRecord, isSafe: boolean): void {
    const write = { record, isSafe }
    this.#writes.set(statusKey(record), write)
    const sent: Promise<void> = this.#send(write).finally(() => this.#underWay.delete(sent))
    this.#underWay.add(sent)
  }

  async #send(write: Write): Promise<void> {
    const key = statusKey(write.record)
    const entry = encodeStatusRecord(write.record)
    const { signal } = this.#closing
    for (;;) {
      try {
        if (this.#log === null) throw notOpen(this.#options.topic.topic)
        await this.#log.send([entry])
        break
      } catch (error) {
        const isOver = signal.aborted || !isRetriable(error)
        const facts = { topic: this.#options.topic.topic, key, error: describeError(error) }
        this.#options.logger.error(isOver ? 'A status is lost' : 'A status could not be written yet', facts)
        if (!isOver) await this.#clock.sleep(RETRY_MS, signal)
        if (isOver || !this.#stillMatters(write, key)) {
          if (this.#unread.get(key) === write.record) this.#unread.delete(key)
          break
        }
      }
    }
    if (this.#writes.get(key) === write) this.#writes.delete(key)
  }

  /** Nothing of the same key has been written since, here or, for a safe write, by a successor; nor was it deleted. */
  #stillMatters({ record, isSafe }: Write, key: string): boolean {
    if (this.#writes.get(key)?.record !== record) return false
    if (record.kind !== 'topic' && record.status?.generation !== this.#generation) return false
    return !isSafe || this.board.isSafe(record)
  }
}

function isUsed(record: { readonly use: TopicUse | null } | undefined): boolean | undefined {
  return record === undefined ? undefined : record.use !== null
}

function notOpen(topic: string): SluiceError {
  return new SluiceError('INTERRUPTED', 'The status store is not open: it was not started yet, or is stopped', {
    place: { topic },
  })
}
