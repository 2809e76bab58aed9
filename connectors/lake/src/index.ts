/** Topics to Delta tables, and topics to files, each record once. */
import { defineSink } from '@sluice/sdk'
import type { Connector, SinkConnector } from '@sluice/sdk'
import { alterTableOffsets } from './alter-offsets.ts'
import { filesSink } from './files/files-sink.ts'
import { lakeSettings } from './settings.ts'
import type { LakeSettings } from './settings.ts'
import { LakeSinkTask } from './sink-task.ts'

export const lakeSink: SinkConnector<LakeSettings> = defineSink({
  name: 'lake',
  version: '0.1.0',
  documentation:
    'Writes the records of topics as rows of Delta tables: Parquet files under a transaction log that Spark, Trino, DuckDB, delta-rs and others read. Each record is in its table exactly once: the offsets are committed with the rows, in one entry of the log. New fields become new columns.',
  settings: lakeSettings,
  // The group shares out the partitions; each task commits what it has got by itself.
  taskSettings: (_settings, raw, maxTasks) => Array.from({ length: maxTasks }, () => raw),
  alterOffsets: alterTableOffsets,
  createTask: (settings, context) => new LakeSinkTask(settings, context),
})

export { filesSink }

const connectors = [lakeSink, filesSink] as unknown as readonly Connector[]
export default connectors
