import type { GroupOffset, Kafka } from '@sluice/kafka'
import type { SourceRecord, SourceTask, SourceTaskContext } from '@sluice/sdk'
import { connectToBoth } from '../clusters.ts'
import { checkpointKey, checkpointPartition, checkpointValue, type Checkpoint } from '../formats/checkpoint.ts'
import { SyncStore } from '../offsets/sync-store.ts'
import { ensureSyncTopic, syncTopic } from '../offsets/sync-topic.ts'
import type { ReplicationPolicy } from '../replication-policy.ts'
import { intervalMs, mirroredBy, policyOf, type CheckpointSettings } from '../settings.ts'
import { CheckpointStore } from './checkpoint-store.ts'
import { syncGroupOffsets } from './group-sync.ts'

/** A poll returns after so long with nothing, so that the task can be paused and stopped. */
const WAIT_MAX_MS = 1000

/** What a task works with once it has started. */
interface Running {
  readonly source: Kafka
  readonly target: Kafka
  readonly syncs: SyncStore
  readonly checkpoints: CheckpointStore
}

/** Translates the offsets of some groups: into checkpoints, and where that is asked for into offsets of the same groups on the target. */
export class MirrorCheckpointTask implements SourceTask {
  readonly #settings: CheckpointSettings
  readonly #context: SourceTaskContext
  readonly #policy: ReplicationPolicy
  readonly #isMirrored: (topic: string) => boolean
  readonly #open: { close(): Promise<void> }[] = []
  #running: Running | null = null
  #nextCheckpointAt = 0
  #nextSyncAt = 0

  constructor(settings: CheckpointSettings, context: SourceTaskContext) {
    this.#settings = settings
    this.#context = context
    this.#policy = policyOf(settings)
    this.#isMirrored = mirroredBy(settings)
  }

  async start(): Promise<void> {
    const settings = this.#settings
    const { logger } = this.#context
    const clusters = await connectToBoth(settings, this.#context)
    this.#open.push(clusters)
    const { source, target } = clusters
    const topic = this.#checkpointsTopic()
    const replicationFactor = settings['checkpoints.topic.replication.factor']
    const configs = { 'cleanup.policy': 'compact' }
    await target.admin.ensureTopics([{ topic, partitions: 1, replicationFactor, configs }])
    const place = settings['offset-syncs.topic.location'] === 'source' ? source : target
    await ensureSyncTopic(place.admin, syncTopic(this.#policy, settings), settings)
    const checkpoints = await CheckpointStore.load(target, topic, logger)
    const syncs = await SyncStore.open(place, syncTopic(this.#policy, settings), logger)
    this.#open.push(syncs)
    this.#running = { source, target, syncs, checkpoints }
  }

  async poll(signal: AbortSignal): Promise<readonly SourceRecord[] | null> {
    const { clock } = this.#context
    const settings = this.#settings
    const everyMs = intervalMs(settings['emit.checkpoints.enabled'], settings['emit.checkpoints.interval.seconds'])
    const syncMs = intervalMs(settings['sync.group.offsets.enabled'], settings['sync.group.offsets.interval.seconds'])
    const now = clock.monotonic()
    const isDue = everyMs !== null && now >= this.#nextCheckpointAt
    const isSyncDue = syncMs !== null && now >= this.#nextSyncAt
    if (!isDue && !isSyncDue) {
      const next = Math.min(
        everyMs === null ? Infinity : this.#nextCheckpointAt,
        syncMs === null ? Infinity : this.#nextSyncAt,
      )
      await clock.sleep(Math.min(WAIT_MAX_MS, Math.max(1, next - now)), signal)
      return null
    }
    const news = await this.#checkpoint()
    if (isDue) this.#nextCheckpointAt = now + everyMs
    if (isSyncDue) {
      await this.#syncGroups()
      this.#nextSyncAt = now + syncMs
    }
    return everyMs === null ? null : news.map((checkpoint) => this.#record(checkpoint))
  }

  async stop(): Promise<void> {
    for (const one of this.#open.splice(0).toReversed()) await one.close()
  }

  /** What is new. Offsets are asked for before the syncs: what a group has consumed, the syncs then know if it is mirrored. */
  async #checkpoint(): Promise<readonly Checkpoint[]> {
    const { source, syncs, checkpoints } = this.#running!
    const groups = await source.admin.groups.offsets(this.#settings['task.assigned.groups'])
    await syncs.caughtUp()
    const news: Checkpoint[] = []
    for (const { item: group, value, error } of groups) {
      if (error !== null) {
        this.#context.logger.warn('The offsets of a group are not known', { group, error: error.message })
        continue
      }
      for (const offset of value) {
        const checkpoint = this.#isMirrored(offset.topic) ? this.#translated(group, offset) : null
        if (checkpoint === null || !checkpoints.isNews(checkpoint)) continue
        checkpoints.put(checkpoint)
        news.push(checkpoint)
      }
    }
    return news
  }

  #translated(group: string, { topic, partition, offset, metadata }: GroupOffset): Checkpoint | null {
    const downstreamOffset = this.#running!.syncs.translate({ topic, partition }, offset)
    if (downstreamOffset === null) return null
    const remote = this.#policy.remoteTopic(this.#settings['source.cluster.alias'], topic)
    return { group, topic: remote, partition, upstreamOffset: offset, downstreamOffset, metadata }
  }

  async #syncGroups(): Promise<void> {
    const { target, checkpoints } = this.#running!
    const { logger } = this.#context
    const groups = this.#settings['task.assigned.groups']
    const committed = await syncGroupOffsets(target.admin, groups, (group) => checkpoints.of(group), logger)
    if (committed > 0) logger.debug('Offsets of groups were committed on the target', { offsets: committed })
  }

  #record(checkpoint: Checkpoint): SourceRecord {
    return {
      topic: this.#checkpointsTopic(),
      partition: 0,
      keySchema: null,
      key: checkpointKey(checkpoint),
      valueSchema: null,
      value: checkpointValue(checkpoint),
      timestamp: this.#context.clock.now(),
      headers: null,
      sourcePartition: checkpointPartition(checkpoint),
      sourcePosition: { offset: 0 },
    }
  }

  #checkpointsTopic(): string {
    return this.#policy.checkpointsTopic(this.#settings['source.cluster.alias'])
  }
}
