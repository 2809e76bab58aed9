/** What a connector is asked while it does not run. */
import type { RawSettings, SettingProblem, SourcePartition, SourcePosition, TopicPartition } from '@sluice/sdk'
import type { ConnectorOffset } from '../herder/herder.ts'
import { clean, cleanly } from '../provided-values.ts'
import { connectorProblems } from '../validation/connector-problems.ts'
import type { RunParts } from './task-run.ts'

type Asked = Pick<RunParts, 'environment' | 'watch'>

/** What the connector itself finds wrong with a config that fits its declarations; empty when it has nothing to say. */
export async function validateConfig(
  { environment, watch }: Asked,
  raw: RawSettings,
  signal: AbortSignal,
): Promise<readonly SettingProblem[]> {
  const { settings: config, values } = await environment.resolve(raw)
  const of = { connector: config['name'] ?? '', task: null }
  return cleanly(values, async () => {
    const connector = await watch.run({ ...of, what: 'load' }, () => environment.connector(config))
    const problems = await watch.run({ ...of, what: 'validate' }, () => connectorProblems(connector, config, signal))
    return problems.map((problem) => ({ ...problem, message: clean(problem.message, values) }))
  })
}

/**
 * Whether the connector knows that these offsets are right; it may throw a sentence instead. The forms were looked at before: for a sink
 * they name `kafka_topic`, `kafka_partition` and `kafka_offset`.
 */
export async function alterOffsets(
  { environment, watch }: Asked,
  name: string,
  raw: RawSettings,
  offsets: readonly ConnectorOffset[],
): Promise<boolean> {
  const { settings: config, values } = await environment.resolve(raw)
  const of = { connector: name, task: null }
  return cleanly(values, async () => {
    const connector = await watch.run({ ...of, what: 'load' }, () => environment.connector(config))
    const settings = connector.settings.parse(config)
    const known = watch.run({ ...of, what: 'alterOffsets' }, () =>
      connector.kind === 'source'
        ? connector.alterOffsets?.(settings, sourcePositions(offsets), config)
        : connector.alterOffsets?.(settings, sinkOffsets(offsets), config),
    )
    return (await known) ?? false
  })
}

function sourcePositions(offsets: readonly ConnectorOffset[]): ReadonlyMap<SourcePartition, SourcePosition | null> {
  return new Map(
    offsets.map(({ partition, offset }) => [partition as SourcePartition, offset as SourcePosition | null]),
  )
}

function sinkOffsets(offsets: readonly ConnectorOffset[]): ReadonlyMap<TopicPartition, number | null> {
  return new Map(
    offsets.map(({ partition, offset }) => [
      { topic: String(partition?.['kafka_topic']), partition: Number(partition?.['kafka_partition']) },
      offset === null ? null : Number(offset['kafka_offset']),
    ]),
  )
}
