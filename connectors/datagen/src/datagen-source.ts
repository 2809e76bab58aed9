import { defineSource, SluiceError } from '@sluice/sdk'
import type { SourcePartition, SourcePosition } from '@sluice/sdk'
import { tasksMaxOf } from './change-events.ts'
import { datagenSettings, rowsOf } from './datagen-settings.ts'
import { DatagenTask } from './datagen-task.ts'
import { placeIn } from './place.ts'
import { VERSION } from './version.ts'

export const datagenSource = defineSource({
  name: 'datagen',
  version: VERSION,
  aliases: ['io.confluent.kafka.connect.datagen.DatagenConnector'],
  documentation:
    'Makes records up: rows by an Avro schema with annotations, as Confluent’s datagen connector does, or the changes of a table in Debezium’s envelope. Each record follows from the seed, the task and its number: after a restart a task goes on with exactly the next one, and whoever has the seed can tell what there has to be.',
  settings: datagenSettings,
  foreignSettings: {
    'schema.filename': 'Files are not read: give the schema itself by schema.string.',
    'generate.timeout': 'A record is made in microseconds; there is nothing to wait for.',
  },
  exactlyOnceSupport: () => 'supported',
  taskSettings(settings, raw, maxTasks) {
    const most = settings['change.events'] ? tasksMaxOf(rowsOf(settings).key) : Infinity
    return Array.from({ length: Math.min(maxTasks, most) }, () => raw)
  },
  alterOffsets(_settings, positions) {
    for (const [partition, position] of positions) assertMeaningful(partition, position)
    return true
  },
  createTask: (settings, context) => new DatagenTask(settings, context, VERSION),
})

function assertMeaningful(partition: SourcePartition, position: SourcePosition | null): void {
  if (position === null) return
  const task = partition['task.id']
  if (typeof task !== 'number' || !Number.isInteger(task) || task < 0)
    throw new SluiceError('POSITION_UNREADABLE', 'A partition has the key task.id, with the number of a task')
  placeIn(position)
}
