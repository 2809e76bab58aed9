/** The contract as an OpenAPI 3.1 document. */
import type { AnswerShape, Endpoint } from './contract.ts'
import { ENDPOINTS } from './endpoints.ts'
import { ref, SHAPES } from './shapes.ts'

type Json = Readonly<Record<string, unknown>>

const ANY_ERRORS: Readonly<Record<number, string>> = {
  404: 'No such thing.',
  406: 'JSON is not accepted.',
  415: 'The body is not said to be JSON.',
  500: 'The body cannot be read, the request timed out, or something failed.',
}

export function openApiDocument(version: string): Json {
  const paths: Record<string, Record<string, Json>> = {}
  for (const endpoint of ENDPOINTS) (paths[endpoint.path] ??= {})[endpoint.method.toLowerCase()] = operation(endpoint)
  return {
    openapi: '3.1.0',
    info: {
      title: 'Kafka Connect REST API',
      version,
      description:
        'What every worker answers. Errors are {"error_code", "message"}, where the code is the HTTP status.',
    },
    paths,
    components: { schemas: SHAPES },
  }
}

function operation(endpoint: Endpoint): Json {
  const inPath = [...endpoint.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: name === 'task' ? 'integer' : 'string' },
  }))
  const inQuery = Object.entries(endpoint.query ?? {}).map(([name, { type, isRepeated, description }]) => ({
    name,
    in: 'query',
    required: false,
    description,
    schema: isRepeated === true ? { type: 'array', items: { type } } : { type },
    ...(isRepeated === true && { style: 'form', explode: true }),
  }))
  return {
    operationId: endpoint.operation,
    summary: endpoint.summary,
    tags: [tagOf(endpoint)],
    parameters: [...inPath, ...inQuery],
    ...(endpoint.body && {
      requestBody: { required: true, content: { 'application/json': { schema: ref(endpoint.body) } } },
    }),
    responses: {
      ...Object.fromEntries(
        Object.entries(ANY_ERRORS).map(([status, description]) => [status, { description, ...content('Error') }]),
      ),
      ...Object.fromEntries(
        Object.entries(endpoint.answers).map(([status, [description, shape]]) => [
          status,
          { description, ...(status === '200' ? okContent(endpoint, shape) : content(shape)) },
        ]),
      ),
    },
  }
}

function tagOf(endpoint: Endpoint): string {
  if (endpoint.isInternal === true) return 'between workers'
  if (endpoint.path.startsWith('/v1/')) return 'processors'
  if (endpoint.isOurs === true) return 'beyond Kafka Connect'
  return endpoint.path.split('/')[1] || 'worker'
}

function okContent(endpoint: Endpoint, shape: AnswerShape): Json {
  if (endpoint.operation === 'processorTopology') {
    const { content: asJson } = content(shape) as { readonly content: Json }
    return { content: { ...asJson, 'text/plain': { schema: { type: 'string' } } } }
  }
  if (endpoint.operation !== 'listConnectors') return content(shape)
  return { content: { 'application/json': { schema: { oneOf: [ref('ConnectorNames'), ref('ExpandedConnectors')] } } } }
}

function content(shape: AnswerShape): Json {
  if (shape === null) return {}
  if (shape === 'text') return { content: { 'text/plain': { schema: { type: 'string' } } } }
  return { content: { 'application/json': { schema: ref(shape) } } }
}
