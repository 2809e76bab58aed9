/**
 * Every endpoint once: the routes, what is allowed where, the OpenAPI document and the fuzzer's requests all follow from this table.
 * Kafka Connect's own come first (KIP numbers in their summaries), then two between workers, then ours.
 */
import type { ShapeName } from './shapes.ts'

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

export interface QueryParameter {
  readonly type: 'boolean' | 'string'
  readonly isRepeated?: boolean
  readonly description: string
}

/** The shape of an answer's JSON; null: no body; 'text': plain text. */
export type AnswerShape = ShapeName | 'text' | null

export interface Endpoint {
  readonly operation: string
  readonly method: Method
  /** With parameters as OpenAPI has them: `/connectors/{connector}`. */
  readonly path: string
  readonly summary: string
  /** Where it is served: `admin` ones move to `admin.listeners` when there are some. */
  readonly listeners: 'main' | 'admin' | 'both'
  readonly query?: Readonly<Record<string, QueryParameter>>
  readonly body?: ShapeName
  /** By status. Errors that any request may get (404, 405, 406, 415, 500) are not repeated. */
  readonly answers: Readonly<Record<number, readonly [description: string, shape: AnswerShape]>>
  /** Whether a worker that cannot do it sends the request to the one that can. */
  readonly isForwarded?: boolean
  /** Between workers, signed (KIP-507). */
  readonly isInternal?: boolean
  /** Not of Kafka Connect. */
  readonly isOurs?: boolean
}

const FORWARD: QueryParameter = {
  type: 'boolean',
  description:
    'Whether this worker may send the request to the one that can do it. Default true; false after the last hop.',
}
const forward = { forward: FORWARD }
const notFound = ['No such connector.', 'Error'] as const
const conflict = ['A rebalance, or a leader that nobody knows yet: try again.', 'Error'] as const
const invalid = ['The request or the settings are invalid.', 'Error'] as const

