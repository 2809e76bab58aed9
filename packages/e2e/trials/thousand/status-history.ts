import { TopicReader, type Kafka } from '@sluice/kafka'

/** A record of the status topic, in the order of the topic. */
export interface StatusEvent {
  /** `status-task-orders-3`, `status-connector-orders` */
  readonly key: string
  readonly state: string
  readonly worker: string
  /** When it was written, in milliseconds since the epoch. */
  readonly at: number
}

/** What a change of the group has done to connectors and tasks. */
export interface Upheaval {
  /** Who has another owner than before. */
  readonly moved: readonly string[]
  /** Who has the same owner, and was stopped or started all the same. */
  readonly disturbed: readonly string[]
  /** How many each worker has given and got. */
  readonly given: ReadonlyMap<string, number>
  readonly got: ReadonlyMap<string, number>
  /** For how long each of those that moved was not RUNNING, in milliseconds. */
  readonly downMs: readonly number[]
  /** RUNNING on another worker while nobody had said that it is not RUNNING any more. */
  readonly overlapping: readonly string[]
}

/** Every status that was ever written, read from the topic: nothing of what workers do to tasks is missed between two looks. */
export class StatusHistory {
  readonly #events: StatusEvent[] = []
  readonly #now = new Map<string, StatusEvent>()
  #reader: TopicReader | null = null

  /** Follows the topic, which exists, until it is closed. */
  static async open(kafka: Kafka, topic: string): Promise<StatusHistory> {
    const history = new StatusHistory()
    history.#reader = await TopicReader.open(kafka, {
      topic,
      take: (_, records) => {
        for (let i = 0; i < records.count; i++) history.#take(records.key(i), records.value(i), records.timestamp(i))
      },
    })
    return history
  }

  get length(): number {
    return this.#events.length
  }

  async caughtUp(): Promise<void> {
    await this.#reader?.caughtUp()
  }

  async close(): Promise<void> {
    await this.#reader?.close()
  }

  /** The last of each. */
  get now(): ReadonlyMap<string, StatusEvent> {
    return this.#now
  }

  since(mark: number): readonly StatusEvent[] {
    return this.#events.slice(mark)
  }

  /** @param since its beginning, in the topic; @param died the worker that was killed, and when: it says nothing of its end */
  upheaval(since: number, died: { readonly worker: string; readonly at: number } | null): Upheaval {
    const before = new Map(this.#events.slice(0, since).map((event) => [event.key, event]))
    const after = this.#now
    const touched = new Map<string, StatusEvent[]>()
    for (const event of this.#events.slice(since)) touched.set(event.key, [...(touched.get(event.key) ?? []), event])
    const moved: string[] = []
    const disturbed: string[] = []
    const overlapping: string[] = []
    const downMs: number[] = []
    const [given, got] = [new Map<string, number>(), new Map<string, number>()]
    for (const [key, events] of touched) {
      const [from, to] = [before.get(key), after.get(key)!]
      if (from?.worker === to.worker) {
        disturbed.push(key)
        continue
      }
      moved.push(key)
      got.set(to.worker, (got.get(to.worker) ?? 0) + 1)
      if (from === undefined) continue
      given.set(from.worker, (given.get(from.worker) ?? 0) + 1)
      const lastSaid = events.findLast(({ worker, state }) => worker === from.worker && state !== 'RUNNING')
      const stoppedAt = from.worker === died?.worker ? died.at : lastSaid?.at
      const running = events.findIndex(({ worker, state }) => worker === to.worker && state === 'RUNNING')
      if (running >= 0 && stoppedAt !== undefined) downMs.push(events[running]!.at - stoppedAt)
      const isSaid = events.slice(0, running).some(({ worker }) => worker === from.worker)
      if (running >= 0 && from.worker !== died?.worker && !isSaid) overlapping.push(key)
    }
    return { moved, disturbed, given, got, downMs, overlapping }
  }

  #take(key: Uint8Array | null, value: Uint8Array | null, at: number): void {
    const name = key === null ? '' : Buffer.from(key).toString()
    if (value === null || !/^status-(task|connector)-/.test(name)) return
    const { state, worker_id: worker } = JSON.parse(Buffer.from(value).toString()) as Record<string, string>
    const event = { key: name, state: state!, worker: worker!, at }
    this.#events.push(event)
    this.#now.set(name, event)
  }
}
