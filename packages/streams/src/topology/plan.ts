/** What becomes of stored state and internal topics when another version of a topology goes on with them. */
import { topologyInvalid } from './topology-invalid.ts'
import { planRepartitions } from './plan-topics.ts'
import { planStores } from './plan-stores.ts'
import type { WrittenTopology } from './written-topology.ts'

/**
 * - `keep`: goes on as it is
 * - `migrate`: goes on with the same rows, kept elsewhere or otherwise from now on
 * - `rebuild`: its rows are read again from its topic
 * - `create`: begins empty
 * - `abandon`: nothing uses it any more; it stays until somebody deletes it
 * - `refuse`: cannot go on with what is there
 */
export type PlanAction = 'keep' | 'migrate' | 'rebuild' | 'create' | 'abandon' | 'refuse'

export interface PlanStep {
  readonly kind: 'store' | 'repartition'
  readonly name: string
  /** Where its rows, or its records, are in Kafka; null: nowhere. */
  readonly topic: string | null
  readonly action: PlanAction
  /** One clause. */
  readonly reason: string
  /** Of what is refused: what can be done. */
  readonly remedy?: string
}

export interface TopologyPlan {
  readonly steps: readonly PlanStep[]
  readonly isSafe: boolean
}

/**
 * Compares a topology with the one that wrote what is there. `before` null: nothing is known of one. `topics`: the partitions of the
 * topics that exist; what is not there cannot be in the way.
 */
export function planChange(
  before: WrittenTopology | null,
  after: WrittenTopology,
  topics: ReadonlyMap<string, number>,
): TopologyPlan {
  const steps = [...planStores(before, after, topics), ...planRepartitions(before, after, topics)]
  return { steps, isSafe: steps.every(({ action }) => action !== 'refuse') }
}

/** @throws SluiceError TOPOLOGY_INVALID with everything that is refused, each with its remedy */
export function refuseUnsafe({ steps }: TopologyPlan): void {
  const refused = steps.filter(({ action }) => action === 'refuse')
  if (refused.length === 0) return
  const names = refused.map(({ kind, name, reason }) => `${kind} ${name}: ${reason}`).join('; ')
  const remedies = [...new Set(refused.flatMap(({ remedy }) => remedy ?? []))].join(' ')
  throw topologyInvalid(`The topology does not fit the state that is stored: ${names}`, remedies)
}

/** A plan as lines for people. */
export function planText({ steps, isSafe }: TopologyPlan): string {
  const width = Math.max(0, ...steps.map(({ action }) => action.length))
  const lines = steps.flatMap(({ kind, name, action, reason, remedy }) => [
    `${action.padEnd(width)}  ${kind} ${name}: ${reason}`,
    ...(remedy === undefined ? [] : [`${' '.repeat(width)}  ${remedy}`]),
  ])
  return [...lines, isSafe ? 'The topology can go on with what is stored.' : 'The topology is refused.'].join('\n')
}
