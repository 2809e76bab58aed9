import { defineSource, silentLogger, systemClock, type SourceConnector } from '@sluice/sdk'
import { converterProblems } from '../bytes.ts'
import { FOREIGN, mirrorSourceSettings, type SourceSettings } from '../settings.ts'
import { MirrorSourceTask } from './source-task.ts'
import { nextOffset } from './topic-partitions.ts'
import { TopicWatch } from './topic-watch.ts'

export const mirrorSource: SourceConnector<SourceSettings> = defineSource({
  name: 'mirror-source',
  version: '4.3.1',
  aliases: ['org.apache.kafka.connect.mirror.MirrorSourceConnector'],
  documentation:
    'Copies topics of one Kafka cluster to another, byte for byte and partition by partition, and writes down where each record lies there. New topics and partitions are found and made; what is set on a topic is set on its copy.',
  settings: mirrorSourceSettings,
  foreignSettings: FOREIGN,
  exactlyOnceSupport: (settings) =>
    settings['source.consumer.isolation.level'] === 'read_committed' ? 'supported' : 'unsupported',
  validate: converterProblems,
  alterOffsets(_settings, positions) {
    for (const [partition, position] of positions)
      if (position !== null)
        nextOffset(position, { topic: String(partition['topic']), partition: Number(partition['partition']) })
    return true
  },
  async taskSettings(settings, raw, maxTasks) {
    if (!settings.enabled) return []
    const context = { logger: silentLogger, clock: systemClock, requestTaskReconfiguration: () => undefined }
    const watch = await TopicWatch.start(settings, context, false)
    try {
      return watch.taskSettings(settings, raw, maxTasks)
    } finally {
      await watch.stop()
    }
  },
  async start(settings, context) {
    if (settings.enabled) return TopicWatch.start(settings, context)
    return { taskSettings: () => [], stop: async () => undefined }
  },
  createTask: (settings, context) => new MirrorSourceTask(settings, context),
})
