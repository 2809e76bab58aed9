/** What each operation on processors asks of their service, and the JSON of what it answers. */
import { HerderError, type TargetState } from '../herder/herder.ts'
import type { ProcessorLag } from '../processors/processor-lag.ts'
import type { ProcessorService, ProcessorInfo, ProcessorStatus } from '../processors/processor-service.ts'
import type { Processors } from '../processors/processors.ts'
import type { PausedKey } from '../record-path/task-control.ts'
import { empty, json, plain, type Answer } from './answers.ts'
import type { Call, Handler } from './handlers.ts'
import type { ProcessorOperation } from './endpoints.ts'
import { MalformedBody } from './json-tokens.ts'
import { parseCreateRequest, parseFlatMap, withoutNulls } from './request-bodies.ts'

const LINES_DEFAULT = 100
const LINES_MAX = 500
const OF_KEYS: readonly string[] = ['topic', 'key', 'key_base64']

/** @param processors null: a worker that has none, as in tests of the others */
export function processorHandlersOf(
  processors: Pick<Processors, 'service'> | null,
): Readonly<Record<ProcessorOperation, Handler>> {
  const asked =
    (handle: (service: ProcessorService, call: Call, name: string) => Answer | Promise<Answer>): Handler =>
    async (call) => {
      if (processors === null) throw new HerderError(404, 'HTTP 404 Not Found')
      const service = await processors.service()
      try {
        return await handle(service, call, call.params['processor'] ?? '')
      } catch (error) {
        // The 500 that Connect has for it is for Connect's own endpoints.
        throw error instanceof MalformedBody ? new HerderError(400, error.message, { cause: error }) : error
      }
    }
  return {
    listProcessors: asked((service) =>
      json(
        200,
        service.names().map((name) => summaryJson(service.status(name))),
      ),
    ),
    createProcessor: asked(async (service, { body, location }) => {
      const { name, config, targetState } = parseCreateRequest(body)
      const target = targetOf(targetState)
      const options = { mayReplace: false, ...(target && { target }) }
      const { info } = await service.put(name, named(name, withoutNulls(config)), options)
      return json(201, infoJson(info), { Location: location(name, 'v1/processors') })
    }),
    processorInfo: asked((service, _, name) => json(200, infoJson(service.info(name)))),
    deleteProcessor: asked(async (service, _, name) => {
      await service.delete(name)
      return empty(204)
    }),
    processorConfig: asked((service, _, name) => json(200, service.info(name).config)),
    putProcessorConfig: asked(async (service, { body, location }, name) => {
      const config = named(name, withoutNulls(parseFlatMap(body)))
      const { isCreated, info } = await service.put(name, config, { mayReplace: true })
      return isCreated
        ? json(201, infoJson(info), { Location: location(name, 'v1/processors') })
        : json(200, infoJson(info))
    }),
    validateProcessorConfig: asked(async (service, { body }, name) =>
      json(200, await service.validate(name, named(name, withoutNulls(parseFlatMap(body))))),
    ),
    processorStatus: asked(async (service, { query }, name) => {
      const isLagWanted = query.get('lag')?.toLowerCase() !== 'false'
      const lag = isLagWanted ? { lag: lagJson(await service.lag(name)) } : {}
      return json(200, { ...statusJson(service.status(name)), ...lag })
    }),
    processorVersions: asked((service, _, name) =>
      json(
        200,
        service.versions(name).map(({ number, version, at, isCurrent, runsOn, config }) => ({
          deployment: number,
          version,
          deployed_at: at,
          is_current: isCurrent,
          runs_on: runsOn,
          config,
        })),
      ),
    ),
    pauseProcessor: asked(async (service, { query }, name) => {
      const key = keyGiven(query)
      await (key === null ? service.setTarget(name, 'PAUSED') : service.pauseKey(name, key))
      return empty(202)
    }),
    resumeProcessor: asked(async (service, { query }, name) => {
      const key = keyGiven(query)
      await (key === null ? service.setTarget(name, 'RUNNING') : service.resumeKey(name, key))
      return empty(202)
    }),
    restartProcessor: asked(async (service, _, name) => {
      await service.restart(name)
      return empty(202)
    }),
    processorLogs: asked(async (service, { query, authorization }, name) => {
      const isLocal = query.get('forward')?.toLowerCase() === 'false'
      const { lines, silent } = await service.logs(name, linesWanted(query), { isLocal, authorization })
      return json(200, {
        lines: lines.map(({ at, worker, instance, level, message }) => ({
          at,
          worker_id: worker,
          instance,
          level,
          message,
        })),
        silent_workers: silent,
      })
    }),
    processorTopology: asked(async (service, { query }, name) => {
      const format = query.get('format') ?? 'json'
      if (format !== 'json' && format !== 'text' && format !== 'mermaid')
        throw new HerderError(400, `format is '${format}': it may be json, text or mermaid`)
      const topology = await service.topology(name)
      return format === 'json' ? json(200, topology.json) : plain(200, topology[format])
    }),
    processorPlugins: asked((service) =>
      json(
        200,
        service.plugins().map(({ module, alias }) => ({ class: module, name: alias })),
      ),
    ),
  }
}

