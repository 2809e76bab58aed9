import { SluiceError, type Connector, type RawSettings } from '@sluice/sdk'

/**
 * What a connector's tasks are configured with, in the form of Kafka Connect's config topic: `task.class`, and a sink's topics, are
 * added to what the connector made.
 * @throws SluiceError TASKS_TOO_MANY unless `tasks.max.enforce` is false
 */
export function taskConfigsOf(
  connector: Connector,
  config: RawSettings,
  made: readonly RawSettings[],
  tasksMax: number,
): readonly RawSettings[] {
  if (made.length > tasksMax && config['tasks.max.enforce']?.toLowerCase() !== 'false')
    throw new SluiceError(
      'TASKS_TOO_MANY',
      `The connector ${config['name']} has generated ${made.length} tasks, which is greater than ${tasksMax}, the maximum number of tasks it is configured to create`,
      { remedy: 'Raise tasks.max; or set tasks.max.enforce to false, if the connector knows better.' },
    )
  const given: Record<string, string> = { 'task.class': taskClass(connector, config['connector.class']) }
  if (connector.kind === 'sink')
    for (const key of ['topics', 'topics.regex'] as const) if (config[key] !== undefined) given[key] = config[key]
  return made.map((own) => ({ ...own, ...given }))
}

/**
 * A Java worker that takes over must find its own task: `…FileStreamSourceConnector` makes `…FileStreamSourceTask`. A connector of ours
 * without a Java namesake has no task class; its own name stands there.
 */
function taskClass(connector: Connector, asked = ''): string {
  const java = [asked, ...(connector.aliases ?? [])].find((name) => name.includes('.'))
  return java === undefined ? connector.name : java.replace(/Connector$/, 'Task')
}
