/** What each operation of the contract asks of the herder, and the JSON of what it answers; properties in Kafka Connect's order. */
import type { Clock, RawSettings } from '@sluice/sdk'
import {
  HerderError,
  type ConnectorInfo,
  type ConnectorStateInfo,
  type Herder,
  type InternalRequest,
  type LoggerLevel,
  type TaskId,
  type WorkStatus,
} from '../herder/herder.ts'
import { health } from '../operations/health.ts'
import { parseLogLevel } from '../operations/log-levels.ts'
import { PROMETHEUS_TYPE } from '../operations/prometheus.ts'
import type { Processors } from '../processors/processors.ts'
import { empty, json, plain, type Answer } from './answers.ts'
import type { Operation } from './endpoints.ts'
import { processorHandlersOf } from './processor-handlers.ts'
import { parseCreateRequest, parseFlatMap, parseFlatMaps, parseOffsets, withoutNulls } from './request-bodies.ts'

export interface Call {
  readonly params: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  /** Empty where the contract has none. */
  readonly body: Uint8Array
  readonly signature: string | null
  readonly algorithm: string | null
  /** For other workers that are asked on its behalf. */
  readonly authorization: string | null
  /** The URL of a connector, or of something in another collection, for whoever asks. */
  readonly location: (name: string, collection?: string) => string
}

export interface HandlerParts {
  readonly herder: Herder
  /** Null: a worker without any. */
  readonly processors: Pick<Processors, 'service' | 'complaint'> | null
  readonly clock: Clock
  readonly healthTimeoutMs: number
  /** For `GET /`: Kafka Connect's, with ours as build metadata. */
  readonly version: string
  readonly commit: string
  /** Prometheus' text. */
  metrics(): string | Promise<string>
  openApi(): unknown
}

export type Handler = (call: Call) => Answer | Promise<Answer>

export function handlersOf(parts: HandlerParts): Readonly<Record<Operation, Handler>> {
  const { herder } = parts
  return {
    ...processorHandlersOf(parts.processors),
    serverInfo: () =>
      json(200, { version: parts.version, commit: parts.commit, kafka_cluster_id: herder.kafkaClusterId }),
    health: async () => {
      const { status, body } = await health(herder, parts.healthTimeoutMs, parts.clock)
      // Connectors run without them: a worker that is restarted because of it would be no better off.
      const complaint = parts.processors?.complaint ?? null
      return json(status, complaint === null ? body : { ...body, message: `${body.message} ${complaint}` })
    },
    live: () => json(200, { status: 'live' }),
    ready: () => (herder.isReady ? json(200, { status: 'ready' }) : json(503, { status: 'starting' })),
    metrics: async () => plain(200, await parts.metrics(), PROMETHEUS_TYPE),
    openApi: () => json(200, parts.openApi()),

    listConnectors: ({ query }) => {
      const expand = query.getAll('expand')
      return expand.length === 0 ? json(200, herder.connectors()) : expanded(herder, expand)
    },
    createConnector: async ({ body, location }) => {
      const { name, config, targetState } = parseCreateRequest(body)
      const options = { mayReplace: false, ...(targetState && { targetState }) }
      const { info } = await herder.putConnectorConfig(name, named(name, withoutNulls(config)), options)
      return json(201, infoJson(info), { Location: location(name) })
    },
    connectorInfo: async ({ params }) => json(200, infoJson(await herder.connectorInfo(connectorOf(params)))),
    deleteConnector: async ({ params }) => {
      await herder.deleteConnector(connectorOf(params))
      return empty(204)
    },
    connectorConfig: async ({ params }) => json(200, await herder.connectorConfig(connectorOf(params))),
    putConnectorConfig: async ({ params, body, location }) => {
      const name = connectorOf(params)
      const config = named(name, withoutNulls(parseFlatMap(body)))
      const { isCreated, info } = await herder.putConnectorConfig(name, config, { mayReplace: true })
      return isCreated ? json(201, infoJson(info), { Location: location(name) }) : json(200, infoJson(info))
    },
    patchConnectorConfig: async ({ params, body }) => {
      const name = connectorOf(params)
      const patch = parseFlatMap(body)
      if (Object.hasOwn(patch, 'name') && patch['name'] !== name) throw otherName(String(patch['name']), name)
      return json(200, infoJson(await herder.patchConnectorConfig(name, patch)))
    },
    connectorStatus: ({ params }) => json(200, stateJson(herder.connectorStatus(connectorOf(params)))),
    restartConnector: async ({ params, query }) => {
      const connector = connectorOf(params)
      const [includeTasks, onlyFailed] = [isTrue(query, 'includeTasks'), isTrue(query, 'onlyFailed')]
      if (includeTasks || onlyFailed)
        return json(202, stateJson(await herder.restartConnectorAndTasks({ connector, includeTasks, onlyFailed })))
      await herder.restartConnector(connector)
      return empty(204)
    },
    pauseConnector: async ({ params }) => {
      await herder.pauseConnector(connectorOf(params))
      return empty(202)
    },
    resumeConnector: async ({ params }) => {
      await herder.resumeConnector(connectorOf(params))
      return empty(202)
    },
    stopConnector: async ({ params }) => {
      await herder.stopConnector(connectorOf(params))
      return empty(204)
    },

    taskConfigs: async ({ params }) => json(200, await herder.taskConfigs(connectorOf(params))),
    taskStatus: ({ params }) => json(200, taskJson(herder.taskStatus(taskOf(params)))),
    restartTask: async ({ params }) => {
      await herder.restartTask(taskOf(params))
      return empty(204)
    },
    putTaskConfigs: async (call) => {
      const configs = parseFlatMaps(call.body)
      await herder.putTaskConfigs(connectorOf(call.params), configs, signedRequest(call))
      return empty(204)
    },
    fenceZombies: async (call) => {
      await herder.fenceZombies(connectorOf(call.params), signedRequest(call))
      return empty(204)
    },

    activeTopics: ({ params }) => {
      const connector = connectorOf(params)
      return json(200, { [connector]: { topics: herder.activeTopics(connector) } })
    },
    resetActiveTopics: async ({ params }) => {
      await herder.resetActiveTopics(connectorOf(params))
      return empty(202)
    },
    connectorOffsets: async ({ params }) => json(200, { offsets: await herder.connectorOffsets(connectorOf(params)) }),
    alterConnectorOffsets: async ({ params, body }) => {
      const offsets = parseOffsets(body)
      return json(200, { message: await herder.alterConnectorOffsets(connectorOf(params), offsets) })
    },
    resetConnectorOffsets: async ({ params }) =>
      json(200, { message: await herder.alterConnectorOffsets(connectorOf(params), null) }),

    plugins: ({ query }) => json(200, herder.plugins(!query.has('connectorsOnly') || isTrue(query, 'connectorsOnly'))),
    pluginConfig: async ({ params, query }) =>
      json(200, await herder.pluginConfig(params['plugin'] ?? '', query.get('version') ?? undefined)),
    validateConfig: async ({ params, body }) =>
      json(200, await herder.validateConfig(params['plugin'] ?? '', parseFlatMap(body))),

    loggers: () =>
      json(
        200,
        Object.fromEntries([...herder.loggers()].toSorted(byName).map(([name, level]) => [name, levelJson(level)])),
      ),
    logger: ({ params }) => {
      const level = herder.logger(params['logger'] ?? '')
      if (level === null) throw new HerderError(404, `Logger ${params['logger']} not found.`)
      return json(200, levelJson(level))
    },
    setLoggerLevel: async ({ params, query, body }) => {
      const word = parseFlatMap(body)['level'] ?? null
      if (word === null) throw new HerderError(400, "Desired 'level' parameter was not specified in request.")
      const level = parseLogLevel(word)
      const namespace = params['logger'] ?? ''
      if (query.get('scope')?.toLowerCase() !== 'cluster')
        return json(200, herder.setWorkerLoggerLevel(namespace, level))
      await herder.setClusterLoggerLevel(namespace, level)
      return empty(204)
    },
  }
}

