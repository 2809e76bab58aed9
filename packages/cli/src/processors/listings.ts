/** Processors, their instances and their versions as rows. */
import type {
  ProcessorInstanceShown,
  ProcessorLagShown,
  ProcessorShown,
  ProcessorStatusShown,
  ProcessorVersionShown,
} from '@sluice/worker/client'
import { firstLine } from '../connect/listings.ts'
import type { Listing } from '../connect/output.ts'

export function processorsListing(rows: readonly ProcessorShown[]): Listing<ProcessorShown> {
  return {
    rows,
    name: ({ name }) => name,
    document: rows,
    columns: [
      { heading: 'NAME', of: ({ name }) => name },
      { heading: 'STATE', of: ({ state }) => state },
      { heading: 'INSTANCES', of: ({ running, instances }) => `${running}/${instances}` },
      { heading: 'TASKS', of: ({ tasks }) => tasks },
      { heading: 'VERSION', of: ({ version }) => version },
      { heading: 'DEPLOYMENT', isWide: true, of: ({ deployment }) => deployment },
      { heading: 'CLASS', isWide: true, of: (processor) => processor.class },
    ],
  }
}

interface InstanceRow extends ProcessorInstanceShown {
  readonly tasks: readonly string[]
}

/** Its instances, as they are spread over the workers. */
export function instancesListing(status: ProcessorStatusShown): Listing<InstanceRow> {
  const rows = status.instances.map((one): InstanceRow => {
    const own = status.tasks.filter((task) => task.worker_id === one.worker_id && task.instance === one.id)
    return { ...one, tasks: own.map(({ id }) => id) }
  })
  return {
    rows,
    name: ({ worker_id: worker, id }) => `${worker}/${id}`,
    document: status,
    columns: [
      { heading: 'WORKER', of: ({ worker_id: worker }) => worker },
      { heading: 'INSTANCE', of: ({ id }) => id },
      {
        heading: 'STATE',
        of: ({ state, streams_state: streams }) => (state === 'RUNNING' ? (streams ?? state) : state),
      },
      { heading: 'TASKS', of: ({ tasks }) => tasks.join(',') },
      { heading: 'DEPLOYMENT', of: ({ deployment }) => deployment },
      { heading: 'VERSION', isWide: true, of: ({ version }) => version },
      { heading: 'ERROR', of: ({ trace }) => firstLine(trace)?.slice(0, 80) },
    ],
  }
}

/** Partitions, those that are furthest behind first. */
export function lagListing({ partitions }: ProcessorLagShown): Listing<ProcessorLagShown['partitions'][number]> {
  return {
    rows: partitions,
    name: ({ topic, partition }) => `${topic}-${partition}`,
    document: partitions,
    columns: [
      { heading: 'TOPIC', of: ({ topic }) => topic },
      { heading: 'PARTITION', of: ({ partition }) => partition },
      { heading: 'COMMITTED', of: ({ committed_offset: offset }) => offset },
      { heading: 'END', of: ({ end_offset: offset }) => offset },
      { heading: 'LAG', of: ({ lag }) => lag },
    ],
  }
}

export function versionsListing(rows: readonly ProcessorVersionShown[]): Listing<ProcessorVersionShown> {
  return {
    rows,
    name: ({ deployment }) => String(deployment),
    document: rows,
    columns: [
      { heading: 'DEPLOYMENT', of: ({ deployment, is_current: isCurrent }) => `${deployment}${isCurrent ? ' *' : ''}` },
      { heading: 'VERSION', of: ({ version }) => version },
      { heading: 'DEPLOYED', of: ({ deployed_at: at }) => new Date(at).toISOString() },
      { heading: 'RUNS ON', of: ({ runs_on: workers }) => workers.join(',') },
    ],
  }
}
