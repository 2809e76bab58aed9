/** Files as source and sink. */
import { defineSink, defineSource } from '@sluice/sdk'
import type { Connector } from '@sluice/sdk'
import { FileSinkTask } from './file-sink-task.ts'
import { FileSourceTask } from './file-source-task.ts'
import { sinkSettings } from './sink-settings.ts'
import { sourceSettings } from './source-settings.ts'

export { readHeadings } from './headings.ts'

const VERSION = '0.1.0'

export const fileSource = defineSource({
  name: 'file-source',
  version: VERSION,
  documentation:
    'Reads a file of lines, CSV or NDJSON into a topic, and follows it as it grows. What cannot be read goes to the dead letter topic with its bytes, line and column. Positions are byte offsets between rows, so that nothing is lost or read twice by a restart; those of Apache Kafka’s FileStreamSource are understood.',
  settings: sourceSettings,
  createTask: (settings, context) => new FileSourceTask(settings, context),
})

export const fileSink = defineSink({
  name: 'file-sink',
  version: VERSION,
  documentation:
    'Appends the values of records to a file, one line each, at least once: after a crash, records that were not committed are written again.',
  settings: sinkSettings,
  createTask: (settings, context) => new FileSinkTask(settings, context),
})

const connectors: readonly Connector[] = [fileSource, fileSink]
export default connectors
