/**
 * Endpoints of processors, as endpoints.ts has those of connectors. Any worker answers; what must be asked of a processor's code (create,
 * config, validate, topology) one that has it: the others say which.
 */
import type { Endpoint } from './contract.ts'

const notFound = ['No such processor.', 'Error'] as const
const late = ['No answer within rest.request.timeout.ms: what was asked for may yet be done.', 'Error'] as const
const notThere = [
  'The catalogue of processors cannot be read or written, or Kafka does not answer: try again.',
  'Error',
] as const
const invalid = ['The request, the settings or the topology are invalid: every complaint.', 'Error'] as const

const keyed = {
  topic: { type: 'string', description: 'With a key: only its records, of this topic.' },
  key: { type: 'string', description: 'A key as text in UTF-8.' },
  key_base64: { type: 'string', description: 'Or as bytes in base64.' },
} as const
const notKeyed = [
  'A key without a topic or a topic without a key; or of a key that cannot be paused, with the reason.',
  'Error',
] as const

export const PROCESSOR_ENDPOINTS = [
  {
    operation: 'listProcessors',
    method: 'GET',
    path: '/v1/processors',
    summary: 'All processors, and in a few words how they are.',
    listeners: 'main',
    isOurs: true,
    answers: { 200: ['Processors, by name.', 'Processors'], 500: late, 503: notThere },
  },
  {
    operation: 'createProcessor',
    method: 'POST',
    path: '/v1/processors',
    summary: 'Creates a processor, started unless initial_state says otherwise.',
    listeners: 'main',
    isOurs: true,
    body: 'CreateProcessor',
    answers: {
      201: ['Created; Location names it.', 'ProcessorInfo'],
      400: invalid,
      409: ['The name is taken, or the application, also by a request to another worker at the same time.', 'Error'],
      500: late,
      503: notThere,
    },
  },
  {
    operation: 'processorInfo',
    method: 'GET',
    path: '/v1/processors/{processor}',
    summary: 'What a processor is to do, and which version of it.',
    listeners: 'main',
    isOurs: true,
    answers: { 200: ['The processor.', 'ProcessorInfo'], 404: notFound, 500: late, 503: notThere },
  },
  {
    operation: 'deleteProcessor',
    method: 'DELETE',
    path: '/v1/processors/{processor}',
    summary: 'Stops and deletes a processor. Its topics, offsets and stores stay.',
    listeners: 'main',
    isOurs: true,
    answers: { 204: ['Deleted.', null], 404: notFound, 500: late, 503: notThere },
  },
  {
    operation: 'processorConfig',
    method: 'GET',
    path: '/v1/processors/{processor}/config',
    summary: 'Settings as they were given, with placeholders.',
    listeners: 'main',
    isOurs: true,
    answers: { 200: ['Settings.', 'Config'], 404: notFound, 500: late, 503: notThere },
  },
  {
    operation: 'putProcessorConfig',
    method: 'PUT',
    path: '/v1/processors/{processor}/config',
    summary:
      'Creates a processor or replaces its settings, with which it starts anew; the same settings and code change nothing.',
    listeners: 'main',
    isOurs: true,
    body: 'ConfigGiven',
    answers: {
      200: ['Replaced.', 'ProcessorInfo'],
      201: ['Created; Location names it.', 'ProcessorInfo'],
      400: invalid,
      409: ['A newer release wrote it, or the application was taken at the same time at another worker.', 'Error'],
      500: late,
      503: notThere,
    },
  },
  {
    operation: 'validateProcessorConfig',
    method: 'PUT',
    path: '/v1/processors/{processor}/config/validate',
    summary:
      'Tells everything that is wrong with settings and the topology that is made of them. The processor need not be there.',
    listeners: 'main',
    isOurs: true,
    body: 'ConfigGiven',
    answers: {
      200: ['Each setting with its complaints; those of the topology are beside processor.class.', 'Validation'],
      400: invalid,
      500: late,
      503: notThere,
    },
  },
  {
    operation: 'processorStatus',
    method: 'GET',
    path: '/v1/processors/{processor}/status',
    summary:
      'What a processor does: its instances on all workers, the tasks that each has, and how far it is behind what it reads.',
    listeners: 'main',
    isOurs: true,
    query: { lag: { type: 'boolean', description: 'Whether Kafka is asked how far it is behind. Default true.' } },
    answers: { 200: ['The status.', 'ProcessorStatus'], 404: notFound, 500: late, 503: notThere },
  },
  {
    operation: 'processorVersions',
    method: 'GET',
    path: '/v1/processors/{processor}/versions',
    summary: 'What has been deployed of a processor, the newest first, and where each runs.',
    listeners: 'main',
    isOurs: true,
    answers: { 200: ['Deployments.', 'ProcessorVersions'], 404: notFound, 500: late, 503: notThere },
  },
  {
    operation: 'pauseProcessor',
    method: 'PUT',
    path: '/v1/processors/{processor}/pause',
    summary:
      'Has a processor commit, leave its group, and do nothing; with topic and key: hold the records of that key back, while all others go on.',
    listeners: 'main',
    isOurs: true,
    query: keyed,
    answers: { 202: ['Will be.', null], 400: notKeyed, 404: notFound, 500: late, 503: notThere },
  },
  {
    operation: 'resumeProcessor',
    method: 'PUT',
    path: '/v1/processors/{processor}/resume',
    summary:
      'Has a paused processor go on from its committed offsets; with topic and key: with the records of that key, in their order. Keys stay paused until each is resumed.',
    listeners: 'main',
    isOurs: true,
    query: keyed,
    answers: { 202: ['Will be.', null], 400: notKeyed, 404: notFound, 500: late, 503: notThere },
  },
  {
    operation: 'restartProcessor',
    method: 'POST',
    path: '/v1/processors/{processor}/restart',
    summary: 'Starts all instances of a processor anew, on all workers.',
    listeners: 'main',
    isOurs: true,
    answers: { 202: ['Will be.', null], 404: notFound, 500: late, 503: notThere },
  },
  {
    operation: 'processorLogs',
    method: 'GET',
    path: '/v1/processors/{processor}/logs',
    summary: 'The last lines that the instances of a processor logged or wrote, on all workers.',
    listeners: 'main',
    isOurs: true,
    query: {
      lines: { type: 'string', description: 'How many, at most 500. Default 100.' },
      forward: { type: 'boolean', description: 'Whether other workers are asked for theirs. Default true.' },
    },
    answers: {
      200: ['Lines, the oldest first.', 'ProcessorLogs'],
      400: ['lines is no number.', 'Error'],
      404: notFound,
      500: late,
      503: notThere,
    },
  },
  {
    operation: 'processorTopology',
    method: 'GET',
    path: '/v1/processors/{processor}/topology',
    summary: 'The topology of a processor: as Kafka Streams’ text, as JSON, or as a Mermaid diagram.',
    listeners: 'main',
    isOurs: true,
    query: { format: { type: 'string', description: '`json` (default), `text` or `mermaid`.' } },
    answers: {
      200: ['The topology. With text and mermaid it is plain text.', 'Topology'],
      400: ['No such format, or the settings do not give a topology any more.', 'Error'],
      404: notFound,
      500: late,
      503: notThere,
    },
  },
  {
    operation: 'processorPlugins',
    method: 'GET',
    path: '/v1/processor-plugins',
    summary: 'Processors that this worker has the code of.',
    listeners: 'main',
    isOurs: true,
    answers: { 200: ['What processor.class may be.', 'ProcessorPlugins'], 500: late, 503: notThere },
  },
] as const satisfies readonly Endpoint[]
