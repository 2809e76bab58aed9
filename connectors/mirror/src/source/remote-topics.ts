import { valuesOf, type Admin, type ConfigChange, type ConfigEntry, type TopicDescription } from '@sluice/kafka'
import { describeError, SluiceError, type Logger } from '@sluice/sdk'
import { anyOf, type NamePredicate } from '../filters.ts'

export interface RemoteTopicsParts {
  readonly source: Admin
  readonly target: Admin
  /** What a topic of the source is called on the target. */
  readonly remoteTopic: (topic: string) => string
  readonly replicationFactor: number
  /** Names and patterns of settings that do not follow. */
  readonly configsExclude: readonly string[]
  readonly logger: Logger
}

/** The topics on the target as those on the source are: as many partitions, and what was set on them. */
export class RemoteTopics {
  readonly #parts: RemoteTopicsParts
  readonly #isExcluded: NamePredicate

  constructor(parts: RemoteTopicsParts) {
    this.#parts = parts
    this.#isExcluded = anyOf(parts.configsExclude)
  }

  /** Makes topics and partitions that are missing on the target. What is there already stays. */
  async make(topics: readonly TopicDescription[]): Promise<void> {
    const { target, remoteTopic, logger } = this.#parts
    const wanted = topics.map(({ topic, partitions }) => ({ topic, partitions, remote: remoteTopic(topic) }))
    if (wanted.length === 0) return
    const there = await target.describeTopics(wanted.map(({ remote }) => remote))
    const counts = new Map(there.map(({ topic, partitions }) => [topic, partitions]))
    const missing = wanted.filter(({ remote }) => !counts.has(remote))
    if (missing.length > 0) await this.#create(missing)
    const small = wanted.filter(({ remote, partitions }) => (counts.get(remote) ?? partitions) < partitions)
    if (small.length === 0) return
    valuesOf(
      await target.topics.createPartitions(
        small.map(({ remote, partitions }) => ({ topic: remote, count: partitions })),
      ),
    )
    logger.info('Mirrored topics have grown as their sources', { topics: small.map(({ remote }) => remote).join(',') })
  }

  /** What is set on a topic of the source is set on the target's, what is not is not there either. */
  async syncConfigs(topics: readonly string[]): Promise<void> {
    const { source, target, remoteTopic, logger } = this.#parts
    if (topics.length === 0) return
    const [here, there] = await Promise.all([
      this.#configs(source, topics),
      this.#configs(target, topics.map(remoteTopic)),
    ])
    const changes = topics.flatMap((topic) => {
      const name = remoteTopic(topic)
      const [wanted, present] = [here.get(topic), there.get(name)]
      const list = wanted === undefined || present === undefined ? [] : changesOf(wanted, present)
      return list.length === 0 ? [] : [{ type: 'topic', name, changes: list } as const]
    })
    if (changes.length === 0) return
    for (const { item, error } of await target.configs.alter(changes))
      if (error === null) logger.info('The settings of a mirrored topic follow its source', { topic: item.name })
      else logger.warn('The settings of a mirrored topic could not follow', { topic: item.name, error: error.message })
  }

  async #create(
    missing: readonly { readonly topic: string; readonly remote: string; readonly partitions: number }[],
  ): Promise<void> {
    const { source, target, replicationFactor, logger } = this.#parts
    const configs = await this.#configs(
      source,
      missing.map(({ topic }) => topic),
    )
    const specs = missing.map(({ topic, remote, partitions }) => ({
      topic: remote,
      partitions,
      replicationFactor,
      configs: Object.fromEntries(configs.get(topic) ?? []),
    }))
    try {
      await target.ensureTopics(specs)
    } catch (error) {
      if (!(error instanceof SluiceError) || error.place?.['error'] !== 'INVALID_CONFIG') throw error
      logger.warn('The target does not know a setting of the source: topics are made without', {
        reason: describeError(error),
      })
      await target.ensureTopics(specs.map((spec) => ({ ...spec, configs: {} })))
    }
    logger.info('Mirrored topics were made', { topics: specs.map(({ topic }) => topic).join(',') })
  }

  /** By topic what was set on it and is to follow. A topic that cannot be asked is left out. */
  async #configs(admin: Admin, topics: readonly string[]): Promise<ReadonlyMap<string, ReadonlyMap<string, string>>> {
    const outcomes = await admin.configs.describe(topics.map((name) => ({ type: 'topic', name }) as const))
    return new Map(
      outcomes.flatMap(({ item, value }) => (value === null ? [] : [[item.name, this.#followed(value)] as const])),
    )
  }

  #followed(entries: readonly ConfigEntry[]): ReadonlyMap<string, string> {
    const followed = entries.flatMap(({ name, value, source, isReadOnly, isSensitive }) =>
      source !== 'topic' || value === null || isReadOnly || isSensitive || this.#isExcluded(name)
        ? []
        : [[name, value] as const],
    )
    return new Map(followed)
  }
}

function changesOf(wanted: ReadonlyMap<string, string>, present: ReadonlyMap<string, string>): ConfigChange[] {
  const set = [...wanted]
    .filter(([name, value]) => present.get(name) !== value)
    .map(([name, value]) => ({ name, operation: 'set', value }) as const)
  const gone = [...present.keys()]
    .filter((name) => !wanted.has(name))
    .map((name) => ({ name, operation: 'delete' }) as const)
  return [...set, ...gone]
}
