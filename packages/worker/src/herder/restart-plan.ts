/** What a restart request comes to (KIP-745): a function of what the statuses say, so that every worker finds the same. */
import type { StatusStore, StoredStatus } from '../storage/status-store.ts'
import type { ConnectorStateInfo, ConnectorType, RestartRequest, TaskId, WorkStatus } from './herder.ts'

export interface RestartPlan {
  readonly request: RestartRequest
  readonly restartsConnector: boolean
  readonly tasks: readonly TaskId[]
  /** The statuses, with RESTARTING for what will be restarted. */
  readonly shown: ConnectorStateInfo
}

/** Null: the connector has no status yet. */
export function restartPlan(
  request: RestartRequest,
  statuses: Pick<StatusStore, 'connector' | 'tasks'>,
  type: ConnectorType,
): RestartPlan | null {
  const connector = statuses.connector(request.connector)
  if (connector === null) return null
  const isChosen = (status: StoredStatus): boolean => !request.onlyFailed || status.state === 'FAILED'
  const tasks = statuses.tasks(request.connector).map((status) => ({
    status,
    isChosen: request.includeTasks && isChosen(status),
  }))
  return {
    request,
    restartsConnector: isChosen(connector),
    tasks: tasks
      .filter((task) => task.isChosen)
      .map((task) => ({ connector: request.connector, task: task.status.id })),
    shown: {
      name: request.connector,
      connector: shown(connector, isChosen(connector)),
      tasks: tasks.map((task) => ({ id: task.status.id, ...shown(task.status, task.isChosen) })),
      type,
    },
  }
}

/** Of two requests that wait for the same connector, the one that restarts more. */
export function strongerRestart(a: RestartRequest, b: RestartRequest): RestartRequest {
  return impact(b) >= impact(a) ? b : a
}

function impact(request: RestartRequest): number {
  return (request.onlyFailed ? 0 : 2) + (request.includeTasks ? 1 : 0)
}

function shown(status: WorkStatus, isRestarting: boolean): WorkStatus {
  const { state, workerId, trace, version } = status
  return { state: isRestarting ? 'RESTARTING' : state, workerId, trace, version }
}
