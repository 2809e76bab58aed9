import {
  defineSource,
  type SourceConnector,
  type SourceRecord,
  type SourceTask,
  type SourceTaskContext,
} from '@sluice/sdk'
import { converterProblems, withBytes } from './bytes.ts'
import { connectTo } from './clusters.ts'
import { heartbeatKey, heartbeatPartition, heartbeatValue } from './formats/heartbeat.ts'
import { FOREIGN, intervalMs, mirrorHeartbeatSettings, policyOf, type HeartbeatSettings } from './settings.ts'

export const mirrorHeartbeat: SourceConnector<HeartbeatSettings> = defineSource({
  name: 'mirror-heartbeat',
  version: '4.3.1',
  aliases: ['org.apache.kafka.connect.mirror.MirrorHeartbeatConnector'],
  documentation:
    'Writes a record to the topic heartbeats again and again. Mirrored, it shows on the other cluster that the mirror is alive, and how late it is.',
  settings: mirrorHeartbeatSettings,
  foreignSettings: FOREIGN,
  exactlyOnceSupport: () => 'unsupported',
  validate: converterProblems,
  alterOffsets: () => true,
  taskSettings: (settings, raw) => (settings.enabled && settings['emit.heartbeats.enabled'] ? [withBytes(raw)] : []),
  createTask: (settings, context) => new MirrorHeartbeatTask(settings, context),
})

/** One record for each interval. */
export class MirrorHeartbeatTask implements SourceTask {
  readonly #settings: HeartbeatSettings
  readonly #context: SourceTaskContext
  #nextAt = 0

  constructor(settings: HeartbeatSettings, context: SourceTaskContext) {
    this.#settings = settings
    this.#context = context
  }

  async start(): Promise<void> {
    const target = await connectTo('target', this.#settings, this.#context)
    try {
      const topic = policyOf(this.#settings).heartbeatsTopic
      const replicationFactor = this.#settings['heartbeats.topic.replication.factor']
      const configs = { 'cleanup.policy': 'compact' }
      await target.admin.ensureTopics([{ topic, partitions: 1, replicationFactor, configs }])
    } finally {
      await target.close()
    }
  }

  async poll(signal: AbortSignal): Promise<readonly SourceRecord[] | null> {
    const { clock } = this.#context
    const everyMs = intervalMs(true, this.#settings['emit.heartbeats.interval.seconds'])
    const now = clock.monotonic()
    if (everyMs === null || now < this.#nextAt) {
      await clock.sleep(everyMs === null ? 1000 : Math.min(1000, this.#nextAt - now), signal)
      return null
    }
    this.#nextAt = now + everyMs
    return [this.#record(clock.now())]
  }

  async stop(): Promise<void> {}

  #record(timestamp: number): SourceRecord {
    const beat = {
      source: this.#settings['source.cluster.alias'],
      target: this.#settings['target.cluster.alias'],
      timestamp,
    }
    return {
      topic: policyOf(this.#settings).heartbeatsTopic,
      partition: 0,
      keySchema: null,
      key: heartbeatKey(beat),
      valueSchema: null,
      value: heartbeatValue(beat),
      timestamp,
      headers: null,
      sourcePartition: heartbeatPartition(beat),
      sourcePosition: { offset: 0 },
    }
  }
}
