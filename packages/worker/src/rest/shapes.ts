/** The JSON of Connect's REST API as JSON Schemas: the components of the OpenAPI document. */

import { PROCESSOR_SHAPES } from './processor-shapes.ts'

/** As much of JSON Schema as the API needs. */
export interface JsonSchema {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly description?: string
  readonly enum?: readonly (string | null)[]
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: JsonSchema | boolean
  readonly items?: JsonSchema
  readonly oneOf?: readonly JsonSchema[]
  readonly minItems?: number
}

const text: JsonSchema = { type: 'string' }
const flag: JsonSchema = { type: 'boolean' }
const whole: JsonSchema = { type: 'integer' }

function textOrNull(description: string): JsonSchema {
  return { type: ['string', 'null'], description }
}

function listOf(items: JsonSchema): JsonSchema {
  return { type: 'array', items }
}

/** An object whose named properties are all there; `extra` ones may be. */
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

export function ref(shape: ShapeName): JsonSchema {
  return { $ref: `#/components/schemas/${shape}` }
}

const connectorType: JsonSchema = { enum: ['source', 'sink', 'unknown'] }
const taskState: JsonSchema = { enum: ['UNASSIGNED', 'RUNNING', 'PAUSED', 'FAILED', 'RESTARTING'] }
const workerFields = {
  worker_id: { ...text, description: 'host:port of the worker that has it.' },
  version: textOrNull('Of the plugin; null when it is not known.'),
}
const trace = { trace: { ...text, description: 'Of a failure: the error with its causes.' } }

export const SHAPES = {
  Error: object({ error_code: { ...whole, description: 'The HTTP status.' }, message: text }),
  ServerInfo: object({
    version: { ...text, description: 'Of Kafka Connect that is kept to, with ours as build metadata.' },
    commit: text,
    kafka_cluster_id: text,
  }),
  Health: object({ status: { enum: ['healthy', 'starting', 'unhealthy'] }, message: text }),
  Probe: object({ status: { enum: ['live', 'ready', 'starting'] } }),
  Config: { type: 'object', additionalProperties: text },
  ConfigGiven: {
    type: 'object',
    additionalProperties: { type: ['string', 'number', 'boolean', 'null'] },
    description: 'Settings by name. Numbers and booleans are taken as they are written; null says nothing.',
  },
  ConfigPatch: {
    type: 'object',
    additionalProperties: { type: ['string', 'number', 'boolean', 'null'] },
    description: 'Settings that change. Null deletes one.',
  },
  TaskConfigs: listOf({ type: 'object', additionalProperties: text }),
  CreateConnector: {
    type: 'object',
    required: ['name', 'config'],
    additionalProperties: false,
    properties: {
      name: text,
      config: { $ref: '#/components/schemas/ConfigGiven' },
      initial_state: { enum: ['RUNNING', 'PAUSED', 'STOPPED'], description: 'In any case. Default RUNNING.' },
    },
  },
  TaskId: object({ connector: text, task: whole }),
  ConnectorInfo: object({
    name: text,
    config: { $ref: '#/components/schemas/Config' },
    tasks: listOf({ $ref: '#/components/schemas/TaskId' }),
    type: connectorType,
  }),
  TaskStatus: object({ id: whole, state: taskState, ...workerFields }, trace),
  ConnectorStatus: object({
    name: text,
    connector: object({ state: { enum: [...(taskState.enum ?? []), 'STOPPED'] }, ...workerFields }, trace),
    tasks: listOf({ $ref: '#/components/schemas/TaskStatus' }),
    type: connectorType,
  }),
  ConnectorNames: listOf(text),
  ExpandedConnectors: {
    type: 'object',
    additionalProperties: object(
      {},
      {
        status: { $ref: '#/components/schemas/ConnectorStatus' },
        info: { $ref: '#/components/schemas/ConnectorInfo' },
      },
    ),
  },
  Tasks: listOf(
    object({ id: { $ref: '#/components/schemas/TaskId' }, config: { $ref: '#/components/schemas/Config' } }),
  ),
  ActiveTopics: { type: 'object', additionalProperties: object({ topics: listOf(text) }) },
  Offsets: object({
    offsets: {
      ...listOf(object({ partition: { type: ['object', 'null'] }, offset: { type: ['object', 'null'] } })),
      minItems: 1,
      description:
        'Of a sink: {"kafka_topic", "kafka_partition"} and {"kafka_offset"}. A given offset that is null forgets the partition.',
    },
  }),
  OffsetsShown: object({ offsets: listOf(object({ partition: { type: 'object' }, offset: { type: 'object' } })) }),
  Message: object({ message: text }),
  Plugins: listOf(
    object(
      {
        class: text,
        type: { enum: ['sink', 'source', 'converter', 'header_converter', 'transformation', 'predicate'] },
      },
      { version: text },
    ),
  ),
  SettingDefinition: object({
    name: text,
    type: { enum: ['BOOLEAN', 'STRING', 'INT', 'SHORT', 'LONG', 'DOUBLE', 'LIST', 'CLASS', 'PASSWORD'] },
    required: flag,
    default_value: textOrNull('As text; null without one.'),
    importance: { enum: ['HIGH', 'MEDIUM', 'LOW'] },
    documentation: text,
    group: textOrNull('The heading it stands under.'),
    order_in_group: whole,
    width: { enum: ['NONE', 'SHORT', 'MEDIUM', 'LONG'] },
    display_name: text,
    dependents: listOf(text),
  }),
  SettingDefinitions: listOf({ $ref: '#/components/schemas/SettingDefinition' }),
  Validation: object({
    name: text,
    error_count: whole,
    groups: listOf(text),
    configs: listOf(
      object({
        definition: { oneOf: [{ $ref: '#/components/schemas/SettingDefinition' }, { type: 'null' }] },
        value: object({
          name: text,
          value: textOrNull('As text.'),
          recommended_values: listOf({ type: ['string', 'null'] }),
          errors: listOf(text),
          visible: flag,
        }),
      }),
    ),
  }),
  LoggerLevel: object({
    level: text,
    last_modified: { type: ['integer', 'null'], description: 'Milliseconds since the epoch; null when as configured.' },
  }),
  Loggers: { type: 'object', additionalProperties: { $ref: '#/components/schemas/LoggerLevel' } },
  LoggerNames: listOf(text),
  LevelWanted: {
    type: 'object',
    required: ['level'],
    properties: { level: { enum: ['OFF', 'FATAL', 'ERROR', 'WARN', 'INFO', 'DEBUG', 'TRACE', 'ALL'] } },
    additionalProperties: { type: ['string', 'number', 'boolean', 'null'] },
  },
  OpenApi: { type: 'object' },
  ...PROCESSOR_SHAPES,
} as const satisfies Readonly<Record<string, JsonSchema>>

export type ShapeName = keyof typeof SHAPES
