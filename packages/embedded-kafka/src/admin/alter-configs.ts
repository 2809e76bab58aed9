import { ApiError, type BrokerRequest, handler } from '../api/handler.ts'
import type { Broker } from '../broker.ts'
import type { Overrides } from '../settings/broker-settings.ts'
import { listOf } from '../settings/setting.ts'
import type { ConfigResource } from './config-entry.ts'
import { RESOURCE, checkMay, configResource } from './config-resource.ts'

const SET = 0
const DELETE = 1
const APPEND = 2
const SUBTRACT = 3

interface ResourceName {
  readonly resourceType: number
  readonly resourceName: string
}
interface ResourceAnswer extends ResourceName {
  readonly errorCode: number
  readonly errorMessage: string | null
}
type Alteration = BrokerRequest<'IncrementalAlterConfigs'>['body']['resources'][number]['configs'][number]

/** Replaces all settings of resources; a setting that is left out falls back to its default. */
export const alterConfigs = handler({
  api: 'AlterConfigs',
  versions: [0, 2],
  handle: (request, broker) => ({
    responses: alterEach(request, broker, request.body.resources, request.body.validateOnly, (_, { configs }) => {
      refuseDoubles(configs)
      const overrides: Record<string, string> = {}
      for (const { name, value } of configs) {
        if (value === null) throw new ApiError('INVALID_REQUEST', `Null value not supported for : ${name}`)
        overrides[name] = value
      }
      return overrides
    }),
  }),
  refuse: ({ body }, errorCode, message) => ({ responses: refuseEach(body.resources, errorCode, message) }),
})

/** KIP-339: sets, deletes, appends to and subtracts from single settings. */
export const incrementalAlterConfigs = handler({
  api: 'IncrementalAlterConfigs',
  versions: [0, 1],
  handle: (request, broker) => ({
    responses: alterEach(
      request,
      broker,
      request.body.resources,
      request.body.validateOnly,
      (resource, { configs }) => {
        refuseDoubles(configs)
        const overrides: Record<string, string> = { ...resource.overrides() }
        for (const alteration of configs) alterOne(resource, overrides, alteration)
        return overrides
      },
    ),
  }),
  refuse: ({ body }, errorCode, message) => ({ responses: refuseEach(body.resources, errorCode, message) }),
})

/** Each resource is altered or refused by itself. */
function alterEach<R extends ResourceName>(
  { client, node }: Pick<BrokerRequest<'AlterConfigs'>, 'client' | 'node'>,
  broker: Broker,
  resources: readonly R[],
  isValidateOnly: boolean,
  overridesOf: (resource: ConfigResource, request: R) => Overrides,
): ResourceAnswer[] {
  const seen = new Map<string, number>()
  for (const { resourceType, resourceName } of resources) {
    const key = `${resourceType} ${resourceName}`
    seen.set(key, (seen.get(key) ?? 0) + 1)
  }
  return resources.map((request) => {
    const { resourceType, resourceName } = request
    try {
      if (seen.get(`${resourceType} ${resourceName}`)! > 1) {
        throw new ApiError('INVALID_REQUEST', 'Each resource must appear at most once.')
      }
      checkMay(broker, client, 'ALTER_CONFIGS', resourceType, resourceName)
      if (resourceType === RESOURCE.brokerLogger) {
        throw new ApiError('INVALID_CONFIG', 'This broker has no loggers whose level could be set.')
      }
      const resource = configResource(broker, node, resourceType, resourceName)
      const overrides = overridesOf(resource, request)
      if (isValidateOnly) resource.check(overrides)
      else resource.apply(overrides)
      return { resourceType, resourceName, errorCode: 0, errorMessage: null }
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      return { resourceType, resourceName, errorCode: error.errorCode, errorMessage: error.message }
    }
  })
}

function alterOne(
  resource: ConfigResource,
  overrides: Record<string, string>,
  { name, configOperation, value }: Alteration,
): void {
  if (configOperation === DELETE) {
    delete overrides[name]
    return
  }
  if (value === null) throw new ApiError('INVALID_REQUEST', `Null value not supported for : ${name}`)
  if (configOperation === SET) {
    overrides[name] = value
    return
  }
  if (configOperation !== APPEND && configOperation !== SUBTRACT) {
    throw new ApiError('INVALID_REQUEST', `Unknown operation ${configOperation} for ${name}`)
  }
  const isAppended = configOperation === APPEND
  if (resource.setting(name)?.type !== 'list') {
    const verb = isAppended ? 'append' : 'subtract'
    throw new ApiError('INVALID_CONFIG', `Config value ${verb} is not allowed for config key: ${name}`)
  }
  const parts = listOf(value)
  const current = listOf(overrides[name] ?? resource.current(name))
  overrides[name] = isAppended
    ? [...current, ...parts.filter((part) => !current.includes(part))].join(',')
    : current.filter((part) => !parts.includes(part)).join(',')
}

function refuseDoubles(configs: readonly { readonly name: string }[]): void {
  const names = new Set(configs.map(({ name }) => name))
  if (names.size < configs.length) throw new ApiError('INVALID_REQUEST', 'Error due to duplicate config keys')
}

function refuseEach(
  resources: readonly ResourceName[],
  errorCode: number,
  errorMessage: string | null,
): ResourceAnswer[] {
  return resources.map(({ resourceType, resourceName }) => ({ resourceType, resourceName, errorCode, errorMessage }))
}
