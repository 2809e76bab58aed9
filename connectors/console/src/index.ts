/** A sink that prints records on standard output, for whoever wants to see what is in a topic. */
import { defineSink } from '@sluice/sdk'
import { ConsoleSinkTask } from './console-sink-task.ts'
import { settings } from './settings.ts'

export const consoleSink = defineSink({
  name: 'console-sink',
  version: '0.1.0',
  documentation:
    'Prints records on the standard output of the worker: a line each by a template, JSON, or a table. From a cell the lines come into the worker’s log. Reading keeps pace with printing. At least once: after a crash, records that were not committed are printed again.',
  settings,
  alterOffsets: () => true,
  createTask: (parsed, context) => new ConsoleSinkTask(parsed, context, process.stdout),
})

export default consoleSink
