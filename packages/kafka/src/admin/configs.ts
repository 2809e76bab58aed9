import type { ResponseBody } from '@sluice/kafka-protocol'
import type { ClusterContext } from '../cluster.ts'
import { KAFKA_ERROR, refused } from '../kafka-errors.ts'
import type { Connection } from '../wire/connection.ts'
import { wordOf } from './acl-words.ts'
import { type AdminRequests, type Answer, answered } from './admin-requests.ts'
import type {
  ConfigChange,
  ConfigEntry,
  ConfigResource,
  ConfigResourceType,
  ConfigSource,
  ConfigType,
  ConfigsAdmin,
  Outcome,
} from './admin-port.ts'

const TYPES: Readonly<Record<ConfigResourceType, number>> = {
  topic: 2,
  broker: 4,
  'broker-logger': 8,
  'client-metrics': 16,
  group: 32,
}

const SOURCES: readonly ConfigSource[] = [
  'unknown',
  'topic',
  'dynamic-broker',
  'dynamic-default-broker',
  'static-broker',
  'default',
  'dynamic-broker-logger',
  'client-metrics',
  'group',
]

const VALUE_TYPES: readonly ConfigType[] = [
  'unknown',
  'boolean',
  'string',
  'int',
  'short',
  'long',
  'double',
  'list',
  'class',
  'password',
]

const OPERATIONS = { set: 0, delete: 1, append: 2, subtract: 3 } as const

export class Configs implements ConfigsAdmin {
  readonly #requests: AdminRequests

  constructor(requests: AdminRequests) {
    this.#requests = requests
  }

  describe<R extends ConfigResource & { readonly names?: readonly string[] }>(
    resources: readonly R[],
    { synonyms = false, documentation = false }: { readonly synonyms?: boolean; readonly documentation?: boolean } = {},
  ): Promise<readonly Outcome<R, readonly ConfigEntry[]>[]> {
    return this.#perBroker('describe configs', resources, async (connection, group) => {
      const { results } = await connection.send('DescribeConfigs', connection.version('DescribeConfigs'), {
        resources: group.map(({ type, name, names }) => ({
          resourceType: TYPES[type],
          resourceName: name,
          configurationKeys: names ?? null,
        })),
        includeSynonyms: synonyms,
        includeDocumentation: documentation,
      })
      return matched(group, results, ({ configs }) => configs.map(entry), 'Cannot describe the settings')
    })
  }

  alter<R extends ConfigResource & { readonly changes: readonly ConfigChange[] }>(
    resources: readonly R[],
    { validateOnly = false }: { readonly validateOnly?: boolean } = {},
  ): Promise<readonly Outcome<R>[]> {
    return this.#perBroker('alter configs', resources, async (connection, group) => {
      const version = connection.version('IncrementalAlterConfigs')
      const { responses } = await connection.send('IncrementalAlterConfigs', version, {
        resources: group.map(({ type, name, changes }) => ({
          resourceType: TYPES[type],
          resourceName: name,
          configs: changes.map((change) => ({
            name: change.name,
            configOperation: OPERATIONS[change.operation],
            value: change.operation === 'delete' ? null : change.value,
          })),
        })),
        validateOnly,
      })
      return matched(group, responses, () => undefined, 'Cannot alter the settings')
    })
  }

  list(types: readonly ConfigResourceType[] = []): Promise<readonly ConfigResource[]> {
    return this.#requests.once('list what has settings', async () => {
      const connection = await this.#requests.any()
      const isMetricsOnly = types.length === 1 && types[0] === 'client-metrics'
      const version = connection.version('ListConfigResources', { lowest: isMetricsOnly ? 0 : 1 })
      const resourceTypes = isMetricsOnly && version === 0 ? [] : types.map((type) => TYPES[type])
      const answer = await connection.send('ListConfigResources', version, { resourceTypes })
      if (answer.errorCode !== KAFKA_ERROR.NONE) throw refused(answer.errorCode, 'Cannot list what has settings')
      return answer.configResources.flatMap(({ resourceType, resourceName: name }) => {
        const type = version === 0 ? 'client-metrics' : wordOf(TYPES, resourceType)
        return type === undefined ? [] : [{ type, name }]
      })
    })
  }

  /** A broker's own settings are asked of that broker, the rest of any. */
  #perBroker<R extends ConfigResource, V>(
    what: string,
    resources: readonly R[],
    ask: (connection: Connection, group: readonly R[]) => Promise<Map<R, Answer<V>>>,
  ): Promise<Outcome<R, V>[]> {
    return this.#requests.outcomes(what, resources, async (left) => {
      const groups = new Map<number, R[]>()
      for (const resource of left) {
        const broker = brokerOf(resource)
        groups.set(broker, [...(groups.get(broker) ?? []), resource])
      }
      const answers = new Map<R, Answer<V>>()
      const asked = Array.from(groups, async ([broker, group]) =>
        ask(await connectionTo(this.#requests.context, broker), group),
      )
      for (const found of await Promise.all(asked)) for (const [item, answer] of found) answers.set(item, answer)
      return answers
    })
  }
}

const ANY_BROKER = -1

function brokerOf({ type, name }: ConfigResource): number {
  const isOfBroker = (type === 'broker' || type === 'broker-logger') && /^\d+$/.test(name)
  return isOfBroker ? Number(name) : ANY_BROKER
}

function connectionTo({ metadata, links }: ClusterContext, broker: number): Promise<Connection> {
  // A broker that does not exist is refused by name by the one that is asked.
  return broker === ANY_BROKER || metadata.addressOf(broker) === undefined ? metadata.anyBroker() : links.to(broker)
}

function matched<
  R extends ConfigResource,
  A extends {
    readonly resourceType: number
    readonly resourceName: string
    readonly errorCode: number
    readonly errorMessage: string | null
  },
  V,
>(group: readonly R[], answers: readonly A[], valueOf: (answer: A) => V, what: string): Map<R, Answer<V>> {
  const found = new Map(answers.map((answer) => [`${answer.resourceType} ${answer.resourceName}`, answer]))
  return new Map(
    group.flatMap((item): [R, Answer<V>][] => {
      const answer = found.get(`${TYPES[item.type]} ${item.name}`)
      if (answer === undefined) return []
      const place = { [item.type]: item.name }
      const { errorCode, errorMessage } = answer
      return [[item, answered(errorCode, valueOf(answer), `${what} of ${item.type} ${item.name}`, place, errorMessage)]]
    }),
  )
}

function entry(found: ResponseBody<'DescribeConfigs'>['results'][number]['configs'][number]): ConfigEntry {
  const source = SOURCES[found.configSource] ?? 'unknown'
  return {
    name: found.name,
    value: found.value,
    source,
    isDefault: source === 'default',
    isReadOnly: found.readOnly,
    isSensitive: found.isSensitive,
    type: VALUE_TYPES[found.configType] ?? 'unknown',
    synonyms: found.synonyms.map(({ name, value, source: from }) => ({
      name,
      value,
      source: SOURCES[from] ?? 'unknown',
    })),
    documentation: found.documentation === '' ? null : found.documentation,
  }
}