export const CONTRACT = [
  {
    operation: 'serverInfo',
    method: 'GET',
    path: '/',
    summary: 'Versions and the Kafka cluster.',
    listeners: 'main',
    answers: { 200: ['Versions.', 'ServerInfo'] },
  },
  {
    operation: 'health',
    method: 'GET',
    path: '/health',
    summary: 'Whether this worker can serve (KIP-1017). Waits up to ten seconds for start-up.',
    listeners: 'both',
    answers: { 200: ['It can.', 'Health'], 500: ['It cannot.', 'Health'], 503: ['It is starting.', 'Health'] },
  },
  {
    operation: 'listConnectors',
    method: 'GET',
    path: '/connectors',
    summary: 'Names of connectors; with expand, what is known of each (KIP-465).',
    listeners: 'main',
    query: {
      expand: { type: 'string', isRepeated: true, description: '`status`, `info`, or both. Others are ignored.' },
    },
    answers: { 200: ['A list of names; with expand an object by name.', 'ConnectorNames'] },
  },
  {
    operation: 'createConnector',
    method: 'POST',
    path: '/connectors',
    summary: 'Creates a connector, started unless initial_state says otherwise (KIP-980).',
    listeners: 'main',
    query: forward,
    body: 'CreateConnector',
    isForwarded: true,
    answers: {
      201: ['Created; Location names it.', 'ConnectorInfo'],
      400: invalid,
      409: ['The name is taken, or a rebalance is under way.', 'Error'],
    },
  },
  {
    operation: 'connectorInfo',
    method: 'GET',
    path: '/connectors/{connector}',
    summary: 'Settings and tasks of a connector.',
    listeners: 'main',
    answers: { 200: ['The connector.', 'ConnectorInfo'], 404: notFound, 409: conflict },
  },
  {
    operation: 'deleteConnector',
    method: 'DELETE',
    path: '/connectors/{connector}',
    summary: 'Stops and deletes a connector.',
    listeners: 'main',
    query: forward,
    isForwarded: true,
    answers: { 204: ['Deleted.', null], 404: notFound, 409: conflict },
  },
  {
    operation: 'connectorConfig',
    method: 'GET',
    path: '/connectors/{connector}/config',
    summary: 'Settings as they were given, with placeholders.',
    listeners: 'main',
    answers: { 200: ['Settings.', 'Config'], 404: notFound, 409: conflict },
  },
  {
    operation: 'putConnectorConfig',
    method: 'PUT',
    path: '/connectors/{connector}/config',
    summary: 'Creates a connector or replaces its settings.',
    listeners: 'main',
    query: forward,
    body: 'ConfigGiven',
    isForwarded: true,
    answers: {
      200: ['Replaced.', 'ConnectorInfo'],
      201: ['Created; Location names it.', 'ConnectorInfo'],
      400: invalid,
      409: conflict,
    },
  },
  {
    operation: 'patchConnectorConfig',
    method: 'PATCH',
    path: '/connectors/{connector}/config',
    summary: 'Changes some settings (KIP-477).',
    listeners: 'main',
    query: forward,
    body: 'ConfigPatch',
    isForwarded: true,
    answers: { 200: ['Changed.', 'ConnectorInfo'], 400: invalid, 404: notFound, 409: conflict },
  },
  {
    operation: 'connectorStatus',
    method: 'GET',
    path: '/connectors/{connector}/status',
    summary: 'What a connector and its tasks do, as far as this worker knows.',
    listeners: 'main',
    answers: { 200: ['The status.', 'ConnectorStatus'], 404: notFound },
  },
  {
    operation: 'restartConnector',
    method: 'POST',
    path: '/connectors/{connector}/restart',
    summary: 'Restarts a connector, and its tasks on request (KIP-745).',
    listeners: 'main',
    query: {
      includeTasks: { type: 'boolean', description: 'The tasks as well. Default false.' },
      onlyFailed: { type: 'boolean', description: 'Only what has failed. Default false.' },
      ...forward,
    },
    isForwarded: true,
    answers: {
      202: ['With a parameter: what will be restarted shows RESTARTING.', 'ConnectorStatus'],
      204: ['Without: done.', null],
      404: notFound,
      409: conflict,
    },
  },
  {
    operation: 'pauseConnector',
    method: 'PUT',
    path: '/connectors/{connector}/pause',
    summary: 'Pauses a connector and its tasks.',
    listeners: 'main',
    answers: { 202: ['Will be.', null], 404: notFound },
  },
  {
    operation: 'resumeConnector',
    method: 'PUT',
    path: '/connectors/{connector}/resume',
    summary: 'Resumes a paused or stopped connector.',
    listeners: 'main',
    answers: { 202: ['Will be.', null], 404: notFound },
  },
  {
    operation: 'stopConnector',
    method: 'PUT',
    path: '/connectors/{connector}/stop',
    summary: 'Stops a connector and takes its tasks away (KIP-875).',
    listeners: 'main',
    query: forward,
    isForwarded: true,
    answers: { 204: ['Stopped.', null], 404: notFound, 409: conflict },
  },
  {
    operation: 'taskConfigs',
    method: 'GET',
    path: '/connectors/{connector}/tasks',
    summary: 'Tasks with their settings.',
    listeners: 'main',
    answers: { 200: ['Tasks.', 'Tasks'], 404: notFound, 409: conflict },
  },
  {
    operation: 'taskStatus',
    method: 'GET',
    path: '/connectors/{connector}/tasks/{task}/status',
    summary: 'What a task does.',
    listeners: 'main',
    answers: { 200: ['The status.', 'TaskStatus'], 404: ['No such task.', 'Error'] },
  },
  {
    operation: 'restartTask',
    method: 'POST',
    path: '/connectors/{connector}/tasks/{task}/restart',
    summary: 'Restarts a task.',
    listeners: 'main',
    query: forward,
    isForwarded: true,
    answers: { 204: ['Done.', null], 404: ['No such task.', 'Error'], 409: conflict },
  },
  {
    operation: 'activeTopics',
    method: 'GET',
    path: '/connectors/{connector}/topics',
    summary: 'Topics that a connector has used (KIP-558).',
    listeners: 'main',
    answers: { 200: ['Topics.', 'ActiveTopics'], 403: ['Topics are not tracked.', 'Error'] },
  },
  {
    operation: 'resetActiveTopics',
    method: 'PUT',
    path: '/connectors/{connector}/topics/reset',
    summary: 'Forgets which topics a connector has used.',
    listeners: 'main',
    answers: { 202: ['Will be.', null], 403: ['Topics are not tracked, or must not be reset.', 'Error'] },
  },
  {
    operation: 'connectorOffsets',
    method: 'GET',
    path: '/connectors/{connector}/offsets',
    summary: 'Positions of a connector (KIP-875).',
    listeners: 'main',
    answers: { 200: ['Positions.', 'OffsetsShown'], 404: notFound, 409: conflict },
  },
  {
    operation: 'alterConnectorOffsets',
    method: 'PATCH',
    path: '/connectors/{connector}/offsets',
    summary: 'Changes positions of a stopped connector (KIP-875).',
    listeners: 'main',
    query: forward,
    body: 'Offsets',
    isForwarded: true,
    answers: {
      200: ['Changed.', 'Message'],
      400: ['Not stopped, or nothing sensible asked for.', 'Error'],
      404: notFound,
      409: conflict,
      500: ['The connector refuses.', 'Error'],
    },
  },
  {
    operation: 'resetConnectorOffsets',
    method: 'DELETE',
    path: '/connectors/{connector}/offsets',
    summary: 'Forgets all positions of a stopped connector (KIP-875).',
    listeners: 'main',
    query: forward,
    isForwarded: true,
    answers: {
      200: ['Forgotten.', 'Message'],
      400: ['Not stopped.', 'Error'],
      404: notFound,
      409: conflict,
      500: ['The connector refuses.', 'Error'],
    },
  },
  {
    operation: 'plugins',
    method: 'GET',
    path: '/connector-plugins',
    summary: 'Plugins of this worker (KIP-769).',
    listeners: 'main',
    query: { connectorsOnly: { type: 'boolean', description: 'Connectors alone. Default true.' } },
    answers: { 200: ['Plugins.', 'Plugins'] },
  },
  {
    operation: 'pluginConfig',
    method: 'GET',
    path: '/connector-plugins/{plugin}/config',
    summary: 'Settings of a plugin (KIP-769, KIP-891).',
    listeners: 'main',
    query: { version: { type: 'string', description: 'A range of versions as Maven writes it. Default: the latest.' } },
    answers: {
      200: ['Definitions.', 'SettingDefinitions'],
      400: ['No such version, or a kind without settings.', 'Error'],
      404: ['No such plugin.', 'Error'],
    },
  },
  {
    operation: 'validateConfig',
    method: 'PUT',
    path: '/connector-plugins/{plugin}/config/validate',
    summary: 'Tells everything that is wrong with settings.',
    listeners: 'main',
    body: 'ConfigGiven',
    answers: {
      200: ['Each setting with its complaints, also where there are some.', 'Validation'],
      400: invalid,
      404: ['No such plugin.', 'Error'],
    },
  },
  {
    operation: 'loggers',
    method: 'GET',
    path: '/admin/loggers',
    summary: 'Loggers of this worker and their levels (KIP-495).',
    listeners: 'admin',
    answers: { 200: ['Loggers.', 'Loggers'] },
  },
  {
    operation: 'logger',
    method: 'GET',
    path: '/admin/loggers/{logger}',
    summary: 'The level of a logger (KIP-495).',
    listeners: 'admin',
    answers: { 200: ['The level.', 'LoggerLevel'], 404: ['No such logger.', 'Error'] },
  },
  {
    operation: 'setLoggerLevel',
    method: 'PUT',
    path: '/admin/loggers/{logger}',
    summary: 'Sets the level of a logger and those below it, here or on all workers (KIP-976).',
    listeners: 'admin',
    query: { scope: { type: 'string', description: '`worker` (default) or `cluster`.' } },
    body: 'LevelWanted',
    answers: {
      200: ['Names of the loggers that are concerned.', 'LoggerNames'],
      204: ['With scope=cluster: will be.', null],
      400: ['No level given.', 'Error'],
      404: ['No such level.', 'Error'],
    },
  },
  {
    operation: 'putTaskConfigs',
    method: 'POST',
    path: '/connectors/{connector}/tasks',
    summary: 'Between workers: new task configs for the leader to store (KIP-507).',
    listeners: 'main',
    query: forward,
    body: 'TaskConfigs',
    isForwarded: true,
    isInternal: true,
    answers: {
      204: ['Stored.', null],
      400: ['Not signed.', 'Error'],
      403: ['Signed wrong.', 'Error'],
      404: notFound,
      409: conflict,
      503: ['No session key yet.', 'Error'],
    },
  },
  {
    operation: 'fenceZombies',
    method: 'PUT',
    path: '/connectors/{connector}/fence',
    summary: 'Between workers: ends the transactions of older tasks (KIP-618).',
    listeners: 'main',
    query: forward,
    isForwarded: true,
    isInternal: true,
    answers: {
      204: ['Fenced.', null],
      400: ['Not signed.', 'Error'],
      403: ['Signed wrong.', 'Error'],
      404: notFound,
      409: conflict,
      503: ['No session key yet.', 'Error'],
    },
  },
  {
    operation: 'live',
    method: 'GET',
    path: '/health/live',
    summary: 'Whether the process answers. Asks for nobody’s name.',
    listeners: 'both',
    isOurs: true,
    answers: { 200: ['It does.', 'Probe'] },
  },
  {
    operation: 'ready',
    method: 'GET',
    path: '/health/ready',
    summary: 'Whether start-up is complete, at once. Asks for nobody’s name.',
    listeners: 'both',
    isOurs: true,
    answers: { 200: ['It is.', 'Probe'], 503: ['Not yet.', 'Probe'] },
  },
  {
    operation: 'metrics',
    method: 'GET',
    path: '/metrics',
    summary: 'Metrics in Prometheus’ text format.',
    listeners: 'both',
    isOurs: true,
    answers: { 200: ['Metrics.', 'text'] },
  },
  {
    operation: 'openApi',
    method: 'GET',
    path: '/openapi.json',
    summary: 'This document.',
    listeners: 'main',
    isOurs: true,
    answers: { 200: ['The document.', 'OpenApi'] },
  },
] as const satisfies readonly Endpoint[]

export type Operation = (typeof CONTRACT)[number]['operation']

/** As the rest of the code looks at it. */
export const ENDPOINTS: readonly (Endpoint & { readonly operation: Operation })[] = CONTRACT

/** Java's order of a set of methods, in which Allow has them. */
const ALLOW_ORDER = ['HEAD', 'DELETE', 'POST', 'GET', 'OPTIONS', 'PUT', 'PATCH']

/** What `Allow` says of a path with these methods. */
export function allowed(methods: readonly Method[]): readonly string[] {
  const all = new Set<string>([...methods, 'OPTIONS', ...(methods.includes('GET') ? ['HEAD'] : [])])
  return ALLOW_ORDER.filter((method) => all.has(method))
}
