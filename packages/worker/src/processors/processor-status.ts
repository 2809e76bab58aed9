/** How a processor is, put together from what all workers say. Pure. */
import type { InstanceStatus, ProcessorTarget, StatusRecord } from '../catalogue/catalogue-records.ts'

export type ProcessorState =
  | 'UNASSIGNED'
  | 'RUNNING'
  | 'PAUSED'
  /** Some instances run, others have failed. */
  | 'DEGRADED'
  | 'FAILED'
  | 'RESTARTING'

export interface PlacedInstance extends InstanceStatus {
  readonly worker: string
  readonly deployment: number
}

/** Of the workers that are there, in their alphabet's order. */
export function placedInstances(
  statuses: ReadonlyMap<string, StatusRecord>,
  isThere: (worker: string) => boolean,
): readonly PlacedInstance[] {
  return [...statuses]
    .filter(([worker]) => isThere(worker))
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([worker, { deployment, instances }]) => instances.map((one) => ({ ...one, worker, deployment })))
}

export function stateOf(target: ProcessorTarget, instances: readonly InstanceStatus[]): ProcessorState {
  const has = (state: InstanceStatus['state']): boolean => instances.some((one) => one.state === state)
  if (has('FAILED')) return has('RUNNING') ? 'DEGRADED' : 'FAILED'
  if (target === 'PAUSED' && instances.every(({ state }) => state === 'PAUSED')) return 'PAUSED'
  if (has('RUNNING')) return 'RUNNING'
  return has('RESTARTING') ? 'RESTARTING' : 'UNASSIGNED'
}
