/** Connectors, tasks, plugins, positions and loggers as rows. */
import type {
  ConnectorInfoShown,
  ConnectorStatusShown,
  ExpandedConnectors,
  LoggerShown,
  OffsetShown,
  PluginShown,
  TaskShown,
} from '@sluice/worker/client'
import type { Listing } from './output.ts'

interface ConnectorRow {
  readonly name: string
  readonly status: ConnectorStatusShown | undefined
  readonly info: ConnectorInfoShown | undefined
}

export function connectorsListing(found: ExpandedConnectors): Listing<ConnectorRow> {
  const rows = Object.entries(found)
    .map(([name, { status, info }]): ConnectorRow => ({ name, status, info }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
  return {
    rows,
    name: ({ name }) => name,
    document: rows.map(({ name, status }) => status ?? { name }),
    columns: [
      { heading: 'NAME', of: ({ name }) => name },
      { heading: 'TYPE', of: ({ status, info }) => status?.type ?? info?.type },
      { heading: 'STATE', of: ({ status }) => status?.connector.state },
      { heading: 'TASKS', of: ({ status }) => status && tasksText(status) },
      { heading: 'WORKER', of: ({ status }) => status?.connector.worker_id },
      { heading: 'CLASS', isWide: true, of: ({ info }) => info?.config['connector.class'] },
      { heading: 'VERSION', isWide: true, of: ({ status }) => status?.connector.version },
      { heading: 'ERROR', isWide: true, of: ({ status }) => status && errorOf(status) },
    ],
  }
}

/** How many of them run: `2/3`. */
export function tasksText({ tasks }: ConnectorStatusShown): string {
  return `${tasks.filter(({ state }) => state === 'RUNNING').length}/${tasks.length}`
}

function errorOf({ connector, tasks }: ConnectorStatusShown): string | undefined {
  return firstLine(connector.trace ?? tasks.find(({ trace }) => trace !== undefined)?.trace)
}

export function firstLine(trace: string | undefined): string | undefined {
  return trace?.split('\n')[0]
}

interface TaskRow extends TaskShown {
  readonly connector: string
}

export function tasksListing(statuses: readonly ConnectorStatusShown[]): Listing<TaskRow> {
  const rows = statuses.flatMap(({ name, tasks }) => tasks.map((task): TaskRow => ({ connector: name, ...task })))
  return {
    rows,
    name: ({ connector, id }) => `${connector}/${id}`,
    document: rows,
    columns: [
      { heading: 'CONNECTOR', of: ({ connector }) => connector },
      { heading: 'TASK', of: ({ id }) => id },
      { heading: 'STATE', of: ({ state }) => state },
      { heading: 'WORKER', of: ({ worker_id: worker }) => worker },
      { heading: 'VERSION', isWide: true, of: ({ version }) => version },
      { heading: 'ERROR', of: ({ trace }) => firstLine(trace)?.slice(0, 80) },
    ],
  }
}

export function pluginsListing(plugins: readonly PluginShown[]): Listing<PluginShown> {
  return {
    rows: plugins,
    name: (plugin) => plugin.class,
    document: plugins,
    columns: [
      { heading: 'CLASS', of: (plugin) => plugin.class },
      { heading: 'TYPE', of: ({ type }) => type },
      { heading: 'VERSION', of: ({ version }) => version },
    ],
  }
}

export function offsetsListing(offsets: readonly OffsetShown[]): Listing<OffsetShown> {
  return {
    rows: offsets,
    name: ({ partition }) => JSON.stringify(partition),
    // What `offsets set` takes.
    document: { offsets },
    columns: [
      { heading: 'PARTITION', of: ({ partition }) => JSON.stringify(partition) },
      { heading: 'OFFSET', of: ({ offset }) => JSON.stringify(offset) },
    ],
  }
}

interface LoggerRow extends LoggerShown {
  readonly name: string
}

export function loggersListing(loggers: Readonly<Record<string, LoggerShown>>): Listing<LoggerRow> {
  const rows = Object.entries(loggers).map(([name, logger]): LoggerRow => ({ name, ...logger }))
  return {
    rows,
    name: ({ name }) => name,
    document: loggers,
    columns: [
      { heading: 'LOGGER', of: ({ name }) => name },
      { heading: 'LEVEL', of: ({ level }) => level },
      {
        heading: 'CHANGED',
        of: ({ last_modified: changed }) =>
          changed === null || changed === undefined ? undefined : new Date(changed).toISOString(),
      },
    ],
  }
}
