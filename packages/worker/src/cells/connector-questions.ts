/** What a connector is asked while it does not run. */
import {
  SluiceError,
  type RawSettings,
  type SettingProblem,
  type SourcePartition,
  type SourcePosition,
  type TopicPartition,
} from '@sluice/sdk'
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

/** What the work says of itself. @throws SluiceError INTERNAL where there is nothing to be said; its own */
export async function describeWork({ environment, watch }: Asked, given: RawSettings): Promise<object> {
  const resolved = await environment.resolve(given)
  const of = { connector: given['name'] ?? '', task: null, what: 'describe' }
  return cleanly(resolved.values, () => {
    if (environment.describe === undefined) throw new SluiceError('INTERNAL', 'What runs here has nothing to describe')
    return watch.run(of, () => environment.describe!(given, resolved))
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