function linesWanted(query: URLSearchParams): number {
  const given = query.get('lines')
  if (given === null) return LINES_DEFAULT
  if (!/^\d{1,9}$/.test(given)) throw new HerderError(400, `lines is '${given}', which is no number`)
  return Math.min(Number(given), LINES_MAX)
}

/** Null: the whole processor is meant. Never because something is missing, or has another name. */
function keyGiven(query: URLSearchParams): PausedKey | null {
  const unknown = [...query.keys()].find((name) => !OF_KEYS.includes(name))
  if (unknown !== undefined)
    throw new HerderError(
      400,
      `'${unknown}' says nothing here: a key is given by topic and key or key_base64, the whole by none`,
    )
  const [topic, text, base64] = OF_KEYS.map((name) => query.get(name))
  if (topic == null && text == null && base64 == null) return null
  if (topic == null || topic === '') throw new HerderError(400, 'topic is missing: the one whose key is meant')
  if (text != null && base64 != null) throw new HerderError(400, 'key and key_base64 are both given: give one')
  if (text != null) return { topic, key: Buffer.from(text).toString('base64') }
  if (base64 == null) throw new HerderError(400, 'key or key_base64 is missing: a whole topic cannot be paused')
  const key = Buffer.from(base64, 'base64').toString('base64')
  if (key !== base64) throw new HerderError(400, 'key_base64 is no base64 with its padding')
  return { topic, key }
}

function keyJson({ topic, key }: PausedKey): object {
  return { topic, key: textOf(Buffer.from(key, 'base64')), key_base64: key }
}

/** Null: no UTF-8. */
function textOf(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return null
  }
}

function targetOf(state: TargetState | undefined): 'RUNNING' | 'PAUSED' | undefined {
  if (state === undefined) return undefined
  if (state === 'STOPPED')
    throw new HerderError(400, 'A processor cannot be STOPPED when it is created: PAUSED has it do nothing')
  return state === 'PAUSED' ? 'PAUSED' : 'RUNNING'
}

function named(name: string, config: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  if (Object.hasOwn(config, 'name') && config['name'] !== name)
    throw new HerderError(
      400,
      `The name in the settings (${config['name']}) is not the name of the processor (${name})`,
    )
  return { ...config, name }
}

function infoJson({ name, config, target, deployment }: ProcessorInfo): object {
  return { name, config, target_state: target, deployment: deployment.number, version: deployment.version }
}

function lagJson({ highest, partitions, problem }: ProcessorLag): object {
  return {
    highest,
    partitions: partitions.map(({ topic, partition, committed, end, lag }) => ({
      topic,
      partition,
      committed_offset: committed,
      end_offset: end,
      lag,
    })),
    problem,
  }
}

function summaryJson({ name, config, state, deployment, instances }: ProcessorStatus): object {
  return {
    name,
    class: config['processor.class'] ?? null,
    state,
    version: deployment.version,
    deployment: deployment.number,
    instances: instances.length,
    running: instances.filter((one) => one.state === 'RUNNING').length,
    tasks: instances.reduce((sum, { tasks }) => sum + tasks.length, 0),
  }
}

function statusJson({ name, state, target, pausedKeys, deployment, instances }: ProcessorStatus): object {
  return {
    name,
    state,
    target_state: target,
    paused_keys: pausedKeys.map(keyJson),
    deployment: deployment.number,
    version: deployment.version,
    instances: instances.map((one) => ({
      id: one.id,
      worker_id: one.worker,
      state: one.state,
      streams_state: one.streamsState,
      version: one.version,
      deployment: one.deployment,
      ...(one.trace !== null && { trace: one.trace }),
    })),
    tasks: instances.flatMap(({ id: instance, worker, tasks }) =>
      tasks.map(({ id, partitions }) => ({ id, instance, worker_id: worker, partitions })),
    ),
  }
}
