import type { MetricGroup } from '@sluice/kafka'
import { labelsOf } from '../operations/processor-metrics.ts'
import type { FigureGroup } from '../record-path/task-figures.ts'

/** Numbers of one instance that are told at a time. */
const SERIES_MAX = 2_000

/**
 * What an instance measures, in the form of connectors' tasks. An application of many tasks and sources has more of it than anybody looks at: the
 * first are told, those of the application and its threads among them, and how many are not.
 */
export function processorFigures(
  groups: readonly MetricGroup[],
  of: { readonly processor: string; readonly instance: number },
): readonly FigureGroup[] {
  const tags = { processor: of.processor, instance: String(of.instance) }
  const told: FigureGroup[] = []
  let [count, leftOut] = [0, 0]
  for (const { group, tags: own, values } of groups.toSorted((a, b) => sizeOf(a) - sizeOf(b))) {
    const numbers = Object.keys(values).length
    if (count + numbers > SERIES_MAX) leftOut += numbers
    else {
      count += numbers
      told.push({ group, tags: { ...tags, ...labelsOf(own) }, values })
    }
  }
  return [...told, { group: 'processor-metrics', tags, values: { 'series-left-out': leftOut } }]
}

/** What has fewer tags is of more. */
function sizeOf({ tags }: MetricGroup): number {
  return Object.keys(tags).length
}
