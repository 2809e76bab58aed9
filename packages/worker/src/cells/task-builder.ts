/** Makes tasks by the builders of sources and sinks. */
import type { Connector, RawSettings } from '@sluice/sdk'
import { buildSinkTask } from '../sink-builder.ts'
import { buildSourceTask, type ExactlyOnce } from '../source-builder.ts'
import type { WorkerParts } from '../worker-parts.ts'
import type { TaskHandle, TaskHooks } from './work-environment.ts'

export function buildTask(
  worker: WorkerParts,
  connector: Connector,
  config: RawSettings,
  task: number,
  { control, events, logger }: TaskHooks,
  exactlyOnce: ExactlyOnce | null,
): Promise<TaskHandle> {
  return connector.kind === 'source'
    ? buildSourceTask(worker, connector, config, task, logger, { control, events, exactlyOnce })
    : buildSinkTask(worker, connector, config, task, logger, { control, events })
}
