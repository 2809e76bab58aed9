import { ApiError, type BrokerRequest, handler } from '../api/handler.ts'
import type { Broker } from '../broker.ts'
import type { ConfigEntry } from './config-entry.ts'
import { RESOURCE, checkMay, configResource } from './config-resource.ts'

type Request = BrokerRequest<'DescribeConfigs'>

/** Settings of topics, nodes and groups: values, where they are from, what they mean. */
export const describeConfigs = handler({
  api: 'DescribeConfigs',
  versions: [1, 4],
  handle: (request, broker) => ({
    results: request.body.resources.map(({ resourceType, resourceName, configurationKeys }) => {
      try {
        const configs = entries(request, broker, resourceType, resourceName, configurationKeys)
        return { errorCode: 0, errorMessage: null, resourceType, resourceName, configs }
      } catch (error) {
        if (!(error instanceof ApiError)) throw error
        return { ...failed(error.errorCode, error.message), resourceType, resourceName }
      }
    }),
  }),
  refuse: ({ body }, errorCode, message) => ({
    results: body.resources.map(({ resourceType, resourceName }) => ({
      ...failed(errorCode, message),
      resourceType,
      resourceName,
    })),
  }),
})

function entries(
  { body, client, node }: Request,
  broker: Broker,
  type: number,
  name: string,
  keys: readonly string[] | null,
): (Omit<ConfigEntry, 'documentation'> & { documentation: string | null })[] {
  checkMay(broker, client, 'DESCRIBE_CONFIGS', type, name)
  // There are no loggers whose level could be set.
  if (type === RESOURCE.brokerLogger && name === String(node)) return []
  if (type === RESOURCE.clientMetrics && name !== '') return []
  const wanted = keys === null || keys.length === 0 ? undefined : new Set(keys)
  return configResource(broker, node, type, name)
    .entries()
    .filter((entry) => wanted?.has(entry.name) !== false)
    .map((entry) => ({
      ...entry,
      synonyms: body.includeSynonyms ? entry.synonyms : [],
      documentation: body.includeDocumentation ? entry.documentation : null,
    }))
}

function failed(
  errorCode: number,
  errorMessage: string | null,
): { errorCode: number; errorMessage: string | null; configs: [] } {
  return { errorCode, errorMessage, configs: [] }
}
