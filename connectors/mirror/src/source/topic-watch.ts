import type { TopicDescription } from '@sluice/kafka'
import type { RawSettings, RunningConnector, TopicPartition } from '@sluice/sdk'
import { Repeated, type WatchContext } from '../again.ts'
import { withBytes } from '../bytes.ts'
import { connectToBoth } from '../clusters.ts'
import { intervalMs, mirroredBy, policyOf, type SourceSettings } from '../settings.ts'
import { deal } from '../splitting.ts'
import { RemoteTopics } from './remote-topics.ts'
import { partitionText } from './topic-partitions.ts'

type Clusters = Awaited<ReturnType<typeof connectToBoth>>

/** The connector beside its tasks: finds topics and partitions, makes them on the target, and has tasks made for them. */
export class TopicWatch implements RunningConnector<SourceSettings> {
  readonly #settings: SourceSettings
  readonly #context: WatchContext
  readonly #clusters: Clusters
  readonly #remote: RemoteTopics
  readonly #repeated: Repeated
  #topics: readonly TopicDescription[] = []

  /** Looks for topics once; with `watches` again and again until it is stopped. */
  static async start(settings: SourceSettings, context: WatchContext, watches = true): Promise<TopicWatch> {
    const watch = new TopicWatch(settings, context, await connectToBoth(settings, context))
    try {
      await watch.#look()
      if (watches) watch.#watch()
      return watch
    } catch (error) {
      await watch.stop()
      throw error
    }
  }

  private constructor(settings: SourceSettings, context: WatchContext, clusters: Clusters) {
    this.#settings = settings
    this.#context = context
    this.#clusters = clusters
    this.#repeated = new Repeated(context.clock, context.logger)
    const policy = policyOf(settings)
    this.#remote = new RemoteTopics({
      source: clusters.source.admin,
      target: clusters.target.admin,
      remoteTopic: (topic) => policy.remoteTopic(settings['source.cluster.alias'], topic),
      replicationFactor: settings['replication.factor'],
      configsExclude: settings['config.properties.exclude'],
      logger: context.logger,
    })
  }

  taskSettings(_settings: SourceSettings, raw: RawSettings, maxTasks: number): RawSettings[] {
    const partitions = this.#topics.flatMap(({ topic, partitions: count }) =>
      Array.from({ length: count }, (_, partition): TopicPartition => ({ topic, partition })),
    )
    return deal(partitions, maxTasks).map((hand) => ({
      ...withBytes(raw),
      'task.assigned.partitions': hand.map(partitionText).join(','),
    }))
  }

  async stop(): Promise<void> {
    await this.#repeated.stop()
    await this.#clusters.close()
  }

  #watch(): void {
    const settings = this.#settings
    this.#repeated.every(
      intervalMs(settings['refresh.topics.enabled'], settings['refresh.topics.interval.seconds']),
      'Looking for topics',
      async () => {
        if (await this.#look()) this.#context.requestTaskReconfiguration()
      },
    )
    this.#repeated.every(
      intervalMs(settings['sync.topic.configs.enabled'], settings['sync.topic.configs.interval.seconds']),
      'Having the settings of topics follow',
      () => this.#remote.syncConfigs(this.#topics.map(({ topic }) => topic)),
    )
  }

  /** Whether there are other topics or partitions than before. */
  async #look(): Promise<boolean> {
    const isMirrored = mirroredBy(this.#settings)
    const all = await this.#clusters.source.admin.describeTopics()
    const topics = all.filter(({ topic }) => isMirrored(topic)).toSorted((a, b) => (a.topic < b.topic ? -1 : 1))
    await this.#remote.make(topics)
    const hasChanged = textOf(topics) !== textOf(this.#topics)
    this.#topics = topics
    return hasChanged
  }
}

function textOf(topics: readonly TopicDescription[]): string {
  return topics.map(({ topic, partitions }) => `${topic} ${partitions}`).join('\n')
}
