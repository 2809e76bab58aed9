/** What the tasks of a thread are made with. */
import type { Kafka } from '@sluice/kafka'
import type { Clock, Logger, Random } from '@sluice/sdk'
import type { OutputBatch } from '../../record-path/output-batch.ts'
import type { RecordLimits } from '../../record-path/sink-step.ts'
import type { TaskSettings } from '../../record-path/task-contract.ts'
import type { StoreDefinition } from '../../state/definition.ts'
import type { TaskStore } from '../../state/store-context.ts'
import type { StateStore } from '../../state/stores.ts'
import type { Topology } from '../../topology/topology.ts'
import type { Snapshots } from '../snapshots/snapshots.ts'
import type { StandbyTasks } from './standby-tasks.ts'

export interface RunningTasksParts {
  readonly topology: Topology
  readonly kafka: Kafka
  readonly settings: TaskSettings
  readonly isolation: 'read_committed' | 'read_uncommitted'
  /** The directory of the application’s state. */
  readonly stateDirectory: string
  /** The global stores of the instance, read-only. */
  readonly globalStores: ReadonlyMap<string, StateStore>
  readonly output: OutputBatch
  /** What stores tell their changelogs. */
  readonly changelogs: OutputBatch
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly partitionsOf: (topic: string) => number
  /** Told of each topic that a sink's function has chosen. */
  readonly chosen?: (topic: string, node: string) => void
  readonly recordLimits: ReadonlyMap<string, RecordLimits>
  /** Absent, or null: state comes from the state directory and the changelogs alone. */
  readonly snapshots?: Snapshots | null
  /** Absent: no copies are kept. */
  readonly standbys?: Pick<StandbyTasks, 'release'>
  /** The store to use in place of one of a task, so that it can be measured. Absent: the store itself. */
  readonly measured?: (store: TaskStore, definition: StoreDefinition, task: string) => TaskStore
}
