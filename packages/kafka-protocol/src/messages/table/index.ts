import type { ApiDefinition, Body, BodyInput } from '../notation.ts'
import * as acls from './acls.ts'
import * as cluster from './cluster.ts'
import * as configs from './configs.ts'
import * as groupHeartbeats from './group-heartbeats.ts'
import * as groups from './groups.ts'
import * as produceFetch from './produce-fetch.ts'
import * as sasl from './sasl.ts'
import * as shareGroups from './share-groups.ts'
import * as topics from './topics.ts'
import * as transactions from './transactions.ts'

type Apis = typeof acls &
  typeof cluster &
  typeof configs &
  typeof groupHeartbeats &
  typeof groups &
  typeof produceFetch &
  typeof sasl &
  typeof shareGroups &
  typeof topics &
  typeof transactions

/** Every API of the table, by Kafka's name for it. */
export const apis: Apis = {
  ...acls,
  ...cluster,
  ...configs,
  ...groupHeartbeats,
  ...groups,
  ...produceFetch,
  ...sasl,
  ...shareGroups,
  ...topics,
  ...transactions,
}

/** The name of an API, as Kafka has it: `'Produce'`, `'ApiVersions'`. */
export type ApiName = keyof Apis

/** A decoded request of an API: every field of every version; a field that the version lacks holds its default. */
export type RequestBody<N extends ApiName> = Body<Apis[N]['request']>
/** A decoded response of an API. */
export type ResponseBody<N extends ApiName> = Body<Apis[N]['response']>
/** A request to encode: fields with defaults, and fields that not every version has, may be left out. */
export type RequestInput<N extends ApiName> = BodyInput<Apis[N]['request']>
/** A response to encode. */
export type ResponseInput<N extends ApiName> = BodyInput<Apis[N]['response']>

/** All APIs by name, in the order of their keys. */
export const API_DEFINITIONS: ReadonlyMap<ApiName, ApiDefinition> = new Map(
  Object.entries<ApiDefinition>(apis)
    .toSorted((a, b) => a[1].key - b[1].key)
    .map(([name, definition]) => [name as ApiName, definition]),
)
