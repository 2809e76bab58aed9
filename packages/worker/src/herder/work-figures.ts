import type { Work } from '../group/work-assignment.ts'
import { COUNTED_STATES } from '../operations/metric-names.ts'
import type { FigureGroup } from '../record-path/task-figures.ts'
import type { ConfigStore } from '../storage/config-store.ts'
import type { StatusStore } from '../storage/status-store.ts'
import type { ClusterView } from './cluster-view.ts'
import type { StartupFigures } from './startup-figures.ts'

export interface WorkFigureParts {
  readonly config: ConfigStore
  readonly status: StatusStore
  readonly view: ClusterView
  readonly startups: StartupFigures
}

/** What runs in this worker, under Kafka Connect's names, as its statuses are now. */
export function workFigures({ config, status, view, startups }: WorkFigureParts, here: Work): readonly FigureGroup[] {
  const tasks = here.tasks.map((id) => ({ id, state: shown(status.task(id)?.state) }))
  const byConnector = Map.groupBy(tasks, ({ id }) => id.connector)
  const worker: FigureGroup = {
    group: 'connect-worker-metrics',
    tags: {},
    values: {
      'connector-count': here.connectors.length,
      'task-count': here.tasks.length,
      ...startups.values('connector'),
      ...startups.values('task'),
    },
  }
  const perConnector = Array.from(byConnector, ([connector, own]): FigureGroup => {
    const count = (state: string): number => own.filter((task) => task.state === state).length
    return {
      group: 'connect-worker-metrics',
      tags: { connector },
      values: {
        'connector-total-task-count': own.length,
        ...Object.fromEntries(COUNTED_STATES.map((state) => [`connector-${state}-task-count`, count(state)])),
      },
    }
  })
  const snapshot = config.snapshot()
  const connectors = here.connectors.map((connector): FigureGroup => {
    const now = status.connector(connector)
    return {
      group: 'connector-metrics',
      tags: { connector },
      values: {
        'connector-type': view.type(connector),
        'connector-class': snapshot.connectorConfig(connector)?.['connector.class'] ?? '',
        'connector-version': now?.version ?? '',
        status: shown(now?.state),
      },
    }
  })
  const states = tasks.map(({ id, state }): FigureGroup => ({
    group: 'connector-task-metrics',
    tags: { connector: id.connector, task: String(id.task) },
    values: { status: state },
  }))
  return [worker, ...perConnector, ...connectors, ...states]
}

function shown(state = 'UNASSIGNED'): string {
  return state.toLowerCase()
}
