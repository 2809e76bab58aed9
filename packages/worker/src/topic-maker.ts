import type { Admin, ProducerRecord } from '@sluice/kafka'

/** How topics that do not exist yet are made. Partitions null: as many as the broker's default says. */
export interface TopicCreation {
  readonly partitions: number | null
  readonly replicationFactor: number
}

/** Creates a source's topics before the first record goes to them (KIP-158, the default group). Existing topics are left alone. */
export class TopicMaker {
  readonly #admin: Pick<Admin, 'ensureTopics'>
  readonly #creation: TopicCreation
  readonly #known = new Set<string>()

  constructor(admin: Pick<Admin, 'ensureTopics'>, creation: TopicCreation) {
    this.#admin = admin
    this.#creation = creation
  }

  /** The topics among these records that are to be made; null when there are none, which is nearly always. */
  missing(records: readonly ProducerRecord[]): readonly string[] | null {
    let last: string | undefined
    let missing: Set<string> | null = null
    for (const { topic } of records) {
      if (topic === last) continue
      last = topic
      if (!this.#known.has(topic)) (missing ??= new Set()).add(topic)
    }
    return missing === null ? null : [...missing]
  }

  async make(topics: readonly string[]): Promise<void> {
    const { partitions, replicationFactor } = this.#creation
    await this.#admin.ensureTopics(topics.map((topic) => ({ topic, partitions: partitions ?? -1, replicationFactor })))
    for (const topic of topics) this.#known.add(topic)
  }
}
