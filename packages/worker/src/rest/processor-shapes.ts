/** The JSON of processors, as shapes.ts has that of connectors. */
import type { JsonSchema } from './shapes.ts'

const text: JsonSchema = { type: 'string' }
const whole: JsonSchema = { type: 'integer' }
const config: JsonSchema = { $ref: '#/components/schemas/Config' }
const version: JsonSchema = { type: ['string', 'null'], description: 'Of the code; null when it does not say.' }
const at: JsonSchema = { ...whole, description: 'Milliseconds since the epoch.' }
const target: JsonSchema = { enum: ['RUNNING', 'PAUSED'] }
const state: JsonSchema = {
  enum: ['UNASSIGNED', 'RUNNING', 'PAUSED', 'DEGRADED', 'FAILED', 'RESTARTING'],
  description:
    'Of all instances together: DEGRADED where some run and others have failed; UNASSIGNED where none has begun.',
}
const deployment: JsonSchema = { ...whole, description: 'Counts up with each config that was deployed.' }
const worker: JsonSchema = { ...text, description: 'host:port of the worker.' }

function listOf(items: JsonSchema): JsonSchema {
  return { type: 'array', items }
}

function object(
  properties: Readonly<Record<string, JsonSchema>>,
  extra: Readonly<Record<string, JsonSchema>> = {},
): JsonSchema {
  return {
    type: 'object',
    required: Object.keys(properties),
    properties: { ...properties, ...extra },
    additionalProperties: false,
  }
}

const instance = object(
  {
    id: whole,
    worker_id: worker,
    state: { enum: ['UNASSIGNED', 'RUNNING', 'PAUSED', 'FAILED', 'RESTARTING'] },
    streams_state: { type: ['string', 'null'], description: 'As Kafka Streams calls it; null where it does not run.' },
    version,
    deployment,
  },
  { trace: { ...text, description: 'Of a failure: the error with its causes.' } },
)

const lag = object({
  highest: { type: ['integer', 'null'], description: 'Of the partition that is furthest behind; null: not known.' },
  partitions: listOf(
    object({
      topic: text,
      partition: whole,
      committed_offset: { type: ['integer', 'null'], description: 'Null: nothing was committed.' },
      end_offset: whole,
      lag: {
        ...whole,
        description: 'Records from the one to the other; where nothing was committed all that are there.',
      },
    }),
  ),
  problem: { type: ['string', 'null'], description: 'Why it is not known, or not all of it.' },
})

export const PROCESSOR_SHAPES = {
  CreateProcessor: {
    type: 'object',
    required: ['name', 'config'],
    additionalProperties: false,
    properties: {
      name: text,
      config: { $ref: '#/components/schemas/ConfigGiven' },
      initial_state: { enum: ['RUNNING', 'PAUSED'], description: 'In any case. Default RUNNING.' },
    },
  },
  ProcessorInfo: object({ name: text, config, target_state: target, deployment, version }),
  Processors: listOf(
    object({
      name: text,
      class: { type: ['string', 'null'] },
      state,
      version,
      deployment,
      instances: { ...whole, description: 'On all workers.' },
      running: { ...whole, description: 'Those of them that run.' },
      tasks: whole,
    }),
  ),
  ProcessorStatus: object(
    {
      name: text,
      state,
      target_state: target,
      paused_keys: listOf(
        object({
          topic: text,
          key: { type: ['string', 'null'], description: 'Null where it is no text in UTF-8.' },
          key_base64: text,
        }),
      ),
      deployment,
      version,
      instances: listOf(instance),
      tasks: listOf(
        object({
          id: { ...text, description: 'Sub-topology and partition: 0_3.' },
          instance: whole,
          worker_id: worker,
          partitions: listOf(object({ topic: text, partition: whole })),
        }),
      ),
    },
    { lag },
  ),
  ProcessorVersions: listOf(
    object({
      deployment,
      version,
      deployed_at: at,
      is_current: { type: 'boolean' },
      runs_on: listOf(worker),
      config,
    }),
  ),
  ProcessorLogs: object({
    lines: listOf(
      object({
        at,
        worker_id: worker,
        instance: { type: ['integer', 'null'] },
        level: { enum: ['debug', 'info', 'warn', 'error'] },
        message: text,
      }),
    ),
    silent_workers: { ...listOf(text), description: 'Workers that did not tell theirs.' },
  }),
  ProcessorPlugins: listOf(object({ class: text, name: { ...text, description: 'Its short name.' } })),
  Topology: { type: 'object', description: 'Sub-topologies with their nodes, stores and topics.' },
} as const satisfies Readonly<Record<string, JsonSchema>>
