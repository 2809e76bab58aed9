import { defineSource, silentLogger, systemClock, type SourceConnector } from '@sluice/sdk'
import { converterProblems, withBytes } from '../bytes.ts'
import { FOREIGN, mirrorCheckpointSettings, type CheckpointSettings } from '../settings.ts'
import { MirrorCheckpointTask } from './checkpoint-task.ts'
import { GroupWatch } from './group-watch.ts'

export const mirrorCheckpoint: SourceConnector<CheckpointSettings> = defineSource({
  name: 'mirror-checkpoint',
  version: '4.3.1',
  aliases: ['org.apache.kafka.connect.mirror.MirrorCheckpointConnector'],
  documentation:
    "Tells where consumer groups of one Kafka cluster go on at another, where mirror-source has copied their topics to: as checkpoints, and if wanted as the groups' offsets there.",
  settings: mirrorCheckpointSettings,
  foreignSettings: FOREIGN,
  exactlyOnceSupport: () => 'unsupported',
  validate: converterProblems,
  alterOffsets: () => true,
  async taskSettings(settings, raw, maxTasks) {
    if (!isWorking(settings)) return []
    const context = { logger: silentLogger, clock: systemClock, requestTaskReconfiguration: () => undefined }
    const watch = await GroupWatch.start(settings, context, false)
    try {
      return watch.taskSettings(settings, withBytes(raw), maxTasks)
    } finally {
      await watch.stop()
    }
  },
  async start(settings, context) {
    if (!isWorking(settings)) return { taskSettings: () => [], stop: async () => undefined }
    const watch = await GroupWatch.start(settings, context)
    return {
      taskSettings: (own, raw, maxTasks) => watch.taskSettings(own, withBytes(raw), maxTasks),
      stop: () => watch.stop(),
    }
  },
  createTask: (settings, context) => new MirrorCheckpointTask(settings, context),
})

function isWorking(settings: CheckpointSettings): boolean {
  return settings.enabled && (settings['emit.checkpoints.enabled'] || settings['sync.group.offsets.enabled'])
}