/** Whoever vanishes while the list is made is left out. */
async function expanded(herder: Herder, expand: readonly string[]): Promise<Answer> {
  const list: [string, Record<string, unknown>][] = []
  for (const name of herder.connectors()) {
    try {
      const known: Record<string, unknown> = {}
      if (expand.includes('status')) known['status'] = stateJson(herder.connectorStatus(name))
      if (expand.includes('info')) known['info'] = infoJson(await herder.connectorInfo(name))
      list.push([name, known])
    } catch (error) {
      if (!(error instanceof HerderError) || error.status !== 404) throw error
    }
  }
  return json(200, Object.fromEntries(list))
}

function connectorOf(params: Call['params']): string {
  return params['connector'] ?? ''
}

/** A task is a number that Java calls an int; anything else is a path that is not there. */
function taskOf(params: Call['params']): TaskId {
  const text = params['task'] ?? ''
  const task = Number(text)
  if (!/^[+-]?\d+$/.test(text) || task < -2_147_483_648 || task > 2_147_483_647)
    throw new HerderError(404, 'HTTP 404 Not Found')
  return { connector: connectorOf(params), task }
}

function isTrue(query: URLSearchParams, name: string): boolean {
  return query.get(name)?.toLowerCase() === 'true'
}

function named(name: string, config: RawSettings): RawSettings {
  if (!Object.hasOwn(config, 'name')) return { ...config, name }
  if (config['name'] !== name) throw otherName(String(config['name']), name)
  return config
}

function otherName(given: string, name: string): HerderError {
  return new HerderError(
    400,
    `Connector name configuration (${given}) doesn't match connector name in the URL (${name})`,
  )
}

function signedRequest({ body, signature, algorithm }: Call): InternalRequest {
  return { body, signature, algorithm }
}

function infoJson({ name, config, tasks, type }: ConnectorInfo): unknown {
  return { name, config, tasks: tasks.map(({ connector, task }) => ({ connector, task })), type }
}

function stateJson({ name, connector, tasks, type }: ConnectorStateInfo): unknown {
  return { name, connector: workJson(connector), tasks: tasks.map(taskJson), type }
}

function taskJson(task: ConnectorStateInfo['tasks'][number]): unknown {
  return { id: task.id, ...workJson(task) }
}

function workJson({ state, workerId, trace, version }: WorkStatus): object {
  return { state, worker_id: workerId, version, ...(trace !== null && trace !== '' && { trace }) }
}

function levelJson({ level, lastModified }: LoggerLevel): unknown {
  return { level, last_modified: lastModified }
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1
}
