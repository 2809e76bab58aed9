/** Kafka Streams' metrics of processors as the worker has them: by processor and instance, whatever process they run in. */
import { STREAM_METRIC_GROUPS } from '@sluice/streams/metrics'

/** As one of Kafka Connect's groups: `kafka.streams:type=<group>,…`. */
export interface ProcessorMetricGroup {
  readonly group: string
  /** Labels, in place of Kafka Streams' tags. */
  readonly tags: readonly string[]
  readonly numbers: Readonly<Record<string, string>>
  /** Only measured where the processor's `metrics.recording.level` says so. */
  readonly isDebug: boolean
}

const INSTANCE: readonly string[] = ['processor', 'instance']

/** `…-StreamThread-2`: what is before it is another one after each start, and would be another series. */
const THREAD = /-StreamThread-(\d+)$/

/** The label of one of Kafka Streams' tags; null: there is none, because processor and instance say it. */
export function labelOf(tag: string): string | null {
  if (tag === 'client-id') return null
  if (tag === 'thread-id') return 'thread'
  if (tag === 'task-id') return 'task'
  if (tag === 'processor-node-id') return 'node'
  if (tag === 'topic-name') return 'topic'
  return tag.endsWith('-state-id') ? 'store' : tag
}

export function labelsOf(tags: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const labels = Object.entries(tags).flatMap(([tag, value]) => {
    const label = labelOf(tag)
    return label === null ? [] : [[label, tag === 'thread-id' ? (THREAD.exec(value)?.[1] ?? value) : value]]
  })
  return Object.fromEntries(labels) as Readonly<Record<string, string>>
}

export const PROCESSOR_METRIC_GROUPS: readonly ProcessorMetricGroup[] = STREAM_METRIC_GROUPS.map(
  ({ group, tags, level, numbers }) => ({
    group,
    tags: [...INSTANCE, ...tags.flatMap((tag) => labelOf(tag) ?? [])],
    numbers,
    isDebug: level === 'DEBUG',
  }),
)
